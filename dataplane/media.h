// SPDX-License-Identifier: Apache-2.0
// RTP, RTCP and whatever else flows where the media of a call go to (T.38, STUN of ICE): marks the
// address in the segment's table, from which presence learns that the call is alive. The receiver's
// address counts; the sender's, where the receiver's is unknown, as behind a NAT (symmetric RTP,
// RFC 4961). Poll cores and replay have one each.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/media_table.h"
#include "sip/siphash.h"

struct frame;
struct wire_counters;

enum {
	MEDIA_WAITING = 32,
	// A poll core looks at each stream for one turn in so many: at 30 packets a second or more
	// it is seen twice a second.
	MEDIA_TURNS = 16,
	MEDIA_TURN_SHIFT = 25, // a turn in ns: 34 ms
};

struct media {
	struct media_table *table; // NULL: nothing is looked up
	struct siphash_key key;
	bool every; // all datagrams, and at once (replay)
	uint32_t waiting;
	struct media_wait {
		uint64_t target, source; // hashes
		uint64_t now_ns;
	} wait[MEDIA_WAITING]; // their buckets are on the way to the cache
};

// Whether there is any address to find.
static inline bool media_is_watched(const struct media *media)
{
	return media->table && __atomic_load_n(&media->table->entries, __ATOMIC_RELAXED) != 0;
}

// A datagram that is no SIP.
void media_see(struct media *media, const struct frame *frame, const char *payload, size_t len,
	       uint64_t now_ns, struct wire_counters *counters);
// The same for a frame of which rtp_is_plain() is true, where media are watched.
void media_see_plain(struct media *media, const uint8_t *data, uint64_t now_ns,
		     struct wire_counters *counters);
// Looks up what waits: after each burst.
void media_flush(struct media *media, struct wire_counters *counters);
