// SPDX-License-Identifier: Apache-2.0
#include "sip/header.h"

#include <string.h>

#include "sip/header_table.h"

// clang-format off
#define NAMES \
	NAME("call-id", 'c', 'a', HEADER_CALL_ID) \
	NAME("i", 'i', ':', HEADER_CALL_ID) \
	NAME("cseq", 'c', 's', HEADER_CSEQ) \
	NAME("from", 'f', 'r', HEADER_FROM) \
	NAME("f", 'f', ':', HEADER_FROM) \
	NAME("to", 't', 'o', HEADER_TO) \
	NAME("t", 't', ':', HEADER_TO) \
	NAME("via", 'v', 'i', HEADER_VIA) \
	NAME("v", 'v', ':', HEADER_VIA) \
	NAME("content-length", 'c', 'o', HEADER_CONTENT_LENGTH) \
	NAME("l", 'l', ':', HEADER_CONTENT_LENGTH) \
	NAME("max-forwards", 'm', 'a', HEADER_MAX_FORWARDS) \
	NAME("contact", 'c', 'o', HEADER_CONTACT) \
	NAME("m", 'm', ':', HEADER_CONTACT) \
	NAME("content-type", 'c', 'o', HEADER_CONTENT_TYPE) \
	NAME("c", 'c', ':', HEADER_CONTENT_TYPE) \
	NAME("session-expires", 's', 'e', HEADER_SESSION_EXPIRES) \
	NAME("x", 'x', ':', HEADER_SESSION_EXPIRES) \
	NAME("p-asserted-identity", 'p', '-', HEADER_ASSERTED_IDENTITY) \
	NAME("remote-party-id", 'r', 'e', HEADER_REMOTE_PARTY) \
	NAME("p-called-party-id", 'p', '-', HEADER_CALLED_PARTY) \
	NAME("replaces", 'r', 'e', HEADER_REPLACES) \
	NAME("user-agent", 'u', 's', HEADER_USER_AGENT) \
	NAME("server", 's', 'e', HEADER_SERVER)
// clang-format on

const struct header_slot header_slots[HEADER_SLOTS] = {[0] = {.header = HEADER_NONE},
#define NAME(text, a, b, header)                  \
	[HEADER_SLOT(a, b, sizeof(text) - 1)] = { \
		text ":", (header), HEADER_COUNT(header), {[0 ... sizeof(text) - 1] = '\xff'}},
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
	const struct header_slot *slot;
	uint32_t two;

	if (len == 0 || len >= sizeof(slot->name))
		return HEADER_NONE;
	two = (unsigned char)(name[0] | 0x20);
	two |= (uint32_t)(unsigned char)((len > 1 ? name[1] : ':') | 0x20) << 8;
	slot = &header_slots[HEADER_HASH(two, (uint32_t)len)];
	return slot->name[len] == ':' && same_nocase(name, slot->name, len)
		       ? (enum header_name)slot->header
		       : HEADER_NONE;
}
