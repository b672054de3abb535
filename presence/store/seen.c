// SPDX-License-Identifier: Apache-2.0
// Open addressing over keyed 64-bit hashes: 16 octets a key at worst, and no chance that two of a
// million keys meet (1 in 10^7).
#include "presence/store/seen.h"

#include <stdlib.h>
#include <sys/random.h>

enum { SLOTS_MIN = 1024 };

struct seen {
	struct siphash_key key;
	size_t count, mask;
	uint64_t *slot; // 0: free
};

struct seen *seen_new(void)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	if (!seen)
		return NULL;
	seen->slot = calloc(SLOTS_MIN, sizeof(seen->slot[0]));
	if (!seen->slot || getrandom(&seen->key, sizeof(seen->key), 0) < 0) {
		seen_free(seen);
		return NULL;
	}
	seen->mask = SLOTS_MIN - 1;
	return seen;
}

void seen_free(struct seen *seen)
{
	if (!seen)
		return;
	free(seen->slot);
	free(seen);
}

static bool add(uint64_t *slot, size_t mask, uint64_t hash)
{
	size_t i = hash & mask;

	while (slot[i] && slot[i] != hash)
		i = (i + 1) & mask;
	if (slot[i])
		return false;
	slot[i] = hash;
	return true;
}

static bool grow(struct seen *seen)
{
	size_t mask = seen->mask * 2 + 1;
	uint64_t *slot = calloc(mask + 1, sizeof(slot[0]));

	if (!slot)
		return false;
	for (size_t i = 0; i <= seen->mask; i++)
		if (seen->slot[i])
			add(slot, mask, seen->slot[i]);
	free(seen->slot);
	seen->slot = slot;
	seen->mask = mask;
	return true;
}

bool seen_add(struct seen *seen, enum record_kind kind, struct record_text field)
{
	uint64_t hash = siphash64(&seen->key, field.data, field.len) ^ kind;

	if (seen->count >= seen->mask / 4 * 3 && !grow(seen))
		return true;
	if (!add(seen->slot, seen->mask, hash ? hash : 1))
		return false;
	seen->count++;
	return true;
}

size_t seen_count(const struct seen *seen)
{
	return seen->count;
}
