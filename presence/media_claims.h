// SPDX-License-Identifier: Apache-2.0
// Who the addresses in the segment's media table belong to. The SBC gives a port that is free again
// to the next call, so a call that claims an address takes it from an older one that still has it:
// that one has lost its BYE, and what flows there is no sign of its life any more. Calls that claim
// the same address together are legs of one call that share their media. One thread: the worker's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/clock.h"
#include "sip/sdp.h"
#include "sip/siphash.h"

struct media_claims;
struct media_table;

// A B2BUA that lets phones send to each other tells both legs within a round trip or two. No port
// is free again so early.
#define MEDIA_TOGETHER_NS (2 * NS_PER_S)

// So many at most: servers with one port for everybody would else have all their calls in one list.
enum { MEDIA_SHARERS = 8 };

struct media_claim {
	struct media_claim *next;  // of the same call
	struct media_claim *other; // of the same address
	struct sdp_address address;
	uint32_t slot; // of the table; MEDIA_NO_SLOT: taken by a later call, or there was no room
	uint8_t side;  // whose it is; for the owner of the list
	uint64_t since_ns;
	uint64_t seen_ns; // when it was last seen before it was taken; 0: never
};

// The table is emptied. NULL: no memory.
struct media_claims *media_claims_new(struct media_table *table, const struct siphash_key *key);
void media_claims_free(struct media_claims *claims); // whose lists are empty

// Puts a claim on the list. false: no memory. Without room in the table it is a claim that is never
// seen.
bool media_claims_add(struct media_claims *claims, struct media_claim **list,
		      const struct sdp_address *address, uint8_t side, uint64_t now_ns);
// Takes *link off its list.
void media_claims_remove(struct media_claims *claims, struct media_claim **link);
// When something was last seen there, since it was claimed; 0: never.
uint64_t media_claims_seen(const struct media_claims *claims, const struct media_claim *claim);
size_t media_claims_bytes(const struct media_claims *claims); // NULL: 0
