// SPDX-License-Identifier: Apache-2.0
// The wire half as offhookd has it, and behind its ring the calls and persons of presence, which
// count what becomes of the real calls.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct host;
struct segment;

enum { FLOOD_CALLS_MAX = 100000 };

// In memory shared with the process.
struct flood_engine {
	unsigned int calls;
	uint64_t event_ns; // presence takes that long for an event, at least
	uint64_t events;   // taken
	uint64_t others;   // changes of persons that no real call has
	bool idle;         // nothing waits in the ring
	struct {
		uint8_t starts, ends, wrong; // of a party: by answer, by BYE, by anything else
	} party[2 * FLOOD_CALLS_MAX];        // caller, callee of call 0, of call 1 ...
};

// In a process of its own, until it is killed. An exit code.
int flood_engine_main(struct flood_engine *flood, struct segment *segment, const char *port,
		      const struct host *host);
