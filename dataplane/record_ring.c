// SPDX-License-Identifier: Apache-2.0
// A record begins anywhere in the ring, and where it meets the end it simply goes on behind it, so
// that it lies in one piece; the place it would have had at the ring's start stays unused.
#include "dataplane/record_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_ALIGN = 16 };

static size_t aligned(size_t bytes)
{
	return (bytes + RECORD_ALIGN - 1) & ~(size_t)(RECORD_ALIGN - 1);
}

int record_ring_init(struct record_ring *ring)
{
	*ring = (struct record_ring){.bytes = malloc(RECORD_RING_BYTES + RECORD_BYTES)};
	return ring->bytes ? 0 : -ENOMEM;
}

void record_ring_fini(struct record_ring *ring)
{
	free(ring->bytes);
	ring->bytes = NULL;
}

void record_ring_touch(struct record_ring *ring)
{
	memset(ring->bytes, 0, RECORD_RING_BYTES + RECORD_BYTES);
}

void *record_ring_reserve(struct record_ring *ring, size_t bytes)
{
	uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

	if (bytes > RECORD_BYTES || aligned(bytes) > RECORD_RING_BYTES - (ring->head - tail))
		return NULL;
	return ring->bytes + (ring->head & (RECORD_RING_BYTES - 1));
}

void record_ring_push(struct record_ring *ring, size_t bytes)
{
	__atomic_store_n(&ring->head, ring->head + aligned(bytes), __ATOMIC_RELEASE);
}

const void *record_ring_peek(const struct record_ring *ring)
{
	if (__atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) == ring->tail)
		return NULL;
	return ring->bytes + (ring->tail & (RECORD_RING_BYTES - 1));
}

void record_ring_pop(struct record_ring *ring, size_t bytes)
{
	__atomic_store_n(&ring->tail, ring->tail + aligned(bytes), __ATOMIC_RELEASE);
}
