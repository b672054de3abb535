// SPDX-License-Identifier: Apache-2.0
// A Redis that answers what the test wants: octets in, octets out, no sockets. Keeps the log-in
// straight, counts what it was sent, and breaks on command.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { FAKE_OUT_BYTES = 1 << 20, FAKE_SHA_DIGITS = 40 };

struct fake_redis {
	struct redisReader *reader;
	char out[FAKE_OUT_BYTES]; // what it says; the test takes it
	size_t out_len;
	// Orders. A text is a whole answer in RESP2, instead of the right one.
	const char *auth, *select, *info, *config, *script, *claim, *scan, *write;
	bool mute;
	// Records.
	unsigned int commands, claims, scripts, writes, records, clears, heartbeats;
	char last_command[32], last_epoch[32], last_field[256], last_value[1024];
};

void fake_redis_init(struct fake_redis *fake);
void fake_redis_reconnect(struct fake_redis *fake); // forgets half a command
void fake_redis_fini(struct fake_redis *fake);
void fake_redis_feed(struct fake_redis *fake, const void *data, size_t len);
