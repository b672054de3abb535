// SPDX-License-Identifier: Apache-2.0
// The Redis protocol (RESP2) without sockets: commands in, octets out; octets in, replies out, each
// to the one who asked. hiredis formats and parses, nothing more of it is used: its connections
// know no deadlines and abort on a server that talks out of turn. Below presence/store/estate.c.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pipeline;
struct redisReply;

enum {
	PIPELINE_COMMANDS = 256,           // without a reply
	PIPELINE_REPLY_BYTES = 8 << 20,    // of one reply; an HSCAN page is below 1 MB
	PIPELINE_REPLY_ELEMENTS = 1 << 16, // of one array
	PIPELINE_REPLY_DEPTH = 6,          // arrays in arrays; ours are two deep
};

// reply NULL: it will never come (pipeline_abandon). Anything but 0 stops pipeline_feed().
typedef int pipeline_reply_fn(void *ctx, void *arg, const struct redisReply *reply);
// All or nothing; 0 or -errno.
typedef int pipeline_send_fn(void *ctx, const void *data, size_t len);

struct pipeline *pipeline_new(pipeline_send_fn *send, void *ctx);
void pipeline_free(struct pipeline *pipeline); // nobody is told

// Replies come in the order of the commands. 0, -ENOBUFS (too many wait), -ENOMEM, or what `send`
// said; then `done` is not called.
int pipeline_command(struct pipeline *pipeline, int argc, const char **argv, const size_t *argv_len,
		     uint64_t now_ns, pipeline_reply_fn *done, void *arg);
// What the server sent, in pieces of any size. 0; -EPROTO: not RESP2, or a reply nobody asked for;
// -EMSGSIZE: a reply beyond the limits; or what a `done` returned. After an error only
// pipeline_abandon() is of use.
int pipeline_feed(struct pipeline *pipeline, const void *data, size_t len);
// The connection is gone: every `done` is told so, in order, and all starts from nothing. 0 or
// -ENOMEM.
int pipeline_abandon(struct pipeline *pipeline);

// When the command that waits longest was sent; UINT64_MAX: none waits.
uint64_t pipeline_oldest_ns(const struct pipeline *pipeline);
unsigned int pipeline_waiting(const struct pipeline *pipeline);
