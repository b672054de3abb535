// SPDX-License-Identifier: Apache-2.0
// One word is written to enter an address and one to remove it, so a reader finds it or doesn't,
// whenever the writer is killed. A mark that was on its way while an entry went stays behind for
// the next one in that place; it is older than that one.
#include "link/media_table.h"

#include <string.h>
#include <sys/mman.h>

_Static_assert(MEDIA_ENTRIES <= MEDIA_SLOTS / 2, "two choices of eight work up to there");
_Static_assert(MEDIA_GROUP * sizeof(struct media_bucket) == 4096, "both choices in one page");

struct media_table *media_table_new(void)
{
	void *table = mmap(NULL, sizeof(struct media_table), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return table != MAP_FAILED ? table : NULL;
}

void media_table_free(struct media_table *table)
{
	if (table != NULL)
		munmap(table, sizeof(*table));
}

static uint64_t multiply_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// For each sampled datagram, hence no SipHash: two secret multiplications, of which an attacker
// never sees a result.
uint64_t media_table_hash(const struct siphash_key *key, uint8_t version, const uint8_t *address,
			  uint16_t port)
{
	// Of no meaning (the first digits of pi's fraction): so that a key of few bits mixes, too.
	static const uint64_t mix[] = {0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d1};
	uint64_t word[2], hash;

	memcpy(word, address, sizeof(word));
	hash = multiply_fold(word[0] ^ key->word[0] ^ mix[0], word[1] ^ key->word[1] ^ mix[1]);
	hash = multiply_fold(hash ^ (uint64_t)version << 16 ^ port, key->word[0] ^ mix[2]);
	return hash != 0 ? hash : 1;
}

static uint64_t *key_at(struct media_table *table, uint32_t slot)
{
	return &table->bucket[slot / MEDIA_WAYS].key[slot % MEDIA_WAYS];
}

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

uint32_t media_table_find(const struct media_table *table, uint64_t hash)
{
	for (int choice = 0; choice < 2; choice++) {
		uint32_t bucket = media_table_choice(hash, choice);

		for (uint32_t way = 0; way < MEDIA_WAYS; way++)
			if (load(&table->bucket[bucket].key[way]) == hash)
				return bucket * MEDIA_WAYS + way;
	}
	return MEDIA_NO_SLOT;
}

void media_table_mark(struct media_table *table, uint32_t slot, uint64_t now_ns)
{
	__atomic_store_n(&table->bucket[slot / MEDIA_WAYS].seen[slot % MEDIA_WAYS], now_ns,
			 __ATOMIC_RELAXED);
}

uint64_t media_table_seen(const struct media_table *table, uint32_t slot)
{
	return load(&table->bucket[slot / MEDIA_WAYS].seen[slot % MEDIA_WAYS]);
}

static uint32_t free_ways(const struct media_table *table, uint32_t bucket, uint32_t *first)
{
	uint32_t count = 0;

	for (uint32_t way = MEDIA_WAYS; way-- > 0;) {
		if (load(&table->bucket[bucket].key[way]) != 0)
			continue;
		*first = bucket * MEDIA_WAYS + way;
		count++;
	}
	return count;
}

uint32_t media_table_add(struct media_table *table, uint64_t hash)
{
	uint32_t slot = media_table_find(table, hash), other = 0;
	uint64_t entries = load(&table->entries);

	if (slot != MEDIA_NO_SLOT)
		return slot;
	// Into the emptier of the two: that is what keeps them from filling up.
	uint32_t room = free_ways(table, media_table_choice(hash, 0), &slot);
	uint32_t other_room = free_ways(table, media_table_choice(hash, 1), &other);
	if (other_room > room)
		slot = other;
	if ((room == 0 && other_room == 0) || entries >= MEDIA_ENTRIES)
		return MEDIA_NO_SLOT;
	__atomic_store_n(&table->entries, entries + 1, __ATOMIC_RELAXED);
	__atomic_store_n(key_at(table, slot), hash, __ATOMIC_RELEASE);
	return slot;
}

void media_table_remove(struct media_table *table, uint32_t slot)
{
	__atomic_store_n(key_at(table, slot), 0, __ATOMIC_RELAXED);
	__atomic_store_n(&table->entries, load(&table->entries) - 1, __ATOMIC_RELAXED);
}

void media_table_clear(struct media_table *table)
{
	if (load(&table->entries) == 0)
		return;
	for (uint32_t slot = 0; slot < MEDIA_SLOTS; slot++) {
		uint64_t *key = key_at(table, slot);

		if (load(key) != 0)
			__atomic_store_n(key, 0, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&table->entries, 0, __ATOMIC_RELAXED);
}
