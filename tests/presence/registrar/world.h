// SPDX-License-Identifier: Apache-2.0
// A registrar client on real sockets of the loopback with two servers to talk to, time by hand.
#pragma once

#include "config/clock.h"
#include "config/secret.h"
#include "config/settings.h"
#include "presence/net/loop.h"
#include "presence/registrar/registrar.h"
#include "server.h"

#include <stdbool.h>
#include <stdint.h>

#define S  NS_PER_S
#define MS NS_PER_MS

struct world {
	struct loop *loop;
	struct settings settings;
	struct secrets secrets;
	struct registrar *registrar;
	struct server server, other;
	uint64_t now;
	struct publish_answer answer; // last
	char etag[256], diagnostics[160];
	void *ctx;
	unsigned int answers, turns, reachable;
	struct publish_turn *turn;
	bool send_at_turn;
};

extern struct world world;

// Two servers are there, the first one is the only target until the settings say otherwise.
void world_prepare(const char *transport);
void world_connect(void);                // tries to
void world_open(void);                   // the same, until it could
void world_start(const char *transport); // prepare and open
void world_close(void);
void world_go(uint64_t ns); // time passes
// John Doe's.
void world_publish(enum publish_kind kind, const char *etag);
// From the first server's end.
void world_expect_request(void);
// So many in all, the last one with this status.
void world_expect_answer(unsigned int count, uint16_t status);

#define BOTH(test) cmocka_unit_test_prestate(test, "udp"), cmocka_unit_test_prestate(test, "tcp")
