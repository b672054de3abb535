// SPDX-License-Identifier: Apache-2.0
#include "sip/header.h"

#include <stdint.h>

#include "sip/scan.h"

struct entry {
	char name[24]; // lower case
	uint8_t len;
	uint8_t header; // enum header_name
};

enum { TABLE_SIZE = 64 };

// First, last (of at most 16) and number of letters tell all names of the table apart; found by
// trying small factors. test_header fails when a new name collides.
static inline uint32_t slot(uint32_t first, uint32_t last, uint32_t len)
{
	return (2 * first + 9 * last + 2 * len) % TABLE_SIZE;
}

#define ENTRY(text, first, last, number)                       \
	[(2 * (first) + 9 * (last) + 2 * (sizeof(text) - 1)) % \
		TABLE_SIZE] = {.name = text, .len = sizeof(text) - 1, .header = number}

// clang-format off
static const struct entry table[TABLE_SIZE] = {
	ENTRY("call-id", 'c', 'd', HEADER_CALL_ID),
	ENTRY("i", 'i', 'i', HEADER_CALL_ID),
	ENTRY("cseq", 'c', 'q', HEADER_CSEQ),
	ENTRY("from", 'f', 'm', HEADER_FROM),
	ENTRY("f", 'f', 'f', HEADER_FROM),
	ENTRY("to", 't', 'o', HEADER_TO),
	ENTRY("t", 't', 't', HEADER_TO),
	ENTRY("via", 'v', 'a', HEADER_VIA),
	ENTRY("v", 'v', 'v', HEADER_VIA),
	ENTRY("content-length", 'c', 'h', HEADER_CONTENT_LENGTH),
	ENTRY("l", 'l', 'l', HEADER_CONTENT_LENGTH),
	ENTRY("max-forwards", 'm', 's', HEADER_MAX_FORWARDS),
	ENTRY("contact", 'c', 't', HEADER_CONTACT),
	ENTRY("m", 'm', 'm', HEADER_CONTACT),
	ENTRY("content-type", 'c', 'e', HEADER_CONTENT_TYPE),
	ENTRY("c", 'c', 'c', HEADER_CONTENT_TYPE),
	ENTRY("session-expires", 's', 's', HEADER_SESSION_EXPIRES),
	ENTRY("x", 'x', 'x', HEADER_SESSION_EXPIRES),
	ENTRY("p-asserted-identity", 'p', 't', HEADER_ASSERTED_IDENTITY),
	ENTRY("remote-party-id", 'r', 'd', HEADER_REMOTE_PARTY),
	ENTRY("p-called-party-id", 'p', 'i', HEADER_CALLED_PARTY),
	ENTRY("replaces", 'r', 's', HEADER_REPLACES),
	ENTRY("user-agent", 'u', 't', HEADER_USER_AGENT),
	ENTRY("server", 's', 'r', HEADER_SERVER),
};
// clang-format on

// A letter becomes lower case; what is no letter never becomes one of the table's.
static inline uint32_t lower(char c)
{
	return (unsigned char)c | 0x20u;
}

static bool same_name(const char *name, const struct entry *entry, size_t from)
{
	for (size_t i = from; i < entry->len; i++) {
		// `|0x20` would take a CR for the `-` of a name.
		if (name[i] < 0x21 || lower(name[i]) != (unsigned char)entry->name[i])
			return false;
	}
	return true;
}

static inline const struct entry *candidate(const char *name, size_t len)
{
	return &table[slot(lower(name[0]), lower(name[len < 16 ? len - 1 : 15]), (uint32_t)len)];
}

enum header_name header_lookup(const char *name, size_t len)
{
	const struct entry *entry;

	if (len == 0)
		return HEADER_OTHER;
	entry = candidate(name, len);
	return entry->len == len && same_name(name, entry, 0) ? entry->header : HEADER_OTHER;
}

#if defined(__SSE2__)
// The colon of a name longer than 16, with nothing but visible ASCII before it; or NULL.
static const char *long_colon(const char *at, const char *end, const char *limit)
{
	for (; at < end; at += 16) {
		__m128i block = scan_load(at, limit);
		uint32_t colons = (uint32_t)_mm_movemask_epi8(scan_is(block, ':'));
		uint32_t stops = scan_block(SCAN_BLANK, block) | colons;

		if (stops != 0) {
			at += __builtin_ctz(stops);
			return at < end && *at == ':' ? at : NULL;
		}
	}
	return NULL;
}

enum header_name header_scan(const char *line, const char *end, const char *limit,
			     const char **value)
{
	__m128i block = scan_load(line, limit);
	uint32_t colons = (uint32_t)_mm_movemask_epi8(scan_is(block, ':'));
	uint32_t stops = scan_block(SCAN_BLANK, block) | colons;
	const char *colon = line + 16;
	const struct entry *entry;
	uint32_t same, len;

	if (stops != 0)
		colon = line + __builtin_ctz(stops);
	else
		colon = long_colon(line + 16, end, limit);
	if (colon == NULL || colon >= end || *colon != ':' || colon == line)
		return HEADER_NONE;
	*value = colon + 1;
	len = (uint32_t)(colon - line);
	entry = candidate(line, len);
	if (entry->len != len)
		return HEADER_OTHER;
	same = (uint32_t)_mm_movemask_epi8(
		_mm_cmpeq_epi8(_mm_or_si128(block, _mm_set1_epi8(0x20)),
			       _mm_loadu_si128((const __m128i *)(const void *)entry->name)));
	if (len > 16)
		return same == 0xffff && same_name(line, entry, 16) ? entry->header : HEADER_OTHER;
	return (~same & (0xffffu >> (16 - len))) == 0 ? entry->header : HEADER_OTHER;
}
#else
enum header_name header_scan(const char *line, const char *end, const char *limit,
			     const char **value)
{
	const char *at = line;

	while (at < end && *at != ':' && !scan_stops(SCAN_BLANK, (unsigned char)*at))
		at++;
	if (at == end || at == line || *at != ':')
		return HEADER_NONE;
	*value = at + 1;
	return header_lookup(line, (size_t)(at - line));
}
#endif
