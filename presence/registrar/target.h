// SPDX-License-Identifier: Apache-2.0
// One configured target: its addresses (RFC 3263, peer.h), and which of them is to be used now. The
// first address that works is; one that failed is tried again after a while.
#pragma once

#include "presence/net/resolver.h"
#include "presence/registrar/digest.h"
#include "presence/registrar/pacing.h"
#include "presence/registrar/peer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct registrar;

struct target {
	struct registrar *registrar;
	char name[256];
	struct resolver_target where;
	struct peer *peers;
	struct bucket bucket;
	struct digest digest;
	struct timer timer;
	bool resolving;
	bool failed; // nothing has worked since the last thing that did
	uint64_t resolve_ns;
	uint64_t hold_ns; // until then it wants no requests (503 with Retry-After)
	unsigned int open;
	uint64_t sent, answered, timeouts;
	char last_error[160];
};

int target_init(struct target *target, struct registrar *registrar, const char *name);
void target_fini(struct target *target);
// Resolves, and connects what is due; not wanted: lets idle connections go.
void target_work(struct target *target, bool wanted);
// Frees addresses that have left, once nobody waits for an answer from there. Not from a callback
// of a channel.
void target_sweep(struct target *target);
bool target_is_usable(const struct target *target);
// Usable, and the address has not failed a moment ago.
bool target_is_ready(const struct target *target);
// The best open connection to an address not in tried[]; may_wait: also one that is being opened;
// any: also one that has failed. NULL: none.
struct channel *target_channel(struct target *target, struct peer *const *tried, size_t tried_count,
			       bool may_wait, bool any);
// For people: kept as the last error, and logged.
void target_say(struct target *target, const char *what, const char *why);
const char *target_state_name(const struct target *target);
void target_status_peer(const struct target *target, char *out, size_t size);
