// SPDX-License-Identifier: Apache-2.0
// Records of any length from a poll core to the main thread of its process: one producer, one
// consumer, no locks. Memory is taken at start and touched before it is used.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RECORD_RING_BYTES = 4 << 20, // a power of two
	RECORD_BYTES = 1 << 17,      // no record is longer, header and all
};

struct record_ring {
	_Alignas(64) uint64_t head; // producer: wo; octets put in so far
	_Alignas(64) uint64_t tail; // consumer: wo; octets taken out so far
	uint8_t *bytes;             // the last record may reach RECORD_BYTES behind the ring's end
};

// 0 or -ENOMEM.
int record_ring_init(struct record_ring *ring);
void record_ring_fini(struct record_ring *ring);
// So that the producer meets no page for the first time. While nobody produces.
void record_ring_touch(struct record_ring *ring);

// Room for a record of `bytes`, aligned for any type; NULL: none. It is there for the consumer from
// record_ring_push() on, which is given the same number.
void *record_ring_reserve(struct record_ring *ring, size_t bytes);
void record_ring_push(struct record_ring *ring, size_t bytes);

// The oldest record, valid until record_ring_pop(), which is given its bytes; NULL: none.
const void *record_ring_peek(const struct record_ring *ring);
void record_ring_pop(struct record_ring *ring, size_t bytes);
