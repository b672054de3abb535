// SPDX-License-Identifier: Apache-2.0
// Events that the ring had no room for, in order, until presence catches up. One for each poll
// core, all its memory taken at start. When it is full, the oldest of the lowest rank gives way:
// first what means little (attempts, and ends of calls that were never answered, which anybody can
// make up by the million), then answers, never ends of calls that were: a lost start is a lamp that
// stays dark, a lost end one that stays lit. If ends fill all of it, one is dropped, counted, and
// presence is told that some are missing as soon as there is room.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct call_event;
struct event_ring;
struct known_calls;
struct overflow_slot;
struct wire_counters;

enum overflow_rank {
	OVERFLOW_HINT,
	OVERFLOW_START,
	OVERFLOW_END,
	OVERFLOW_RANKS,
};

struct overflow {
	struct overflow_slot *slot;
	uint32_t slots;
	uint32_t count;       // events that wait
	uint32_t fresh;       // slots never used yet start here
	uint32_t unused;      // first of the list of used and freed ones
	uint32_t first, last; // all that wait, oldest first
	uint32_t first_of[OVERFLOW_RANKS], last_of[OVERFLOW_RANKS];
	bool missing;                    // an end was dropped; presence not told yet
	const struct known_calls *known; // NULL: every end may be one of a call that is up
	struct wire_counters *counters;
};

int overflow_init(struct overflow *overflow, uint32_t slots, const struct known_calls *known,
		  struct wire_counters *counters);
void overflow_fini(struct overflow *overflow);

// Into the ring when nothing waits and it has room, for the caller to publish; else behind what
// waits. Never blocks.
void overflow_push(struct overflow *overflow, struct event_ring *ring,
		   const struct call_event *event);
// Moves what waits into the ring as far as there is room, for the caller to publish. true:
// something was moved.
bool overflow_drain(struct overflow *overflow, struct event_ring *ring);
