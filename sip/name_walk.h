// SPDX-License-Identifier: Apache-2.0
// What the lines of a usual message are called, and where the values are. Nobody can guess which
// header comes when, so there is no branch that depends on it: every line is looked up and noted
// alike. Compiled with the fast parser, once a kernel (kernel_*.c). Private to sip/.
#pragma once

#include "sip/header_table.h"
#include "sip/line_walk.h"

struct names {
	struct line_index index;
	// Of the first line of a name: where the value is, from behind the colon to the line behind
	// it. at 0: there is none.
	uint32_t at[HEADER_NAME_COUNT], next[HEADER_NAME_COUNT];
	char bounce[2 * OCTETS]; // the end of the message, zeros behind it
};

// What the lines from some line to the last one have.
struct naming {
	uint64_t sum;  // of header_slot.count
	uint32_t next; // the start of the line named last
};

// Names the line that starts at offset `at`, whose octets are at `line`, a window and one more; buf
// has the line end before it, too. False if that isn't CR LF, or a blank is at the start of the
// line or before its colon.
static SIP_INLINE bool name_line(struct naming *naming, struct names *names, const char *buf,
				 const char *line, size_t at)
{
	struct octets octets = octets_lower(octets_load(line));
	size_t stop = low_bit_32(octets_blank_or_colon(octets));
	const struct header_slot *slot = header_slot(octets, stop);
	enum header_name header = (enum header_name)slot->header;

	naming->sum += slot->count;
	names->at[header] = (uint32_t)(at + stop + 1);
	names->next[header] = naming->next;
	naming->next = (uint32_t)at;
	return buf[at - 2] == '\r' && line[stop] != ' ';
}

// To be called before the lines are walked: octets just stored can't be loaded at another offset
// before they are in the cache.
static inline void names_init(struct names *names, const char *buf, uint32_t len)
{
	octets_clear(names->at, sizeof(names->at));
	octets_store(names->bounce, octets_load(buf + len - OCTETS));
	octets_clear(names->bounce + OCTETS, OCTETS);
}

// Names the lines from the last to the first: of several the first one stays. False if a line isn't
// what a usual one is: see name_line(); or if HEADER_IS_USUAL() says so. A function of its own: the
// loop needs all registers.
static __attribute__((noinline)) bool name_walk(const char *buf, uint32_t len, struct names *names)
{
	const uint16_t *start = names->index.start;
	size_t line = names->index.count, at = start[line], last = len - OCTETS;
	struct naming naming = {.next = (uint32_t)at};

	// No start line is shorter than "SIP/2.0 200 ", and the empty line isn't an LF alone.
	if (start[1] < 14 || at + 2 != names->index.header_end ||
	    load_4(buf + at - 2) != WORD_4('\r', '\n', '\r', '\n'))
		return false;
	while (--line != 0 && start[line] >= last) {
		at = start[line];
		if (!name_line(&naming, names, buf, names->bounce + (at - last), at))
			return false;
	}
	for (; line != 0; line--) {
		at = start[line];
		if (!name_line(&naming, names, buf, buf + at, at))
			return false;
	}
	return HEADER_IS_USUAL(naming.sum);
}

// Whether the message has any of the headers that most messages don't have.
static inline bool names_has_seldom(const struct names *names)
{
	return (names->at[HEADER_SESSION_EXPIRES] | names->at[HEADER_REMOTE_PARTY] |
		names->at[HEADER_CALLED_PARTY] | names->at[HEADER_REPLACES] |
		names->at[HEADER_ASSERTED_IDENTITY]) != 0;
}
