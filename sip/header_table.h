// SPDX-License-Identifier: Apache-2.0
// The table of header field names, by a hash that tells them all apart. Private to sip/.
#pragma once

#include <stdint.h>

#include "sip/header.h"
#include "sip/octets.h"

enum { HEADER_SLOTS = 64 };

// Of a name's first two octets, the colon being one of them, in lower case, and its length. The
// factor was found by trying random ones; the compiler warns when a new name collides.
#define HEADER_SLOT(a, b, len) \
	((((uint32_t)(a) | (uint32_t)(b) << 8) + 8 * (uint32_t)(len)) * UINT32_C(0x1465a7e9) >> 26)

struct header_slot {
	char name[OCTETS]; // in lower case, with the colon, zeros behind it
	// The enum header_name, an addend to count those that are usual once, and a bit for the
	// name: the sum and the bits of all names of a message say what it has, and whether
	// something comes twice. 0: no name.
	uint64_t entry;
} __attribute__((aligned(64)));

extern SIP_PRIVATE const struct header_slot header_slots[HEADER_SLOTS];

enum {
	HEADER_NUMBER = 0xff,
	HEADER_ONCE = 1 << 16,
	HEADER_ONCE_SUM = 0x7fff << 16,
	HEADER_SEEN_SHIFT = 32,
	// P-Asserted-Identity isn't wrong twice, but unusual.
	HEADER_USUAL_ONCE = HEADER_SINGLETONS | 1 << HEADER_ASSERTED_IDENTITY,
};

// Where the name would be that a line starts with.
static inline const struct header_slot *header_slot(const char *line, uint32_t len)
{
	return &header_slots[HEADER_SLOT(load_2(line) | 0x2020, 0, len)];
}
