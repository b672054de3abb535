// SPDX-License-Identifier: Apache-2.0
// RESP2 through hiredis' formatter and reader; commands without a reply wait in a ring.
#include "presence/store/pipeline.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

struct pending {
	pipeline_reply_fn *done;
	void *arg;
	uint64_t sent_ns;
};

struct pipeline {
	pipeline_send_fn *send;
	void *ctx;
	redisReader *reader;
	redisReplyObjectFunctions functions;
	size_t partial_bytes; // fed since the last whole reply
	unsigned int head, waiting;
	struct pending ring[PIPELINE_COMMANDS];
};

// hiredis allocates an array as soon as its length is announced, before any element has come.
#if HIREDIS_MAJOR >= 1
typedef size_t array_count;
#else
typedef int array_count;
#endif
static void *(*create_array)(const redisReadTask *task, array_count elements);

// Newer versions nest without bound, and free what they have read by recursion.
static void *bounded_array(const redisReadTask *task, array_count elements)
{
	int depth = 0;

	for (const redisReadTask *outer = task->parent; outer; outer = outer->parent)
		depth++;
	if (elements > PIPELINE_REPLY_ELEMENTS || depth >= PIPELINE_REPLY_DEPTH)
		return NULL;
	return create_array(task, elements);
}

static int reader_renew(struct pipeline *pipeline)
{
	if (pipeline->reader)
		redisReaderFree(pipeline->reader);
	pipeline->reader = redisReaderCreate();
	if (!pipeline->reader)
		return -ENOMEM;
	pipeline->functions = *pipeline->reader->fn;
	create_array = pipeline->functions.createArray;
	pipeline->functions.createArray = bounded_array;
	pipeline->reader->fn = &pipeline->functions;
	pipeline->partial_bytes = 0;
	return 0;
}

struct pipeline *pipeline_new(pipeline_send_fn *send, void *ctx)
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));

	if (!pipeline)
		return NULL;
	pipeline->send = send;
	pipeline->ctx = ctx;
	if (reader_renew(pipeline)) {
		free(pipeline);
		return NULL;
	}
	return pipeline;
}

void pipeline_free(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	if (pipeline->reader)
		redisReaderFree(pipeline->reader);
	free(pipeline);
}

int pipeline_command(struct pipeline *pipeline, int argc, const char **argv, const size_t *argv_len,
		     uint64_t now_ns, pipeline_reply_fn *done, void *arg)
{
	struct pending *pending;
	char *text = NULL;
	long long len;
	int error;

	if (pipeline->waiting == PIPELINE_COMMANDS)
		return -ENOBUFS;
	len = redisFormatCommandArgv(&text, argc, argv, argv_len);
	if (len < 0)
		return -ENOMEM;
	error = pipeline->send(pipeline->ctx, text, (size_t)len);
	redisFreeCommand(text);
	if (error)
		return error;
	pending = &pipeline->ring[(pipeline->head + pipeline->waiting++) % PIPELINE_COMMANDS];
	pending->done = done;
	pending->arg = arg;
	pending->sent_ns = now_ns;
	return 0;
}

static struct pending take_pending(struct pipeline *pipeline)
{
	struct pending pending = pipeline->ring[pipeline->head];

	pipeline->head = (pipeline->head + 1) % PIPELINE_COMMANDS;
	pipeline->waiting--;
	return pending;
}

int pipeline_feed(struct pipeline *pipeline, const void *data, size_t len)
{
	void *reply = NULL;

	if (!pipeline->reader)
		return -ENOMEM;
	if (redisReaderFeed(pipeline->reader, data, len) != REDIS_OK)
		return -ENOMEM;
	pipeline->partial_bytes += len;
	for (;;) {
		struct pending pending;
		int error;

		if (redisReaderGetReply(pipeline->reader, &reply) != REDIS_OK)
			return pipeline->reader->err == REDIS_ERR_OOM ? -EMSGSIZE : -EPROTO;
		if (!reply)
			return pipeline->partial_bytes > PIPELINE_REPLY_BYTES ? -EMSGSIZE : 0;
		pipeline->partial_bytes = 0;
		if (!pipeline->waiting) {
			freeReplyObject(reply);
			return -EPROTO;
		}
		pending = take_pending(pipeline);
		error = pending.done(pipeline->ctx, pending.arg, reply);
		freeReplyObject(reply);
		if (error)
			return error;
	}
}

int pipeline_abandon(struct pipeline *pipeline)
{
	while (pipeline->waiting) {
		struct pending pending = take_pending(pipeline);

		pending.done(pipeline->ctx, pending.arg, NULL);
	}
	return reader_renew(pipeline);
}

uint64_t pipeline_oldest_ns(const struct pipeline *pipeline)
{
	return pipeline->waiting ? pipeline->ring[pipeline->head].sent_ns : UINT64_MAX;
}

unsigned int pipeline_waiting(const struct pipeline *pipeline)
{
	return pipeline->waiting;
}
