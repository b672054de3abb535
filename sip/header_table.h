// SPDX-License-Identifier: Apache-2.0
// The table of header field names, by a hash that tells them all apart. Private to sip/.
#pragma once

#include <stdint.h>

#include "sip/header.h"
#include "sip/octets.h"

enum { HEADER_SLOTS = 64 };

// Of a name's first two octets in lower case, the colon being one of them, and its length. The
// factor was found by trying random ones; the compiler warns when a new name collides, also with
// the slot of no name, which is the first.
#define HEADER_FACTOR          UINT32_C(0x5369774d)
#define HEADER_HASH(two, len)  (((two) + (len)) * HEADER_FACTOR >> 26)
#define HEADER_SLOT(a, b, len) HEADER_HASH((uint32_t)(a) | (uint32_t)(b) << 8, (uint32_t)(len))

struct header_slot {
	char name[23];  // in lower case, with the colon, zeros behind it
	uint8_t header; // enum header_name; HEADER_NONE: no name
	// The sum of the counts of all lines says what came how often: an octet for each name of
	// which that matters, which are the first of enum header_name.
	uint64_t count;
	char mask[OCTETS]; // ones for the octets of the name and its colon
} __attribute__((aligned(2 * OCTETS)));

#define HEADER_COUNT(header)                                             \
	((header) != HEADER_NONE && (header) <= HEADER_ASSERTED_IDENTITY \
		 ? UINT64_C(1) << ((header)-1) % 8 * 8                   \
		 : 0)

// Of a sum: Call-ID, CSeq, From and To came once, Content-Length and Max-Forwards not twice. No
// counter overflows, as there are at most 255 header lines.
#define HEADER_IS_USUAL(sum) (((sum)&UINT64_C(0x0000fefeffffffff)) == UINT64_C(0x01010101))
#define HEADER_ASSERTED(sum) ((sum) / HEADER_COUNT(HEADER_ASSERTED_IDENTITY) & 0xff)

extern SIP_PRIVATE const struct header_slot header_slots[HEADER_SLOTS];

// The slot of the name that a line starts with, or the one of no name: the line's octets in lower
// case, and where its first colon is. Not by a branch, as nobody can guess which names are known.
static SIP_INLINE const struct header_slot *header_slot(struct octets line, size_t colon)
{
	const struct header_slot *slot =
		&header_slots[HEADER_HASH(octets_two(line), (uint32_t)colon)];

	return octets_agree(line, octets_load(slot->name), octets_load(slot->mask))
		       ? slot
		       : &header_slots[0];
}
