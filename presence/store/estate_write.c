// SPDX-License-Identifier: Apache-2.0
// Batches: one script call each, several under way, and what their answers mean.
#include "presence/store/estate_private.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <string.h>

#include "config/clock.h"

// A write was refused. What can be mended on this connection is; batches come back in any case.
static int write_refused(struct estate *estate, const redisReply *reply)
{
	enum store_outcome outcome = outcome_of_error(reply->str, reply->len);

	if (estate->step != STEP_READY && estate->step >= STEP_SCRIPT)
		return 0; // another batch of the same flight has said so already
	// Mended a moment ago and nothing stored since: don't go in circles.
	if (!estate->written || (outcome != OUTCOME_NOSCRIPT && outcome != OUTCOME_FORGOTTEN))
		return estate_fail_by_error(estate, reply);
	outcome_count(outcome);
	estate->written = false;
	estate->step = outcome == OUTCOME_NOSCRIPT ? STEP_SCRIPT : STEP_CLAIM;
	return estate_advance(estate);
}

static int write_answered(void *ctx, void *arg, const redisReply *reply)
{
	struct estate *estate = ctx;
	struct batch *batch = arg;
	bool stored = reply && reply->type == REDIS_REPLY_INTEGER &&
		      reply->integer == (batch ? (long long)batch->count : 0);

	if (stored)
		estate->written = true;
	if (batch) {
		estate->in_flight -= batch->bytes;
		estate->events->done(estate->ctx, batch, stored);
	}
	if (!reply || stored)
		return 0;
	if (reply->type == REDIS_REPLY_ERROR)
		return write_refused(estate, reply);
	return estate_fail_by_type(estate, "a write");
}

struct arguments {
	int count;
	size_t bytes;
	const char *text[8 + 3 * BATCH_RECORDS];
	size_t len[8 + 3 * BATCH_RECORDS];
};

static void add(struct arguments *arguments, const char *text, size_t len)
{
	arguments->text[arguments->count] = text;
	arguments->len[arguments->count++] = len;
	arguments->bytes += len + 8; // "$123\r\n" and "\r\n"
}

static int send_write(struct estate *estate, struct batch *batch)
{
	struct arguments arguments;
	const char *head[] = {"EVALSHA",
			      estate->write_sha,
			      "3",
			      estate->key_epoch,
			      estate->key[RECORD_PUBLICATION],
			      estate->key[RECORD_CALL],
			      estate->epoch,
			      batch && batch->clear ? "1" : "0"};

	arguments.count = 0;
	arguments.bytes = 0;
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		add(&arguments, head[i], strlen(head[i]));
	for (unsigned int i = 0; batch && i < batch->count; i++) {
		const struct backlog_entry *entry = batch->record[i].entry;

		add(&arguments, entry->kind == RECORD_CALL ? "c" : "p", 1);
		add(&arguments, entry->field, entry->field_len);
		add(&arguments, entry->value, entry->value_len);
	}
	if (batch)
		batch->bytes = arguments.bytes;
	return pipeline_command(estate->pipeline, arguments.count, arguments.text, arguments.len,
				clock_mono_ns(), write_answered, batch);
}

int estate_write(struct estate *estate, struct batch *batch)
{
	int error;

	if (!estate_is_ready(estate))
		return -ENOTCONN;
	if (estate_is_full(estate))
		return -EAGAIN;
	error = send_write(estate, batch);
	if (!error)
		estate->in_flight += batch->bytes;
	return error;
}

int estate_heartbeat(struct estate *estate)
{
	if (!estate_is_ready(estate) || pipeline_waiting(estate->pipeline))
		return 0; // an answer is awaited anyway
	return send_write(estate, NULL);
}
