// SPDX-License-Identifier: Apache-2.0
// The conversation with Redis step by step: what is asked when.
#include "presence/store/estate_private.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "presence/store/script.h"

static int send_bytes(void *ctx, const void *data, size_t len)
{
	struct estate *estate = ctx;

	return estate->send(estate->send_ctx, data, len);
}

struct estate *estate_new(const struct estate_options *options, pipeline_send_fn *send,
			  void *send_ctx, const struct backend_events *events, void *ctx)
{
	struct estate *estate = calloc(1, sizeof(*estate));

	if (!estate)
		return NULL;
	estate->pipeline = pipeline_new(send_bytes, estate);
	if (!estate->pipeline) {
		free(estate);
		return NULL;
	}
	estate->send = send;
	estate->send_ctx = send_ctx;
	estate->events = events;
	estate->ctx = ctx;
	estate->database = options->database;
	snprintf(estate->user, sizeof(estate->user), "%s", options->user);
	snprintf(estate->password, sizeof(estate->password), "%s", options->password);
	snprintf(estate->key_epoch, KEY_BYTES, "offhook:{%s}:epoch", options->name);
	snprintf(estate->key[RECORD_PUBLICATION], KEY_BYTES, "offhook:{%s}:pub", options->name);
	snprintf(estate->key[RECORD_CALL], KEY_BYTES, "offhook:{%s}:call", options->name);
	return estate;
}

void estate_free(struct estate *estate)
{
	if (!estate)
		return;
	pipeline_free(estate->pipeline);
	explicit_bzero(estate->password, sizeof(estate->password));
	free(estate);
}

static int step_answered(void *ctx, void *arg, const redisReply *reply)
{
	struct estate *estate = ctx;
	bool more = false;
	int error;

	if (!reply)
		return 0;
	if (reply->type == REDIS_REPLY_ERROR && estate->step != STEP_SERVER &&
	    estate->step != STEP_POLICY)
		return estate_fail_by_error(estate, reply);
	error = estate_answer(estate, reply, &more);
	if (error)
		return error;
	if (!more)
		estate->step++;
	return estate_advance(estate);
}

static int ask(struct estate *estate, int argc, const char **argv)
{
	int error = pipeline_command(estate->pipeline, argc, argv, NULL, clock_mono_ns(),
				     step_answered, NULL);

	if (error)
		return estate_fail(estate, OUTCOME_LOST, "%s: %s", outcome_text(OUTCOME_LOST),
				   strerror(-error));
	return 0;
}

static int ask_login(struct estate *estate)
{
	const char *argv[3] = {"AUTH", estate->user, estate->password};

	if (estate->user[0])
		return ask(estate, 3, argv);
	argv[1] = estate->password; // requirepass of Redis before its version 6 knows no users
	return ask(estate, 2, argv);
}

static int ask_select(struct estate *estate)
{
	char number[16];
	const char *argv[] = {"SELECT", number};

	snprintf(number, sizeof(number), "%u", estate->database);
	return ask(estate, 2, argv);
}

static int ask_page(struct estate *estate, enum record_kind kind)
{
	char count[16];
	const char *argv[] = {"HSCAN", estate->key[kind], estate->cursor, "COUNT", count};

	snprintf(count, sizeof(count), "%d", ESTATE_PAGE_FIELDS);
	return ask(estate, 5, argv);
}

static int become_ready(struct estate *estate)
{
	bool forgotten = estate->forgotten;

	if (!estate->loaded) {
		estate->loaded = true;
		estate->events->loaded(estate->ctx);
	}
	estate->forgotten = false;
	estate->events->ready(estate->ctx, forgotten);
	return 0;
}

int estate_advance(struct estate *estate)
{
	const char *server[] = {"INFO", "server"};
	const char *policy[] = {"CONFIG", "GET", "maxmemory-policy"};
	const char *load[] = {"SCRIPT", "LOAD", script_write};
	const char *claim[] = {"EVAL", script_claim, "1", estate->key_epoch, estate->epoch};

	if (estate->step == STEP_AUTH && !estate->password[0])
		estate->step++;
	if (estate->step == STEP_SELECT && !estate->database)
		estate->step++;
	if (estate->step == STEP_LOAD_PUBLICATIONS && estate->loaded)
		estate->step = STEP_READY;

	switch (estate->step) {
	case STEP_AUTH: return ask_login(estate);
	case STEP_SELECT: return ask_select(estate);
	case STEP_SERVER: return ask(estate, 2, server);
	case STEP_POLICY: return ask(estate, 3, policy);
	case STEP_SCRIPT: return ask(estate, 3, load);
	case STEP_CLAIM: return ask(estate, 5, claim);
	case STEP_LOAD_PUBLICATIONS: return ask_page(estate, RECORD_PUBLICATION);
	case STEP_LOAD_CALLS: return ask_page(estate, RECORD_CALL);
	case STEP_READY: return become_ready(estate);
	case STEP_NONE:
	case STEP_COUNT: break;
	}
	return 0;
}

int estate_begin(struct estate *estate)
{
	estate->failure = OUTCOME_NONE;
	estate->why[0] = 0;
	estate->written = false;
	estate->step = STEP_AUTH;
	strcpy(estate->cursor, "0");
	return estate_advance(estate);
}

int estate_feed(struct estate *estate, const void *data, size_t len)
{
	int error = pipeline_feed(estate->pipeline, data, len);

	if (error && estate->failure == OUTCOME_NONE)
		estate_fail(estate, OUTCOME_PROTOCOL, "%s: %s", outcome_text(OUTCOME_PROTOCOL),
			    error == -EMSGSIZE ? "an answer beyond all bounds" : "not RESP2");
	return error;
}

void estate_end(struct estate *estate)
{
	estate->step = STEP_NONE;
	pipeline_abandon(estate->pipeline);
	estate->in_flight = 0;
}

enum store_outcome estate_failure(const struct estate *estate, const char **text)
{
	*text = estate->why;
	return estate->failure;
}

bool estate_is_ready(const struct estate *estate)
{
	return estate->step == STEP_READY;
}

bool estate_is_proven(const struct estate *estate)
{
	return estate->step == STEP_READY && estate->written;
}

bool estate_is_full(const struct estate *estate)
{
	return estate->in_flight >= ESTATE_IN_FLIGHT_BYTES ||
	       pipeline_waiting(estate->pipeline) >= PIPELINE_COMMANDS - 1;
}

uint64_t estate_oldest_ns(const struct estate *estate)
{
	return pipeline_oldest_ns(estate->pipeline);
}
