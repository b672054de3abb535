// SPDX-License-Identifier: Apache-2.0
// RTP, RTCP and whatever else flows where the media of a call go to (T.38, STUN of ICE): marks the
// address in the segment's table, from which presence learns that the call is alive. The receiver's
// address counts; the sender's, where the receiver's is unknown, as behind a NAT (symmetric RTP,
// RFC 4961). Poll cores and replay have one each.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/rtp.h"
#include "link/media_table.h"
#include "sip/siphash.h"

struct frame;
struct wire_counters;

enum {
	MEDIA_WAITING = 32,
	// A poll core looks at each stream for one turn in so many: at 30 packets a second or more
	// it is seen twice a second.
	MEDIA_TURNS = 1 << 4,
	MEDIA_TURN_BITS_OFF = 32 - 4,
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

// RFC 3550 5.1: version 2 in the first two bits. RFC 5761 4: second octets of RTCP, which RTP has
// none of. RTCP comes every few seconds only, and may be all that a held call has: it needs no
// turn.
static inline bool media_is_rtcp(const uint8_t *payload, size_t len)
{
	return len >= 2 && (payload[0] & 0xc0) == 0x80 && (payload[1] & 0xe0) == 0xc0;
}

// A stream's turn follows from its ports alone, so that it has one however its packets mix with
// others'. Knuth's multiplicative hash spreads ports that are all even, or all multiples of ten.
static inline bool media_is_its_turn(uint32_t ports, uint64_t now_ns)
{
	return (ports * UINT32_C(2654435761)) >> MEDIA_TURN_BITS_OFF ==
	       (now_ns >> MEDIA_TURN_SHIFT) % MEDIA_TURNS;
}

// A datagram that is no SIP.
void media_see(struct media *media, const struct frame *frame, const char *payload, size_t len,
	       uint64_t now_ns, struct wire_counters *counters);
void media_wait_plain(struct media *media, const uint8_t *data, bool rtcp, uint64_t now_ns,
		      struct wire_counters *counters);
// The same for a frame of which rtp_is_plain() is true, where media are watched. In the header,
// because fifteen frames in sixteen are done with after it.
static inline void media_see_plain(struct media *media, const uint8_t *data, uint64_t now_ns,
				   struct wire_counters *counters)
{
	const uint8_t *udp = data + RTP_UDP_OFF;
	bool rtcp = media_is_rtcp(data + RTP_PAYLOAD_OFF, be16(udp + 4) - 8u);

	if (rtcp || media_is_its_turn(be32(udp), now_ns))
		media_wait_plain(media, data, rtcp, now_ns, counters);
}

// Looks up what waits.
void media_flush(struct media *media, struct wire_counters *counters);
// After each burst: once there is enough to wait for, so that memory has had time to answer. After
// a poll that found nothing media_flush() does the rest.
static inline void media_flush_many(struct media *media, struct wire_counters *counters)
{
	if (media->waiting >= MEDIA_WAITING / 2)
		media_flush(media, counters);
}
