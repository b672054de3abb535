// SPDX-License-Identifier: Apache-2.0
// An engine's estate in Redis, as a conversation without sockets: log in, choose the database,
// load the script, take the epoch, read what is there, then write batches. All keys share one hash
// tag, so that they live together in a cluster too:
//   offhook:{NAME}:epoch   who may write; see presence/store/script.h
//   offhook:{NAME}:pub     hash, person -> publication
//   offhook:{NAME}:call    hash, dialog -> call
// Above presence/store/pipeline.h; presence/store/redis.c gives it a connection.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "presence/store/backend.h"
#include "presence/store/outcome.h"
#include "presence/store/pipeline.h"

struct estate;

struct estate_options {
	const char *name; // letters, digits, - and _
	const char *user, *password;
	unsigned int database;
};

enum {
	ESTATE_PAGE_FIELDS = 512,        // COUNT of an HSCAN: about a millisecond of Redis' time
	ESTATE_IN_FLIGHT_BYTES = 256000, // not answered yet; more only makes answers late
};

// Options are copied. events: record, loaded, ready, fenced and done are the estate's to call.
struct estate *estate_new(const struct estate_options *options, pipeline_send_fn *send,
			  void *send_ctx, const struct backend_events *events, void *ctx);
void estate_free(struct estate *estate); // batches under way are not given back

// The connection is open: begins to talk. 0 or -errno as estate_feed().
int estate_begin(struct estate *estate);
// 0, or -errno: close the connection, estate_failure() says why.
int estate_feed(struct estate *estate, const void *data, size_t len);
// The connection is gone: batches under way come back.
void estate_end(struct estate *estate);
enum store_outcome estate_failure(const struct estate *estate, const char **text);

bool estate_is_ready(const struct estate *estate);  // batches are taken
bool estate_is_proven(const struct estate *estate); // and one was stored on this connection
bool estate_is_full(const struct estate *estate);   // not now: too much is under way
// 0: the estate has it until done(); else -errno and it is still the caller's.
int estate_write(struct estate *estate, struct batch *batch);
// An empty write: answers prove that store and epoch are still ours. 0 or -errno.
int estate_heartbeat(struct estate *estate);
uint64_t estate_oldest_ns(const struct estate *estate); // as pipeline_oldest_ns()
