// SPDX-License-Identifier: Apache-2.0
// Set-associative: a dialog may stand in one of the eight places of its set. Who comes in takes a
// free or forgotten place, or that of the least important mark, the oldest of these.
#include "presence/recent.h"

#include <stdlib.h>

#include "config/clock.h"

enum {
	RECENT_SETS = 1 << 15,
	RECENT_WAYS = 8, // 262,144 places: 8,000 ends of calls a second for 32 s
};

#define RECENT_NS (32 * NS_PER_S) // 64*T1

struct recent_place {
	uint64_t dialog;      // of a hash that is keyed already; 0: free
	uint64_t marked : 56; // in ms
	uint64_t marks : 8;
};

struct recent {
	struct recent_place place[RECENT_SETS][RECENT_WAYS];
};

struct recent *recent_new(void)
{
	return calloc(1, sizeof(struct recent));
}

void recent_free(struct recent *recent)
{
	free(recent);
}

// Call-ID and tags are keyed hashes, so nobody outside can aim at a place. The sum makes the order
// of the tags irrelevant.
static uint64_t dialog_of(struct siphash128 call_key, uint64_t tag, uint64_t other_tag)
{
	uint64_t dialog = call_key.word[0] ^ (tag + other_tag) * UINT64_C(0x9e3779b97f4a7c15);

	return dialog != 0 ? dialog : 1;
}

static bool place_is_live(const struct recent_place *place, uint64_t now_ns)
{
	return place->dialog != 0 && place->marked * NS_PER_MS + RECENT_NS >= now_ns;
}

// Smaller goes first: nothing, then the less important, then the older.
static uint64_t place_worth(const struct recent_place *place, uint64_t now_ns)
{
	if (!place_is_live(place, now_ns))
		return 0;
	return (place->marks & RECENT_OVER ? UINT64_C(1) << 60 : UINT64_C(1) << 56) + place->marked;
}

void recent_mark(struct recent *recent, struct siphash128 call_key, uint64_t tag,
		 uint64_t other_tag, enum recent_mark mark, uint64_t now_ns)
{
	uint64_t dialog = dialog_of(call_key, tag, other_tag);
	struct recent_place *set = recent->place[dialog % RECENT_SETS];
	struct recent_place *place = &set[0];

	for (int i = 0; i < RECENT_WAYS; i++) {
		if (set[i].dialog == dialog) {
			place = &set[i];
			break;
		}
		if (place_worth(&set[i], now_ns) < place_worth(place, now_ns))
			place = &set[i];
	}
	if (place->dialog != dialog || !place_is_live(place, now_ns))
		*place = (struct recent_place){.dialog = dialog};
	place->marked = now_ns / NS_PER_MS;
	place->marks |= (uint8_t)mark;
}

unsigned int recent_marks(const struct recent *recent, struct siphash128 call_key, uint64_t tag,
			  uint64_t other_tag, uint64_t now_ns)
{
	uint64_t dialog = dialog_of(call_key, tag, other_tag);
	const struct recent_place *set = recent->place[dialog % RECENT_SETS];

	for (int i = 0; i < RECENT_WAYS; i++) {
		if (set[i].dialog == dialog)
			return place_is_live(&set[i], now_ns) ? set[i].marks : RECENT_NONE;
	}
	return RECENT_NONE;
}

size_t recent_bytes(void)
{
	return sizeof(struct recent);
}
