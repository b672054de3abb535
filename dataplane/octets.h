// SPDX-License-Identifier: Apache-2.0
// Numbers in network order, and what the header before promised of the octets to be read.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct octets {
	const uint8_t *data;
	size_t have; // that can be read
	size_t said; // that the header before says are there; more than have in a frame that was
		     // cut
};

static inline uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | be16(p + 1);
}

static inline uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}
