// SPDX-License-Identifier: Apache-2.0
// Items of one size by the million, named by 32 bits instead of a pointer, in blocks that are never
// moved nor given back. A block begins with a multiple of its size, so that an item says itself
// which slab it is of and what its number is. One thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	SLAB_BLOCK_BYTES = 128 << 10, // no more than a size class of jemalloc
	SLAB_PLACE_BITS = 13,         // places in a block, of 16 octets or more
	SLAB_PLACES = 1 << SLAB_PLACE_BITS,
	SLAB_BLOCKS = 1 << 18, // at most: numbers have 31 bits
	SLAB_KEPT_BYTES = 16,  // of a free item; the first four are the slab's
};

struct slab {
	char **block;
	uint32_t blocks;
	uint32_t item_bytes;
	uint32_t free; // the first of them; each begins with the next
};

// What lies in the first place of a block.
struct slab_head {
	struct slab *slab;
	uint32_t block;
};

// item_bytes: a multiple of 8, 16 or more. The slab stays where it is. Cannot fail.
void slab_init(struct slab *slab, size_t item_bytes);
void slab_fini(struct slab *slab);

// The number of an item that is the caller's from now on; 0: no memory. A new one is zeroed; of one
// that was put back, only what stood behind its first four octets, up to SLAB_KEPT_BYTES, is as it
// was.
uint32_t slab_take(struct slab *slab);
void slab_put(struct slab *slab, uint32_t number);

// number: of an item that was taken once.
static inline void *slab_at(const struct slab *slab, uint32_t number)
{
	return slab->block[number >> SLAB_PLACE_BITS] +
	       (size_t)(number % SLAB_PLACES) * slab->item_bytes;
}

static inline const struct slab_head *slab_head_of(const void *item)
{
	return (const struct slab_head *)((uintptr_t)item & ~(uintptr_t)(SLAB_BLOCK_BYTES - 1));
}

static inline struct slab *slab_of(const void *item)
{
	return slab_head_of(item)->slab;
}

// item_bytes: of its slab.
static inline uint32_t slab_number(const void *item, size_t item_bytes)
{
	const struct slab_head *head = slab_head_of(item);
	size_t place = (size_t)((const char *)item - (const char *)head) / item_bytes;

	return head->block << SLAB_PLACE_BITS | (uint32_t)place;
}

// Places of a block, the first of which is not an item.
static inline uint32_t slab_places(const struct slab *slab)
{
	return SLAB_BLOCK_BYTES / slab->item_bytes;
}

size_t slab_bytes(const struct slab *slab);
