// SPDX-License-Identifier: Apache-2.0
// The lines of a session description that say something to sdp.c, 64 octets at a time: c=, m=, and
// those attributes that begin like a direction or like rtcp:. Nine lines in ten of what phones send
// are codecs and candidates. Compiled once for each instruction set; private to sip/.
#pragma once

#include "sip/octets.h"

enum {
	SDP_LINES = 64,       // found at a time
	SDP_LINES_BLOCK = 22, // in one block at most: a line has three octets with its end
	SDP_LINE_HEAD = 5,    // as much of a line is looked at, and the line feed before it
};

// Bit n: a line of interest begins behind octet n, which is the line feed before it.
static SIP_INLINE uint64_t sdp_starts(const char *at)
{
	static const struct octet_set own = {OCTET_SET([0x3] = 'c', [0xd] = 'm')};
	static const struct octet_set first = {OCTET_SET([0x2] = 'r', [0x3] = 's', [0x9] = 'i')};
	struct block feed = block_load(at), type = block_load(at + 1), equals = block_load(at + 2);
	struct block name = block_load(at + 3), behind = block_load(at + 5);
	// a=rtpmap is the most frequent of all.
	uint64_t attributes = block_equal(&type, 'a') & block_among(&name, &first) &
			      ~block_equal(&behind, 'p');

	return block_equal(&feed, '\n') & block_equal(&equals, '=') &
	       (block_among(&type, &own) | attributes);
}

// Where such lines begin in text[*from..len), but the first line of a text; how many. *from is
// moved to where the next call goes on: to len, or beyond, when there are no more.
static SIP_INLINE uint32_t sdp_walk(const char *text, uint32_t len, uint32_t *from, uint32_t *line)
{
	uint32_t at = *from, count = 0;

	for (; at < len && count <= SDP_LINES - SDP_LINES_BLOCK; at += BLOCK) {
		char tail[BLOCK + SDP_LINE_HEAD];
		bool is_tail = len - at < sizeof(tail);
		if (is_tail) {
			memset(tail, 0, sizeof(tail));
			memcpy(tail, text + at, len - at);
		}
		uint64_t starts = sdp_starts(is_tail ? tail : text + at);
		// Nobody can predict whether a block has none, one or two.
		for (int i = 0; i < 2; i++) {
			line[count] = at + 1 + low_bit(starts);
			count += starts != 0;
			starts &= starts - 1;
		}
		for (; starts; starts &= starts - 1)
			line[count++] = at + 1 + low_bit(starts);
	}
	*from = at;
	return count;
}
