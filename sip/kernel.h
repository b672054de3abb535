// SPDX-License-Identifier: Apache-2.0
// The fast parser, its line index and the hashes of a message's values, once for each instruction
// set; each is a library of its own with its own machine flags. Private to sip/.
#pragma once

#include "sip/line_index.h"
#include "sip/msg.h"
#include "sip/siphash.h"

#define KERNEL(name)                                                                  \
	int line_index_##name(const char *buf, size_t len, struct line_index *index); \
	bool usual_parse_##name(const char *buf, size_t len, struct sip_msg *msg)
// Registers of four words.
#define KERNEL_WIDE(name)                                                                          \
	void siphash_four_##name(const struct siphash_key *key, const struct siphash_text text[4], \
				 struct siphash128 *wide, uint64_t narrow[3])

KERNEL(scalar);
KERNEL(sse42);
KERNEL(avx2);
KERNEL(avx512);
KERNEL_WIDE(avx2);
KERNEL_WIDE(avx512);

// For kernel_NAME.c.
#define KERNEL_DEFINE(name)                                                          \
	int line_index_##name(const char *buf, size_t len, struct line_index *index) \
	{                                                                            \
		return line_walk(buf, len, index);                                   \
	}                                                                            \
	bool usual_parse_##name(const char *buf, size_t len, struct sip_msg *msg)    \
	{                                                                            \
		return usual_parse(buf, len, msg);                                   \
	}                                                                            \
	_Static_assert(sizeof(#name) > 1, "ends with a semicolon")
#define KERNEL_DEFINE_WIDE(name)                               \
	KERNEL_WIDE(name)                                      \
	{                                                      \
		siphash_side_by_side(key, text, wide, narrow); \
	}                                                      \
	_Static_assert(sizeof(#name) > 1, "ends with a semicolon")
