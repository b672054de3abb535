// SPDX-License-Identifier: Apache-2.0
// Where the media of calls that are up go to, so that a poll core knows in one look whether a
// datagram belongs to one of them. Presence enters and removes addresses; poll cores find them
// without locks and leave the time beside them. An entry is nothing but the keyed hash of address
// and port: which call it is of, and since when, only presence knows, and it never follows what
// stands in here. Hence the other process can at worst make a call look alive or silent.
//
// Each address has two buckets where it may lie, both in one page of memory: a look costs one
// translation and two lines. With a million addresses half of the table is taken, and hardly ever
// are both buckets of one full.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sip/sdp.h"
#include "sip/siphash.h"

enum {
	MEDIA_BUCKETS = 1 << 18,
	MEDIA_WAYS = 8,   // of a bucket: one cache line of keys
	MEDIA_GROUP = 32, // buckets in a page
	MEDIA_SLOTS = MEDIA_BUCKETS * MEDIA_WAYS,
	MEDIA_ENTRIES = 1000000, // no more are taken
	MEDIA_NO_SLOT = MEDIA_SLOTS,
};

struct media_bucket {
	_Alignas(64) uint64_t key[MEDIA_WAYS]; // presence: rw, wire: ro; 0: free
	// wire: wo, presence: ro. When something of the entry was last on the wire, monotonic, in
	// ns. What is older than the entry is of one that was there before.
	_Alignas(64) uint64_t seen[MEDIA_WAYS];
};

struct media_table {
	struct media_bucket bucket[MEDIA_BUCKETS]; // begins with a page
	uint64_t entries;                          // presence: rw, wire: ro
};

// For who has no segment (replay, tests): memory that is taken when it is touched. NULL: none.
struct media_table *media_table_new(void);
void media_table_free(struct media_table *table);

// Never 0. IPv4 in the first four octets of address, the others 0; port in host order.
uint64_t media_table_hash(const struct siphash_key *key, uint8_t version, const uint8_t *address,
			  uint16_t port);

// Presence alone.
void media_table_clear(struct media_table *table); // of what an earlier presence left
// Where it lies from now on, or did already; MEDIA_NO_SLOT: no room.
uint32_t media_table_add(struct media_table *table, uint64_t hash);
void media_table_remove(struct media_table *table, uint32_t slot);
// When it was last on the wire; 0: not since the table was made. A time that is still to come was
// not written by a poll core: it is told as it stands.
uint64_t media_table_seen(const struct media_table *table, uint32_t slot);

static inline uint32_t media_table_choice(uint64_t hash, int choice)
{
	uint32_t first = (uint32_t)(hash % MEDIA_BUCKETS);

	return choice == 0 ? first : first ^ (1 + (uint32_t)(hash >> 32) % (MEDIA_GROUP - 1));
}

// Poll cores. Fetches what a look will read, some packets ahead.
static inline void media_table_prefetch(const struct media_table *table, uint64_t hash)
{
	__builtin_prefetch(table->bucket[media_table_choice(hash, 0)].key);
	__builtin_prefetch(table->bucket[media_table_choice(hash, 1)].key);
}

// MEDIA_NO_SLOT: of no call.
uint32_t media_table_find(const struct media_table *table, uint64_t hash);
void media_table_mark(struct media_table *table, uint32_t slot, uint64_t now_ns);
