// SPDX-License-Identifier: Apache-2.0
#include "sip/header.h"

#include <string.h>

#include "sip/header_table.h"

// clang-format off
#define NAMES \
	NAME("call-id", WORD_8('c', 'a', 'l', 'l', '-', 'i', 'd', 0), HEADER_CALL_ID) \
	NAME("i", WORD_8('i', 0, 0, 0, 0, 0, 0, 0), HEADER_CALL_ID) \
	NAME("cseq", WORD_8('c', 's', 'e', 'q', 0, 0, 0, 0), HEADER_CSEQ) \
	NAME("from", WORD_8('f', 'r', 'o', 'm', 0, 0, 0, 0), HEADER_FROM) \
	NAME("f", WORD_8('f', 0, 0, 0, 0, 0, 0, 0), HEADER_FROM) \
	NAME("to", WORD_8('t', 'o', 0, 0, 0, 0, 0, 0), HEADER_TO) \
	NAME("t", WORD_8('t', 0, 0, 0, 0, 0, 0, 0), HEADER_TO) \
	NAME("via", WORD_8('v', 'i', 'a', 0, 0, 0, 0, 0), HEADER_VIA) \
	NAME("v", WORD_8('v', 0, 0, 0, 0, 0, 0, 0), HEADER_VIA) \
	NAME("content-length", WORD_8('c', 'o', 'n', 't', 'e', 'n', 't', '-'), HEADER_CONTENT_LENGTH) \
	NAME("l", WORD_8('l', 0, 0, 0, 0, 0, 0, 0), HEADER_CONTENT_LENGTH) \
	NAME("max-forwards", WORD_8('m', 'a', 'x', '-', 'f', 'o', 'r', 'w'), HEADER_MAX_FORWARDS) \
	NAME("contact", WORD_8('c', 'o', 'n', 't', 'a', 'c', 't', 0), HEADER_CONTACT) \
	NAME("m", WORD_8('m', 0, 0, 0, 0, 0, 0, 0), HEADER_CONTACT) \
	NAME("content-type", WORD_8('c', 'o', 'n', 't', 'e', 'n', 't', '-'), HEADER_CONTENT_TYPE) \
	NAME("c", WORD_8('c', 0, 0, 0, 0, 0, 0, 0), HEADER_CONTENT_TYPE) \
	NAME("session-expires", WORD_8('s', 'e', 's', 's', 'i', 'o', 'n', '-'), HEADER_SESSION_EXPIRES) \
	NAME("x", WORD_8('x', 0, 0, 0, 0, 0, 0, 0), HEADER_SESSION_EXPIRES) \
	NAME("p-asserted-identity", WORD_8('p', '-', 'a', 's', 's', 'e', 'r', 't'), HEADER_ASSERTED_IDENTITY) \
	NAME("remote-party-id", WORD_8('r', 'e', 'm', 'o', 't', 'e', '-', 'p'), HEADER_REMOTE_PARTY) \
	NAME("p-called-party-id", WORD_8('p', '-', 'c', 'a', 'l', 'l', 'e', 'd'), HEADER_CALLED_PARTY) \
	NAME("replaces", WORD_8('r', 'e', 'p', 'l', 'a', 'c', 'e', 's'), HEADER_REPLACES) \
	NAME("user-agent", WORD_8('u', 's', 'e', 'r', '-', 'a', 'g', 'e'), HEADER_USER_AGENT) \
	NAME("server", WORD_8('s', 'e', 'r', 'v', 'e', 'r', 0, 0), HEADER_SERVER)
// clang-format on

const struct header_slot header_slots[HEADER_SLOTS] = {
#define NAME(text, head, header)                                                                  \
	[HEADER_SLOT(head, sizeof(text) - 1)] = {                                                 \
		.name = text ":",                                                                 \
		.entry = UINT64_C(1) << (HEADER_SEEN_SHIFT + (header)) |                          \
			 ((HEADER_USUAL_ONCE & 1 << (header)) != 0 ? HEADER_ONCE : 0) | (header), \
	},
	NAMES
#undef NAME
};

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
	for (size_t i = 0; i < HEADER_SLOTS; i++) {
		const struct header_slot *slot = &header_slots[i];

		if (len > 0 && len < OCTETS - 1 && slot->name[len] == ':' &&
		    same_nocase(name, slot->name, len))
			return slot->entry & HEADER_NUMBER;
	}
	return HEADER_NONE;
}
