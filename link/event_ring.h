// SPDX-License-Identifier: Apache-2.0
// Single-producer single-consumer ring of call events in shared memory: a poll core pushes, the
// presence worker pops. Either side may be killed between any two instructions: what is not yet
// written to its end never happened, and the other side never waits. Indices are checked against
// the size before use, because the other process may be broken.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "link/call_event.h"

enum {
	EVENT_RING_SLOTS_MAX = 1 << 16, // 64 MiB a ring
	// With a second or two between them it outlasts a bad minute, not a bad event.
	EVENT_RING_REWINDS = 8,
};

struct event_ring {
	_Alignas(64) uint32_t slots;   // power of two; segment owner: wo
	_Alignas(64) uint64_t tail;    // wire: rw, presence: ro. Next slot to publish
	_Alignas(64) uint64_t written; // wire: rw. Next slot to write, at tail or after it
	uint64_t limit; // wire: rw. First slot that was not free when head was last asked
	_Alignas(64) uint64_t head; // presence: rw, wire: ro. Next slot to read
	uint64_t held; // presence: rw, wire: ro. Slots before head that must not be overwritten yet
	uint64_t rewound; // presence: rw. The farthest head that was ever set back
	uint32_t rewinds; // presence: rw. How often slots before it were read again
	_Alignas(64) struct call_event event[];
};

// slots: a power of two up to EVENT_RING_SLOTS_MAX.
size_t event_ring_bytes(uint32_t slots);
void event_ring_init(struct event_ring *ring, uint32_t slots);

// false: full; the event is still the caller's. Else the consumer sees it when it is published: the
// lines of `tail` and of the slots go from core to core once a burst. Producer only.
bool event_ring_push(struct event_ring *ring, const struct call_event *event);
// All that was pushed, also by a producer that was killed since.
void event_ring_publish(struct event_ring *ring);
// false: empty. Consumer only. What the producer could not have pushed (texts that are not inside
// the event, indices, methods or cores that can't be) is skipped; other numbers are its word.
bool event_ring_pop(struct event_ring *ring, struct call_event *event);
// As pop, but the slot is held until released: what came of the event is not written down yet, and
// who is killed before that reads it again.
bool event_ring_pop_held(struct event_ring *ring, struct call_event *event);
// Everything before `upto`, a value that ring->head had, is written down. Consumer only.
void event_ring_release(struct event_ring *ring, uint64_t upto);
// For a new consumer: back to the oldest slot held. Returns how many events come again. An event
// does so EVENT_RING_REWINDS times: one that ends its reader is not met for ever.
uint32_t event_ring_rewind(struct event_ring *ring);
uint32_t event_ring_count(const struct event_ring *ring);
