// SPDX-License-Identifier: Apache-2.0
// The claims on an address hang in one list, the latest first; there are rarely two. Two slots of
// the table have a list together, so that there are as many lists as there may be addresses.
#include "presence/media_claims.h"

#include <stdlib.h>
#include <string.h>

#include "config/metric.h"
#include "link/media_table.h"
#include "presence/slab.h"

enum {
	LISTS_OF_BUCKET = MEDIA_WAYS / 2, // of its ways, of which the first are taken first
	LISTS = MEDIA_BUCKETS * LISTS_OF_BUCKET,
	WIDE_BYTES = 16,
};

struct media_claims {
	struct media_table *table;
	struct siphash_key key;
	struct slab claim;
	struct slab wide;       // IPv6 addresses
	uint32_t latest[LISTS]; // pages that nobody touches are none
};

_Static_assert(sizeof(struct media_claim) == 24, "two of these and the call stay below 240 octets");
_Static_assert(MEDIA_NO_SLOT < 1 << 22, "fits media_claim.slot");

METRIC_GAUGE(entries, "offhook_media_addresses", NULL, "Addresses that media of calls go to")
METRIC_COUNTER(taken_over, "offhook_media_taken_over", NULL,
	       "Media addresses that went to a later call while an older one still had them")
METRIC_COUNTER(no_room, "offhook_media_no_room", NULL,
	       "Media addresses that are not followed, because there are too many")

// Rounded up: since when, so that a mark of the call before never counts; when it was last seen, as
// the deadlines that follow from it are (net/timer_wheel.h).
static uint64_t ms_of(uint64_t ns)
{
	return (ns + NS_PER_MS - 1) / NS_PER_MS;
}

struct media_claims *media_claims_new(struct media_table *table, const struct siphash_key *key)
{
	struct media_claims *claims = calloc(1, sizeof(*claims));

	if (claims == NULL)
		return NULL;
	claims->table = table;
	claims->key = *key;
	slab_init(&claims->claim, sizeof(struct media_claim));
	slab_init(&claims->wide, WIDE_BYTES);
	media_table_clear(table);
	return claims;
}

void media_claims_free(struct media_claims *claims)
{
	if (claims == NULL)
		return;
	slab_fini(&claims->claim);
	slab_fini(&claims->wide);
	free(claims);
}

struct media_claim *media_claims_at(const struct media_claims *claims, uint32_t number)
{
	return number != 0 ? slab_at(&claims->claim, number) : NULL;
}

bool media_claims_is_held(const struct media_claim *claim)
{
	return claim->slot != MEDIA_NO_SLOT;
}

struct sdp_address media_claims_address(const struct media_claims *claims,
					const struct media_claim *claim)
{
	struct sdp_address address = {
		.version = claim->is_wide ? 6 : 4,
		.port = claim->port,
	};

	if (claim->is_wide)
		memcpy(address.octet, slab_at(&claims->wide, claim->address), WIDE_BYTES);
	else
		memcpy(address.octet, &claim->address, sizeof(claim->address));
	return address;
}

uint64_t media_claims_seen(const struct media_claims *claims, const struct media_claim *claim)
{
	uint64_t now_ns = clock_mono_ns(), time_ns = claim->time_ms * NS_PER_MS, seen_ns;

	if (!media_claims_is_held(claim))
		return time_ns;
	seen_ns = media_table_seen(claims->table, claim->slot);
	// Written by the other process: never in the future, where it would keep the call for ever.
	if (seen_ns > now_ns)
		seen_ns = now_ns;
	return seen_ns > time_ns ? seen_ns : 0;
}

static uint32_t *latest_of(struct media_claims *claims, uint32_t slot)
{
	return &claims->latest[slot / MEDIA_WAYS * LISTS_OF_BUCKET + slot % LISTS_OF_BUCKET];
}

// The first on the list that claims this slot, from `number` on; 0: none.
static uint32_t holder_find(const struct media_claims *claims, uint32_t slot, uint32_t number)
{
	while (number != 0 && media_claims_at(claims, number)->slot != slot)
		number = media_claims_at(claims, number)->other;
	return number;
}

static void claim_detach(struct media_claims *claims, uint32_t number)
{
	struct media_claim *claim = media_claims_at(claims, number);
	uint32_t *link = latest_of(claims, claim->slot);

	while (*link != number)
		link = &media_claims_at(claims, *link)->other;
	*link = claim->other;
	claim->time_ms = ms_of(media_claims_seen(claims, claim));
	claim->slot = MEDIA_NO_SLOT;
}

// The older calls on the slot go; those that came together with this one stay.
static void take_over(struct media_claims *claims, uint32_t slot, uint64_t now_ns)
{
	uint32_t number = holder_find(claims, slot, *latest_of(claims, slot)), other;

	for (int sharers = 1; number != 0; number = holder_find(claims, slot, other)) {
		const struct media_claim *claim = media_claims_at(claims, number);

		other = claim->other;
		if (claim->time_ms * NS_PER_MS + MEDIA_TOGETHER_NS >= now_ns &&
		    ++sharers <= MEDIA_SHARERS)
			continue;
		claim_detach(claims, number);
		metric_add(&taken_over, 1);
	}
}

// false: no memory.
static bool address_put(struct media_claims *claims, struct media_claim *claim,
			const struct sdp_address *address)
{
	claim->port = address->port;
	claim->is_wide = address->version == 6;
	if (!claim->is_wide) {
		memcpy(&claim->address, address->octet, sizeof(claim->address));
		return true;
	}
	claim->address = slab_take(&claims->wide);
	if (claim->address == 0)
		return false;
	memcpy(slab_at(&claims->wide, claim->address), address->octet, WIDE_BYTES);
	return true;
}

bool media_claims_add(struct media_claims *claims, uint32_t *list,
		      const struct sdp_address *address, uint8_t side, uint64_t now_ns)
{
	uint64_t hash = media_table_hash(&claims->key, address->version, address->octet,
					 address->port);
	uint32_t number = slab_take(&claims->claim), slot;
	struct media_claim *claim = media_claims_at(claims, number);

	if (claim == NULL)
		return false;
	*claim = (struct media_claim){0};
	if (!address_put(claims, claim, address)) {
		slab_put(&claims->claim, number);
		return false;
	}
	slot = media_table_add(claims->table, hash);
	claim->next = *list;
	claim->side = side;
	claim->slot = slot;
	*list = number;
	if (slot == MEDIA_NO_SLOT) {
		metric_add(&no_room, 1);
		return true;
	}
	claim->time_ms = ms_of(now_ns);
	take_over(claims, slot, now_ns);
	claim->other = *latest_of(claims, slot);
	*latest_of(claims, slot) = number;
	metric_set(&entries, claims->table->entries);
	return true;
}

void media_claims_remove(struct media_claims *claims, uint32_t *link)
{
	uint32_t number = *link;
	struct media_claim *claim = media_claims_at(claims, number);
	uint32_t slot = claim->slot;

	*link = claim->next;
	if (slot != MEDIA_NO_SLOT) {
		claim_detach(claims, number);
		if (holder_find(claims, slot, *latest_of(claims, slot)) == 0)
			media_table_remove(claims->table, slot);
		metric_set(&entries, claims->table->entries);
	}
	if (claim->is_wide)
		slab_put(&claims->wide, claim->address);
	slab_put(&claims->claim, number);
}

size_t media_claims_bytes(const struct media_claims *claims)
{
	if (claims == NULL)
		return 0;
	return sizeof(*claims) + slab_bytes(&claims->claim) + slab_bytes(&claims->wide);
}
