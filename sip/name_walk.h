// SPDX-License-Identifier: Apache-2.0
// What the lines of a usual message are called, and where the values are. Nobody can guess which
// header comes when, so there is no branch that depends on it: every line is looked up and noted
// alike. Compiled with the fast parser, once a kernel (kernel_*.c). Private to sip/.
#pragma once

#include <stddef.h>

#include "sip/header_table.h"
#include "sip/line_walk.h"
#include "sip/msg.h"

struct names {
	struct line_index index;
	struct {
		uint64_t sum; // of header_slot.count
		// Of the first line of a name: where the value is, from behind the colon to the
		// line behind it and its folded lines. at 0: there is none.
		uint32_t at[HEADER_NAME_COUNT];
		uint32_t flags; // SIP_FOLDED
	};
	uint32_t next[HEADER_NAME_COUNT];
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

	if (__builtin_expect(buf[at - 2] != '\r' || line[stop] == ' ', 0))
		return false;
	naming->sum += slot->count;
	names->at[header] = (uint32_t)(at + stop + 1);
	names->next[header] = naming->next;
	naming->next = (uint32_t)at;
	return true;
}

// The name of the line that starts at `at`, whatever blanks follow it, and where its value is.
static inline enum header_name name_read(const char *buf, size_t at, size_t *value)
{
	size_t end = at;

	while ((unsigned char)buf[end] > ' ' && buf[end] != ':' && buf[end] != 0x7f)
		end++;
	for (*value = end; buf[*value] == ' ';)
		++*value;
	return buf[(*value)++] == ':' ? header_lookup(buf + at, end - at) : HEADER_NONE;
}

// The same for what name_line() leaves; `next` is the line named last, and what is returned the one
// to go on from: of a folded line it stays. 0: that isn't CR LF before the line. A line without a
// name is let pass, as by the reference parser.
static __attribute__((noinline)) uint32_t name_seldom(struct names *names, const char *buf,
						      uint32_t at, uint32_t next)
{
	enum header_name header;
	size_t value;

	if (buf[at - 2] != '\r')
		return 0;
	if (buf[at] == ' ') {
		names->flags |= at > names->index.start[1] ? SIP_FOLDED : 0;
		return next;
	}
	header = name_read(buf, at, &value);
	names->sum += HEADER_COUNT(header);
	names->at[header] = (uint32_t)value;
	names->next[header] = next;
	return at;
}

// To be called before the lines are walked: octets just stored can't be loaded at another offset
// before they are in the cache.
static inline void names_init(struct names *names, const char *buf, uint32_t len)
{
	octets_clear(&names->sum, offsetof(struct names, next) - offsetof(struct names, sum));
	octets_store(names->bounce, octets_load(buf + len - OCTETS));
	octets_clear(names->bounce + OCTETS, OCTETS);
}

// Names the lines from the last to the first: of several the first one stays. False if one doesn't
// end with CR LF, or if HEADER_IS_USUAL() says so. A function of its own: the loop needs all
// registers.
static __attribute__((noinline)) bool name_walk(const char *buf, uint32_t len, struct names *names)
{
	const uint16_t *start = names->index.start;
	size_t line = names->index.count, at = start[line], last = len - OCTETS;
	struct naming naming = {.next = (uint32_t)at};

	// No start line is shorter than "SIP/2.0 200", and the empty line isn't an LF alone.
	if (start[1] < 13 || at + 2 != names->index.header_end ||
	    load_4(buf + at - 2) != WORD_4('\r', '\n', '\r', '\n'))
		return false;
	while (--line != 0 && start[line] >= last) {
		at = start[line];
		if (!name_line(&naming, names, buf, names->bounce + (at - last), at) &&
		    (naming.next = name_seldom(names, buf, (uint32_t)at, naming.next)) == 0)
			return false;
	}
	for (; line != 0; line--) {
		at = start[line];
		if (!name_line(&naming, names, buf, buf + at, at) &&
		    (naming.next = name_seldom(names, buf, (uint32_t)at, naming.next)) == 0)
			return false;
	}
	names->sum += naming.sum;
	return HEADER_IS_USUAL(names->sum);
}

// Whether the message has any of the headers that most messages don't have.
static inline bool names_has_seldom(const struct names *names)
{
	return (names->at[HEADER_SESSION_EXPIRES] | names->at[HEADER_REMOTE_PARTY] |
		names->at[HEADER_CALLED_PARTY] | names->at[HEADER_REPLACES] |
		names->at[HEADER_ASSERTED_IDENTITY]) != 0;
}
