// SPDX-License-Identifier: Apache-2.0
// Which calls were ever answered, in shared memory: tells the end of a call from a BYE that anybody
// can make up, when there is no room for both. Poll cores mark what they tell, presence what it
// read back from its store, so that it outlives either. Of fixed size: where it is full, calls that
// have ended are forgotten first, then the oldest. Any thread of either process; no locks.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sip/siphash.h"

enum {
	KNOWN_MARKS = 8,         // one cache line
	KNOWN_BUCKETS = 1 << 18, // twice a million calls, as buckets don't fill evenly; 16 MiB
};

struct known_calls {
	struct {
		_Alignas(64) uint64_t mark[KNOWN_MARKS]; // wire: rw, presence: wo
	} bucket[KNOWN_BUCKETS];
};

// key: the keyed hash of the Call-ID (struct call_event). now_ns: monotonic.
void known_calls_up(struct known_calls *known, struct siphash128 key, uint64_t now_ns);
void known_calls_over(struct known_calls *known, struct siphash128 key);
// Whether it was up. An end may come twice, or from another leg: one that is over is still known,
// as long as there is room.
bool known_calls_has(const struct known_calls *known, struct siphash128 key);
