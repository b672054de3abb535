// SPDX-License-Identifier: Apache-2.0
// Whose turn it is to publish: one queue for each kind of request, the most urgent first, and a
// token bucket for each target. The queues hold places, not requests: what is sent is decided when
// the turn comes.
#pragma once

#include "presence/registrar/registrar.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pacing {
	struct {
		struct publish_turn *first, **last;
	} queue[PUBLISH_KIND_COUNT];
	size_t count;
};

void pacing_init(struct pacing *pacing);
// Behind all others of its kind; already there with another kind: moves.
void pacing_add(struct pacing *pacing, struct publish_turn *turn, enum publish_kind kind);
void pacing_remove(struct pacing *pacing, struct publish_turn *turn); // not queued: no-op
// The next in order, no longer queued; NULL: nobody waits.
struct publish_turn *pacing_take(struct pacing *pacing);

struct bucket {
	double rate;  // tokens a second
	double burst; // at most
	double tokens;
	uint64_t filled_ns;
};

void bucket_init(struct bucket *bucket, double rate, double burst, uint64_t now_ns); // full
void bucket_change(struct bucket *bucket, double rate, double burst, uint64_t now_ns);
bool bucket_take(struct bucket *bucket, uint64_t now_ns);
// For a request that left without asking: the bucket may owe up to a burst.
void bucket_charge(struct bucket *bucket, uint64_t now_ns);
// When the next token will be there.
uint64_t bucket_next_ns(const struct bucket *bucket, uint64_t now_ns);
