// SPDX-License-Identifier: Apache-2.0
#include "sip/header.h"

#include <stdint.h>
#include <string.h>

struct entry {
	uint64_t head; // up to eight letters, lower case
	char name[24]; // lower case
	uint8_t len;
	uint8_t header; // enum header_name
};

// The first eight letters as memory has them on a little-endian machine.
#define WORD(a, b, c, d, e, f, g, h)                                                      \
	((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 | \
	 (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)

// Tells all names of the table apart. The factor was found by trying random ones; test_header fails
// when a new name collides.
#define SLOT(head, len) ((((head) + (len)) * UINT64_C(0xf03edca7e2dcaa37)) >> 58)

#define ENTRY(text, word, number)          \
	[SLOT(word, sizeof(text) - 1)] = { \
		.head = (word), .name = text, .len = sizeof(text) - 1, .header = number}

enum { TABLE_SIZE = 64 };

// clang-format off
static const struct entry table[TABLE_SIZE] = {
	ENTRY("call-id", WORD('c', 'a', 'l', 'l', '-', 'i', 'd', 0), HEADER_CALL_ID),
	ENTRY("i", WORD('i', 0, 0, 0, 0, 0, 0, 0), HEADER_CALL_ID),
	ENTRY("cseq", WORD('c', 's', 'e', 'q', 0, 0, 0, 0), HEADER_CSEQ),
	ENTRY("from", WORD('f', 'r', 'o', 'm', 0, 0, 0, 0), HEADER_FROM),
	ENTRY("f", WORD('f', 0, 0, 0, 0, 0, 0, 0), HEADER_FROM),
	ENTRY("to", WORD('t', 'o', 0, 0, 0, 0, 0, 0), HEADER_TO),
	ENTRY("t", WORD('t', 0, 0, 0, 0, 0, 0, 0), HEADER_TO),
	ENTRY("via", WORD('v', 'i', 'a', 0, 0, 0, 0, 0), HEADER_VIA),
	ENTRY("v", WORD('v', 0, 0, 0, 0, 0, 0, 0), HEADER_VIA),
	ENTRY("content-length", WORD('c', 'o', 'n', 't', 'e', 'n', 't', '-'), HEADER_CONTENT_LENGTH),
	ENTRY("l", WORD('l', 0, 0, 0, 0, 0, 0, 0), HEADER_CONTENT_LENGTH),
	ENTRY("max-forwards", WORD('m', 'a', 'x', '-', 'f', 'o', 'r', 'w'), HEADER_MAX_FORWARDS),
	ENTRY("contact", WORD('c', 'o', 'n', 't', 'a', 'c', 't', 0), HEADER_CONTACT),
	ENTRY("m", WORD('m', 0, 0, 0, 0, 0, 0, 0), HEADER_CONTACT),
	ENTRY("content-type", WORD('c', 'o', 'n', 't', 'e', 'n', 't', '-'), HEADER_CONTENT_TYPE),
	ENTRY("c", WORD('c', 0, 0, 0, 0, 0, 0, 0), HEADER_CONTENT_TYPE),
	ENTRY("session-expires", WORD('s', 'e', 's', 's', 'i', 'o', 'n', '-'), HEADER_SESSION_EXPIRES),
	ENTRY("x", WORD('x', 0, 0, 0, 0, 0, 0, 0), HEADER_SESSION_EXPIRES),
	ENTRY("p-asserted-identity", WORD('p', '-', 'a', 's', 's', 'e', 'r', 't'), HEADER_ASSERTED_IDENTITY),
	ENTRY("remote-party-id", WORD('r', 'e', 'm', 'o', 't', 'e', '-', 'p'), HEADER_REMOTE_PARTY),
	ENTRY("p-called-party-id", WORD('p', '-', 'c', 'a', 'l', 'l', 'e', 'd'), HEADER_CALLED_PARTY),
	ENTRY("replaces", WORD('r', 'e', 'p', 'l', 'a', 'c', 'e', 's'), HEADER_REPLACES),
	ENTRY("user-agent", WORD('u', 's', 'e', 'r', '-', 'a', 'g', 'e'), HEADER_USER_AGENT),
	ENTRY("server", WORD('s', 'e', 'r', 'v', 'e', 'r', 0, 0), HEADER_SERVER),
};
// clang-format on

// Eight octets, letters in lower case. What is no letter never becomes one of the table's, but for
// a CR, which would pass for `-` and is a stop.
static inline uint64_t lower_8(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word | 0x2020202020202020;
}

enum header_name header_lookup_plain(const char *name, size_t len)
{
	// Which names come in which order is hard to guess, so there is one branch for all of it:
	// the first eight letters, the last eight, and the length.
	size_t known = len < 8 ? len : 8, skip = len - known;
	uint64_t mask = UINT64_MAX >> (64 - 8 * known);
	uint64_t head = lower_8(name) & mask;
	const struct entry *entry = &table[SLOT(head, len)];
	uint64_t tail = lower_8(name + skip) ^ lower_8(entry->name + (skip & 15));

	if (((entry->head ^ head) | (tail & mask) | (entry->len ^ len)) != 0)
		return HEADER_OTHER;
	if (len > 16 && lower_8(name + 8) != lower_8(entry->name + 8))
		return HEADER_OTHER;
	return entry->header;
}

static bool same_nocase(const char *name, const char *entry, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if (c != entry[i])
			return false;
	}
	return true;
}

enum header_name header_lookup(const char *name, size_t len)
{
	for (size_t i = 0; i < TABLE_SIZE; i++) {
		if (table[i].len == len && len > 0 && same_nocase(name, table[i].name, len))
			return table[i].header;
	}
	return HEADER_OTHER;
}
