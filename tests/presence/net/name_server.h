// SPDX-License-Identifier: Apache-2.0
// A name server for tests: one UDP socket on loopback, on the same loop, and a table of records.
#pragma once

#include "presence/net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name_record {
	const char *name;
	uint16_t type; // 1: A, 28: AAAA, 33: SRV, 5: CNAME
	uint32_t ttl_s;
	const char *data; // address, name, or "priority weight port target"
};

struct name_server {
	struct loop_watch watch;
	const struct name_record *records; // ends with a NULL name
	int questions;
	bool silent;      // never answers
	int code;         // answers all with this RCODE
	bool garbage;     // answers with bytes that make no sense behind a good header
	char address[32]; // for resolver_new()
};

void name_server_start(struct name_server *server, struct loop *loop,
		       const struct name_record *records);
void name_server_stop(struct name_server *server, struct loop *loop);
