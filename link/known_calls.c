// SPDX-License-Identifier: Apache-2.0
// A mark is the greater part of a word of the hash, and the time in seconds; 0 seconds: it is over.
// Of two marks that go to the same place at the same time one is lost.
#include "link/known_calls.h"

#include <stddef.h>

enum { NS_PER_SECOND = 1000000000 };

static const uint64_t time_mask = (UINT64_C(1) << 24) - 1; // 194 days

static uint64_t load(const uint64_t *mark)
{
	return __atomic_load_n(mark, __ATOMIC_RELAXED);
}

static uint64_t *marks_of(const struct known_calls *known, struct siphash128 key)
{
	return (uint64_t *)known->bucket[key.word[0] % KNOWN_BUCKETS].mark;
}

static uint64_t *find(const struct known_calls *known, struct siphash128 key)
{
	uint64_t *mark = marks_of(known, key);

	for (int i = 0; i < KNOWN_MARKS; i++) {
		uint64_t value = load(&mark[i]);
		if (value && ((value ^ key.word[1]) & ~time_mask) == 0)
			return &mark[i];
	}
	return NULL;
}

static uint64_t *find_oldest(const struct known_calls *known, struct siphash128 key)
{
	uint64_t *mark = marks_of(known, key), *found = mark;

	for (int i = 1; i < KNOWN_MARKS; i++)
		if ((load(&mark[i]) & time_mask) < (load(found) & time_mask))
			found = &mark[i];
	return found;
}

void known_calls_up(struct known_calls *known, struct siphash128 key, uint64_t now_ns)
{
	uint64_t *mark = find(known, key);
	uint64_t seconds = (now_ns / NS_PER_SECOND + 1) & time_mask;

	if (!mark)
		mark = find_oldest(known, key);
	__atomic_store_n(mark, (key.word[1] & ~time_mask) | seconds, __ATOMIC_RELAXED);
}

void known_calls_over(struct known_calls *known, struct siphash128 key)
{
	uint64_t *mark = find(known, key);

	if (mark)
		__atomic_store_n(mark, load(mark) & ~time_mask, __ATOMIC_RELAXED);
}

bool known_calls_has(const struct known_calls *known, struct siphash128 key)
{
	return find(known, key) != NULL;
}
