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
	uint64_t sum;     // of header_slot.count
	uint32_t blanks;  // not 0: a blank is at the start of a line or before its colon
	uint32_t endings; // the lower half not 0: a line doesn't end with CR LF
	uint32_t next;    // the start of the line named last
};

// Names the line that starts at offset `at`, whose octets are at `line`; buf has the line end
// before it, too.
static SIP_INLINE void name_line(struct naming *naming, struct names *names, const char *buf,
				 const char *line, size_t at)
{
	struct octets octets = octets_lower(octets_load(line));
	uint32_t colon = octets_equal(octets, ':');
	// The line end before it, which leaves zeros, and the first two octets.
	uint32_t word = load_4(buf + at - 2) ^ WORD_4('\r', '\n', 0, 0);
	const struct header_slot *slot = header_slot(octets, colon, word);

	naming->blanks |= octets_equal(octets, ' ') & (colon ^ (colon - 1));
	naming->endings |= word;
	naming->sum += slot->count;
	names->at[slot->header] = (uint32_t)at + low_bit_32(colon) + 1;
	names->next[slot->header] = naming->next;
	naming->next = (uint32_t)at;
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
// what a usual one is: it ends with CR LF, no blank is at its start or before its colon; or if
// HEADER_IS_USUAL() says so. A function of its own: the loop needs all registers.
static __attribute__((noinline)) bool name_walk(const char *buf, uint32_t len, struct names *names)
{
	const uint16_t *first = names->index.start, *start = first + names->index.count;
	uint32_t last = len - OCTETS;
	struct naming naming = {.next = *start};

	// No start line is shorter than "SIP/2.0 200 ", and the empty line isn't an LF alone.
	if (first[1] < 14 || *start + 2u != names->index.header_end ||
	    load_4(buf + *start - 2) != WORD_4('\r', '\n', '\r', '\n'))
		return false;
	start--;
	for (; start > first && *start > last; start--)
		name_line(&naming, names, buf, names->bounce + (*start - last), *start);
	for (; start > first; start--)
		name_line(&naming, names, buf, buf + *start, *start);
	return naming.blanks == 0 && (uint16_t)naming.endings == 0 && HEADER_IS_USUAL(naming.sum);
}

// Whether the message has any of the headers that most messages don't have.
static inline bool names_has_seldom(const struct names *names)
{
	return (names->at[HEADER_SESSION_EXPIRES] | names->at[HEADER_REMOTE_PARTY] |
		names->at[HEADER_CALLED_PARTY] | names->at[HEADER_REPLACES] |
		names->at[HEADER_ASSERTED_IDENTITY]) != 0;
}
