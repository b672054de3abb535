// SPDX-License-Identifier: Apache-2.0
// The methods, by a hash of their letters that tells them all apart. Private to sip/.
#pragma once

#include <stdint.h>

#include "sip/octets.h"

enum { METHOD_SLOTS = 16 };

// The factor was found by trying random ones; the compiler warns when a new method collides.
#define METHOD_SLOT(word) (((word)*UINT64_C(0x14905181a01fd295)) >> 60)

struct method_slot {
	uint64_t word;  // the last eight letters at most, zeros behind a shorter name
	uint8_t method; // enum sip_method
	uint8_t len;    // nine only of SUBSCRIBE
};

extern SIP_PRIVATE const struct method_slot method_slots[METHOD_SLOTS];
