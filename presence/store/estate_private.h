// SPDX-License-Identifier: Apache-2.0
// Inside of the estate, for estate.c (what is asked, step by step), estate_answer.c (what is
// answered) and estate_write.c (batches).
#pragma once

#include "presence/store/estate.h"

enum estate_step {
	STEP_NONE, // not connected
	STEP_AUTH,
	STEP_SELECT,
	STEP_SERVER,
	STEP_POLICY,
	STEP_SCRIPT,
	STEP_CLAIM,
	STEP_LOAD_PUBLICATIONS,
	STEP_LOAD_CALLS,
	STEP_READY,
	STEP_COUNT,
};

enum { SHA_DIGITS = 40, EPOCH_BYTES = 24, KEY_BYTES = STORE_TEXT + 32, WHY_BYTES = 256 };

struct estate {
	struct pipeline *pipeline;
	pipeline_send_fn *send;
	void *send_ctx;
	const struct backend_events *events;
	void *ctx;
	char user[STORE_TEXT], password[STORE_TEXT];
	unsigned int database;
	char key_epoch[KEY_BYTES], key[RECORD_KIND_COUNT][KEY_BYTES];
	enum estate_step step;
	char epoch[EPOCH_BYTES]; // empty: none was taken yet
	char write_sha[SHA_DIGITS + 1];
	char run_id[SHA_DIGITS + 1]; // of the server process we wrote to; empty: not known
	char cursor[EPOCH_BYTES];
	bool forgotten; // told with the next ready()
	bool loaded;
	bool written; // something was, since it was connected or mended
	bool policy_warned;
	size_t in_flight; // octets of batches
	enum store_outcome failure;
	char why[WHY_BYTES];
};

// Asks what the present step asks, or goes on to the next that has something to ask.
int estate_advance(struct estate *estate);
// Looks at the answer to the present step. more: there is more of the same.
int estate_answer(struct estate *estate, const struct redisReply *reply, bool *more);
// Keep why the conversation is over, and return what makes pipeline_feed() stop.
int estate_fail(struct estate *estate, enum store_outcome outcome, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int estate_fail_by_error(struct estate *estate, const struct redisReply *reply);
int estate_fail_by_type(struct estate *estate, const char *asked);
