// SPDX-License-Identifier: Apache-2.0
// Events that the ring had no room for, in order, until presence catches up. One for each poll
// core, all its memory taken at start. When it is full, starts of calls give way to ends: a lost
// start is a lamp that stays dark, a lost end one that stays lit. If ends fill all of it, one is
// dropped, counted, and presence is told that some are missing as soon as there is room.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct call_event;
struct event_ring;
struct overflow_slot;
struct wire_counters;

struct overflow {
	struct overflow_slot *slot;
	uint32_t slots;
	uint32_t count;       // events that wait
	uint32_t fresh;       // slots never used yet start here
	uint32_t unused;      // first of the list of used and freed ones
	uint32_t first, last; // all that wait, oldest first
	uint32_t first_start; // of those, the ones that may go
	uint32_t last_start;
	bool missing; // an end was dropped; presence not told yet
	struct wire_counters *counters;
};

int overflow_init(struct overflow *overflow, uint32_t slots, struct wire_counters *counters);
void overflow_fini(struct overflow *overflow);

// Into the ring when nothing waits and it has room, else behind what waits. Never blocks.
void overflow_push(struct overflow *overflow, struct event_ring *ring,
		   const struct call_event *event);
// Moves what waits into the ring as far as there is room. true: something was moved.
bool overflow_drain(struct overflow *overflow, struct event_ring *ring);
