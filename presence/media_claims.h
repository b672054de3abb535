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

// Calls have two or more each, hence its size. Numbers are those of media_claims_at().
struct media_claim {
	uint32_t next;        // of the same call
	uint32_t other;       // of the same address, or one beside it
	uint32_t address;     // IPv4, or the number of the IPv6 address
	uint32_t slot : 22;   // of the table; MEDIA_NO_SLOT: taken by a later call, or no room
	uint32_t side : 1;    // whose it is; for the owner of the list
	uint32_t is_wide : 1; // IPv6
	uint64_t port : 16;
	uint64_t time_ms : 48; // since when; without a slot: when it was last seen in it, or 0
};

// The table is emptied. NULL: no memory.
struct media_claims *media_claims_new(struct media_table *table, const struct siphash_key *key);
void media_claims_free(struct media_claims *claims);

// Puts a claim on the list, the number of whose first stands in *list, 0 being none. false: no
// memory. Without room in the table it is a claim that is never seen.
bool media_claims_add(struct media_claims *claims, uint32_t *list,
		      const struct sdp_address *address, uint8_t side, uint64_t now_ns);
// Takes the claim *link off its list. link: in the claim before, or the list's own.
void media_claims_remove(struct media_claims *claims, uint32_t *link);
// NULL: number is 0.
struct media_claim *media_claims_at(const struct media_claims *claims, uint32_t number);
// Whether the table has it.
bool media_claims_is_held(const struct media_claim *claim);
struct sdp_address media_claims_address(const struct media_claims *claims,
					const struct media_claim *claim);
// When something was last seen there, since it was claimed; 0: never.
uint64_t media_claims_seen(const struct media_claims *claims, const struct media_claim *claim);
size_t media_claims_bytes(const struct media_claims *claims); // NULL: 0
