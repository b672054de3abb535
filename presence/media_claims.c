// SPDX-License-Identifier: Apache-2.0
// For each slot of the table the claims on it, the latest first; there are rarely two.
#include "presence/media_claims.h"

#include <stdlib.h>
#include <string.h>

#include "config/metric.h"
#include "link/media_table.h"

struct media_claims {
	struct media_table *table;
	struct siphash_key key;
	size_t count;                            // of claims
	struct media_claim *latest[MEDIA_SLOTS]; // pages that nobody touches are none
};

METRIC_GAUGE(entries, "offhook_media_addresses", NULL, "Addresses that media of calls go to")
METRIC_COUNTER(taken_over, "offhook_media_taken_over", NULL,
	       "Media addresses that went to a later call while an older one still had them")
METRIC_COUNTER(no_room, "offhook_media_no_room", NULL,
	       "Media addresses that are not followed, because there are too many")

struct media_claims *media_claims_new(struct media_table *table, const struct siphash_key *key)
{
	struct media_claims *claims = calloc(1, sizeof(*claims));

	if (claims == NULL)
		return NULL;
	claims->table = table;
	claims->key = *key;
	media_table_clear(table);
	return claims;
}

void media_claims_free(struct media_claims *claims)
{
	free(claims);
}

uint64_t media_claims_seen(const struct media_claims *claims, const struct media_claim *claim)
{
	uint64_t now_ns = clock_mono_ns(), seen_ns;

	if (claim->slot == MEDIA_NO_SLOT)
		return claim->seen_ns;
	seen_ns = media_table_seen(claims->table, claim->slot);
	// Written by the other process: never in the future, where it would keep the call for ever.
	if (seen_ns > now_ns)
		seen_ns = now_ns;
	return seen_ns > claim->since_ns ? seen_ns : 0;
}

static void claim_detach(struct media_claims *claims, struct media_claim *claim)
{
	struct media_claim **link = &claims->latest[claim->slot];

	while (*link != claim)
		link = &(*link)->other;
	*link = claim->other;
	claim->seen_ns = media_claims_seen(claims, claim);
	claim->slot = MEDIA_NO_SLOT;
}

// The older calls on the slot go; those that came together with this one stay.
static void take_over(struct media_claims *claims, uint32_t slot, uint64_t now_ns)
{
	struct media_claim *claim = claims->latest[slot], *other;

	for (int sharers = 1; claim != NULL; claim = other) {
		other = claim->other;
		if (claim->since_ns + MEDIA_TOGETHER_NS >= now_ns && ++sharers <= MEDIA_SHARERS)
			continue;
		claim_detach(claims, claim);
		metric_add(&taken_over, 1);
	}
}

bool media_claims_add(struct media_claims *claims, struct media_claim **list,
		      const struct sdp_address *address, uint8_t side, uint64_t now_ns)
{
	uint64_t hash = media_table_hash(&claims->key, address->version, address->octet,
					 address->port);
	struct media_claim *claim = malloc(sizeof(*claim));

	if (claim == NULL)
		return false;
	*claim = (struct media_claim){
		.next = *list,
		.address = *address,
		.slot = media_table_add(claims->table, hash),
		.side = side,
		.since_ns = now_ns,
	};
	*list = claim;
	claims->count++;
	if (claim->slot == MEDIA_NO_SLOT) {
		metric_add(&no_room, 1);
		return true;
	}
	take_over(claims, claim->slot, now_ns);
	claim->other = claims->latest[claim->slot];
	claims->latest[claim->slot] = claim;
	metric_set(&entries, claims->table->entries);
	return true;
}

void media_claims_remove(struct media_claims *claims, struct media_claim **link)
{
	struct media_claim *claim = *link;
	uint32_t slot = claim->slot;

	*link = claim->next;
	if (slot != MEDIA_NO_SLOT) {
		claim_detach(claims, claim);
		if (claims->latest[slot] == NULL)
			media_table_remove(claims->table, slot);
		metric_set(&entries, claims->table->entries);
	}
	claims->count--;
	free(claim);
}

size_t media_claims_bytes(const struct media_claims *claims)
{
	return claims != NULL ? sizeof(*claims) + claims->count * sizeof(struct media_claim) : 0;
}
