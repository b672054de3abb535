// SPDX-License-Identifier: Apache-2.0
// Which bucket of a hash table that grows as keys come (linear hashing, Litwin 1980): buckets are
// split in two, one at a time and in their order, so that no key waits for all others to be moved,
// and few keys stay in few cache lines. The owner has an array with room for all the buckets there
// may ever be, zeroed: pages nobody touched cost nothing.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buckets {
	size_t mask;  // those before `split`, and what they were split into, have a bit more
	size_t split; // the next to be split
};

// first: a power of two.
static inline struct buckets buckets_of(size_t first)
{
	return (struct buckets){.mask = first - 1};
}

static inline size_t buckets_count(const struct buckets *buckets)
{
	return buckets->mask + 1 + buckets->split;
}

static inline size_t buckets_at(const struct buckets *buckets, uint64_t hash)
{
	size_t at = hash & buckets->mask;

	return at < buckets->split ? hash & (2 * buckets->mask + 1) : at;
}

// One more: the keys of what was bucket `split` are to be dealt out anew.
static inline void buckets_grow(struct buckets *buckets)
{
	if (++buckets->split > buckets->mask) {
		buckets->mask = 2 * buckets->mask + 1;
		buckets->split = 0;
	}
}
