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
	struct line_index index; // a folded line starts where the next one starts
	struct {
		uint64_t sum; // of header_slot.count
		// Of the first line of a name: what is behind its colon; 0: there is none.
		uint16_t at[HEADER_NAME_COUNT];
		uint8_t line[HEADER_NAME_COUNT]; // its number
		uint8_t flags;                   // SIP_FOLDED
	};
	char bounce[2 * OCTETS]; // the end of the message, zeros behind it
};

// Names the line that starts at offset `at`, whose octets are at `text`, a window and one more; buf
// has the line end before it, too. False if that isn't CR LF, or a blank is at the start of the
// line or before its colon.
static SIP_INLINE bool name_line(struct names *names, uint64_t *sum, const char *buf,
				 const char *text, size_t at, size_t line)
{
	struct octets octets = octets_lower(octets_load(text));
	size_t stop = low_bit_32(octets_blank_or_colon(octets));
	const struct header_slot *slot = header_slot(octets, stop);
	size_t header;

	if (__builtin_expect(buf[at - 2] != '\r' || text[stop] == ' ', 0))
		return false;
	header = slot->header;
	*sum += slot->count;
	names->line[header] = (uint8_t)line;
	names->at[header] = (uint16_t)(at + stop + 1);
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

// The same for what name_line() leaves. False: that isn't CR LF before the line. A line without a
// name is let pass, as by the reference parser.
static __attribute__((noinline)) bool name_seldom(struct names *names, const char *buf, size_t line)
{
	uint16_t *start = names->index.start + line;
	enum header_name header;
	size_t value;

	if (buf[*start - 2] != '\r')
		return false;
	// Part of the line before it, unless that is the start line.
	if (buf[*start] == ' ' && line > 1) {
		names->flags |= SIP_FOLDED;
		*start = start[1];
		return true;
	}
	header = name_read(buf, *start, &value);
	names->sum += HEADER_COUNT(header);
	names->line[header] = (uint8_t)line;
	names->at[header] = (uint16_t)value;
	return true;
}

// Where the value of a header that is there ends.
static inline size_t names_end(const struct names *names, enum header_name header)
{
	return names->index.start[names->line[header] + 1] - 2u;
}

// To be called before the lines are walked: octets just stored can't be loaded at another offset
// before they are in the cache.
static inline void names_init(struct names *names, const char *buf, uint32_t len)
{
	octets_clear(&names->sum, offsetof(struct names, bounce) - offsetof(struct names, sum));
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
	uint64_t sum = 0;

	// No start line is shorter than "SIP/2.0 200", and the empty line isn't an LF alone.
	if (start[1] < 13 || at + 2 != names->index.header_end ||
	    load_4(buf + at - 2) != WORD_4('\r', '\n', '\r', '\n'))
		return false;
	while (--line != 0 && start[line] >= last) {
		at = start[line];
		if (!name_line(names, &sum, buf, names->bounce + (at - last), at, line) &&
		    !name_seldom(names, buf, line))
			return false;
	}
	for (; line != 0; line--) {
		at = start[line];
		if (!name_line(names, &sum, buf, buf + at, at, line) &&
		    !name_seldom(names, buf, line))
			return false;
	}
	names->sum += sum;
	return HEADER_IS_USUAL(names->sum);
}

// Whether the message has any of the headers that most messages don't have.
static inline bool names_has_seldom(const struct names *names)
{
	return (names->at[HEADER_SESSION_EXPIRES] | names->at[HEADER_REMOTE_PARTY] |
		names->at[HEADER_CALLED_PARTY] | names->at[HEADER_REPLACES] |
		names->at[HEADER_ASSERTED_IDENTITY]) != 0;
}
