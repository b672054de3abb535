// SPDX-License-Identifier: Apache-2.0
// Every answer is checked for type, size and sense, because it may come from anything that listens
// on that address.
#include "presence/store/estate_private.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/log.h"

int estate_fail(struct estate *estate, enum store_outcome outcome, const char *fmt, ...)
{
	va_list args;

	estate->failure = outcome;
	va_start(args, fmt);
	vsnprintf(estate->why, sizeof(estate->why), fmt, args);
	va_end(args);
	return -EPROTO;
}

// The server's own words are kept short, and masked by the log.
int estate_fail_by_error(struct estate *estate, const redisReply *reply)
{
	enum store_outcome outcome = outcome_of_error(reply->str, reply->len);

	return estate_fail(estate, outcome, "%s: %.120s", outcome_text(outcome), reply->str);
}

int estate_fail_by_type(struct estate *estate, const char *asked)
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
		return estate_fail_by_type(estate, estate->step == STEP_AUTH ? "AUTH" : "SELECT");
	return 0;
}

// A server that was started again has read its append-only file, but with `appendfsync everysec` it
// may have answered before it wrote: while an fsync is under way, writes wait for up to two seconds
// (flushAppendOnlyFile() in Redis' aof.c). A replica made master lacks as much. What is lost can't
// be known, so all is written anew.
static int answer_server(struct estate *estate, const redisReply *reply)
{
	static const char name[] = "run_id:";
	const char *id = is_text(reply) ? strstr(reply->str, name) : NULL;

	if (!id || strspn(id + strlen(name), "0123456789abcdef") < SHA_DIGITS)
		return 0; // no right to INFO, or something like Redis without it
	id += strlen(name);
	if (estate->run_id[0] && memcmp(estate->run_id, id, SHA_DIGITS) != 0)
		estate->forgotten = true;
	memcpy(estate->run_id, id, SHA_DIGITS);
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
		return estate_fail_by_type(estate, "SCRIPT LOAD");
	memcpy(estate->write_sha, reply->str, SHA_DIGITS + 1);
	return 0;
}

static int answer_claim(struct estate *estate, const redisReply *reply)
{
	const redisReply *epoch, *held;

	if (!is_array(reply, 2))
		return estate_fail_by_type(estate, "the claim");
	epoch = reply->element[0];
	held = reply->element[1];
	if (!is_digits(epoch, EPOCH_BYTES - 1) || held->type != REDIS_REPLY_INTEGER)
		return estate_fail_by_type(estate, "the claim");
	if (!estate->epoch[0]) {
		memcpy(estate->epoch, epoch->str, (size_t)epoch->len + 1);
		log_info("store", "estate-taken", "epoch=%s", estate->epoch);
	} else if (strcmp(estate->epoch, epoch->str) != 0) {
		return estate_fail_by_type(estate, "the claim");
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
		return estate_fail_by_type(estate, "HSCAN");
	cursor = reply->element[0];
	page = reply->element[1];
	if (!is_digits(cursor, EPOCH_BYTES - 1) || page->type != REDIS_REPLY_ARRAY ||
	    page->elements % 2)
		return estate_fail_by_type(estate, "HSCAN");
	for (size_t i = 0; i < page->elements; i++)
		if (!is_text(page->element[i]))
			return estate_fail_by_type(estate, "HSCAN");
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

int estate_answer(struct estate *estate, const redisReply *reply, bool *more)
{
	switch (estate->step) {
	case STEP_AUTH:
	case STEP_SELECT: return answer_ok(estate, reply);
	case STEP_SERVER: return answer_server(estate, reply);
	case STEP_POLICY: return answer_policy(estate, reply);
	case STEP_SCRIPT: return answer_script(estate, reply);
	case STEP_CLAIM: return answer_claim(estate, reply);
	case STEP_LOAD_PUBLICATIONS:
	case STEP_LOAD_CALLS: return answer_page(estate, reply, more);
	case STEP_NONE:
	case STEP_READY:
	case STEP_COUNT: break;
	}
	return estate_fail_by_type(estate, "nothing");
}
