// SPDX-License-Identifier: Apache-2.0
// The conversation with Redis step by step; every answer is checked for type, size and sense,
// because it may come from anything that listens on that address.
#include "presence/store/estate.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/log.h"
#include "presence/store/script.h"

enum estate_step {
	STEP_NONE, // not connected
	STEP_AUTH,
	STEP_SELECT,
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
	char cursor[EPOCH_BYTES];
	bool forgotten; // told with the next ready()
	bool loaded;
	bool written; // something was, since the script was loaded
	bool policy_warned;
	size_t in_flight; // octets of batches
	enum store_outcome failure;
	char why[WHY_BYTES];
};

static int estate_advance(struct estate *estate);

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

__attribute__((format(printf, 3, 4))) static int
estate_fail(struct estate *estate, enum store_outcome outcome, const char *fmt, ...)
{
	va_list args;

	estate->failure = outcome;
	va_start(args, fmt);
	vsnprintf(estate->why, sizeof(estate->why), fmt, args);
	va_end(args);
	return -EPROTO;
}

// The server's own words are kept short, and masked by the log.
static int fail_by_error(struct estate *estate, const redisReply *reply)
{
	enum store_outcome outcome = outcome_of_error(reply->str, reply->len);

	return estate_fail(estate, outcome, "%s: %.120s", outcome_text(outcome), reply->str);
}

static int fail_by_type(struct estate *estate, const char *asked)
{
	return estate_fail(estate, OUTCOME_PROTOCOL, "%s: a strange answer to %s",
			   outcome_text(OUTCOME_PROTOCOL), asked);
}

static bool is_text(const redisReply *reply)
{
	return reply && (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS);
}

static bool is_array(const redisReply *reply, size_t elements)
{
	return reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == elements;
}

static bool is_digits(const redisReply *reply, size_t max)
{
	return is_text(reply) && (size_t)reply->len && (size_t)reply->len <= max &&
	       strspn(reply->str, "0123456789") == (size_t)reply->len;
}

static int answer_ok(struct estate *estate, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STATUS || strcmp(reply->str, "OK") != 0)
		return fail_by_type(estate, estate->step == STEP_AUTH ? "AUTH" : "SELECT");
	return 0;
}

// Many managed servers forbid CONFIG: not to know is no reason to stop.
static int answer_policy(struct estate *estate, const redisReply *reply)
{
	if (!is_array(reply, 2) || !is_text(reply->element[1])) {
		log_info("store", "policy-unknown", "text=\"maxmemory-policy can't be read\"");
		return 0;
	}
	if (strcmp(reply->element[1]->str, "noeviction") != 0 && !estate->policy_warned) {
		estate->policy_warned = true;
		log_warn("store", "policy",
			 "maxmemory-policy=%s text=\"records may vanish: set it to noeviction\"",
			 log_quote(reply->element[1]->str));
	}
	return 0;
}

static int answer_script(struct estate *estate, const redisReply *reply)
{
	if (!is_text(reply) || (size_t)reply->len != SHA_DIGITS ||
	    strspn(reply->str, "0123456789abcdef") != SHA_DIGITS)
		return fail_by_type(estate, "SCRIPT LOAD");
	memcpy(estate->write_sha, reply->str, SHA_DIGITS + 1);
	estate->written = false;
	return 0;
}

static int answer_claim(struct estate *estate, const redisReply *reply)
{
	const redisReply *epoch, *held;

	if (!is_array(reply, 2))
		return fail_by_type(estate, "the claim");
	epoch = reply->element[0];
	held = reply->element[1];
	if (!is_digits(epoch, EPOCH_BYTES - 1) || held->type != REDIS_REPLY_INTEGER)
		return fail_by_type(estate, "the claim");
	if (!estate->epoch[0]) {
		memcpy(estate->epoch, epoch->str, (size_t)epoch->len + 1);
		log_info("store", "estate-taken", "epoch=%s", estate->epoch);
	} else if (strcmp(estate->epoch, epoch->str) != 0) {
		return fail_by_type(estate, "the claim");
	} else if (!held->integer) {
		estate->forgotten = true;
	}
	return 0;
}

// One page; goes on with the same step until the cursor is 0 again.
static int answer_page(struct estate *estate, const redisReply *reply, bool *more)
{
	enum record_kind kind = estate->step == STEP_LOAD_CALLS ? RECORD_CALL : RECORD_PUBLICATION;
	const redisReply *cursor, *page;

	if (!is_array(reply, 2))
		return fail_by_type(estate, "HSCAN");
	cursor = reply->element[0];
	page = reply->element[1];
	if (!is_digits(cursor, EPOCH_BYTES - 1) || page->type != REDIS_REPLY_ARRAY ||
	    page->elements % 2)
		return fail_by_type(estate, "HSCAN");
	for (size_t i = 0; i < page->elements; i++)
		if (!is_text(page->element[i]))
			return fail_by_type(estate, "HSCAN");
	for (size_t i = 0; i < page->elements; i += 2) {
		const redisReply *field = page->element[i], *value = page->element[i + 1];

		estate->events->record(estate->ctx, kind,
				       (struct record_text){field->str, (size_t)field->len},
				       (struct record_text){value->str, (size_t)value->len});
	}
	memcpy(estate->cursor, cursor->str, (size_t)cursor->len + 1);
	*more = strcmp(estate->cursor, "0") != 0;
	return 0;
}

static int answer(struct estate *estate, const redisReply *reply, bool *more)
{
	switch (estate->step) {
	case STEP_AUTH:
	case STEP_SELECT: return answer_ok(estate, reply);
	case STEP_POLICY: return answer_policy(estate, reply);
	case STEP_SCRIPT: return answer_script(estate, reply);
	case STEP_CLAIM: return answer_claim(estate, reply);
	case STEP_LOAD_PUBLICATIONS:
	case STEP_LOAD_CALLS: return answer_page(estate, reply, more);
	case STEP_NONE:
	case STEP_READY:
	case STEP_COUNT: break;
	}
	return fail_by_type(estate, "nothing");
}

static int step_answered(void *ctx, void *arg, const redisReply *reply)
{
	struct estate *estate = ctx;
	bool more = false;
	int error;

	if (!reply)
		return 0;
	if (reply->type == REDIS_REPLY_ERROR && estate->step != STEP_POLICY)
		return fail_by_error(estate, reply);
	error = answer(estate, reply, &more);
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

// Asks what the present step asks, or goes on to the next that has something to ask.
static int estate_advance(struct estate *estate)
{
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

bool estate_is_full(const struct estate *estate)
{
	return estate->in_flight >= ESTATE_IN_FLIGHT_BYTES ||
	       pipeline_waiting(estate->pipeline) >= PIPELINE_COMMANDS - 1;
}

uint64_t estate_oldest_ns(const struct estate *estate)
{
	return pipeline_oldest_ns(estate->pipeline);
}

// A write was refused. What can be mended on this connection is; batches come back in any case.
static int write_refused(struct estate *estate, const redisReply *reply)
{
	enum store_outcome outcome = outcome_of_error(reply->str, reply->len);

	if (estate->step != STEP_READY && estate->step >= STEP_SCRIPT)
		return 0; // another batch of the same flight has said so already
	switch (outcome) {
	case OUTCOME_NOSCRIPT:
		if (!estate->written)
			return fail_by_error(estate, reply); // just loaded: don't go in circles
		outcome_count(outcome);
		estate->step = STEP_SCRIPT;
		return estate_advance(estate);
	case OUTCOME_FORGOTTEN:
		outcome_count(outcome);
		estate->step = STEP_CLAIM;
		return estate_advance(estate);
	default: return fail_by_error(estate, reply);
	}
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
	return fail_by_type(estate, "a write");
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
