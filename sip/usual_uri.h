// SPDX-License-Identifier: Apache-2.0
// sip:user@host of 16 to 63 octets, with or without a port and parameters: a URI as nearly all
// messages have it, taken apart by masks of its octets. Anything else is for uri.c, which alone
// says what is wrong. Compiled once a kernel (kernel_*.c). Private to sip/.
#pragma once

#include <stdbool.h>

#include "sip/octets.h"
#include "sip/uri.h"

enum { USUAL_URI_MIN = 16, USUAL_URI_MAX = 63 };

// Letters, digits and "-._", as uri.c takes them for a host. Bit 0 is of "-." in row 2, 1 of the
// digits, 2 of the letters up to O, 3 of those from P on, 4 of `_`.
static const struct octet_class usual_uri_host = {
	.row = {[2] = 1, [3] = 2, [4] = 4, [5] = 24, [6] = 4, [7] = 8},
	.column = {10, 14, 14, 14, 14, 14, 14, 14, 14, 14, 12, 4, 4, 5, 5, 20},
};
// Hexadecimal digits, colons and dots: an IPv6 address.
static const struct octet_class usual_uri_ipv6 = {
	.row = {[2] = 1, [3] = 2, [4] = 4, [6] = 4},
	.column = {2, 6, 6, 6, 6, 6, 6, 2, 2, 2, 2, [14] = 1},
};
static const struct octet_set usual_uri_never = {
	OCTET_SET([0x2] = '"', [0xc] = '<', [0xe] = '>', [0xf] = '\x7f')};

// The octets, twice where the two windows on them overlap.
struct usual_uri {
	struct octets low, high; // of short ones only low: two halves that are windows
	uint32_t len;
	bool is_long; // more than a window
};

// One mask of those of the windows.
static SIP_INLINE uint64_t usual_uri_join(const struct usual_uri *uri, uint32_t low, uint32_t high)
{
	if (uri->is_long)
		return low | (uint64_t)high << (uri->len - OCTETS);
	return (low & 0xffff) | (uint64_t)(low >> 16) << (uri->len - OCTETS / 2);
}

static SIP_INLINE uint64_t usual_uri_equal(const struct usual_uri *uri, char c)
{
	return usual_uri_join(uri, octets_equal(uri->low, c),
			      uri->is_long ? octets_equal(uri->high, c) : 0);
}

// The first octet at or behind `at` that isn't of the class; at most uri->len, where there is none.
static SIP_INLINE uint32_t usual_uri_end(const struct usual_uri *uri, uint32_t at,
					 const struct octet_class *class)
{
	uint64_t out = usual_uri_join(uri, octets_not_in_class(uri->low, class),
				      uri->is_long ? octets_not_in_class(uri->high, class) : 0);

	return low_bit((out | UINT64_C(1) << uri->len) & UINT64_MAX << at);
}

static SIP_INLINE bool usual_uri_has_never(struct octets octets)
{
	return (octets_among(octets, &usual_uri_never) | octets_up_to(octets, ' ')) != 0;
}

// Behind the one to five digits of a port; 0: something else.
static inline uint32_t usual_uri_port(const char *text, uint32_t at, uint32_t len, uint16_t *port)
{
	uint32_t value = 0, end = at + 5 < len ? at + 5 : len;

	for (; at < end && text[at] >= '0' && text[at] <= '9'; at++)
		value = value * 10 + (uint32_t)(text[at] - '0');
	*port = (uint16_t)value;
	return value > 0 && value <= UINT16_MAX ? at : 0;
}

static SIP_INLINE bool usual_uri_take(const char *text, const struct usual_uri *uri,
				      struct sip_uri *parts)
{
	uint64_t at_signs = usual_uri_equal(uri, '@'), questions;
	uint32_t user_end, host, at;

	if (usual_uri_has_never(uri->low) || (uri->is_long && usual_uri_has_never(uri->high)) ||
	    (load_4(text) | 0x20202020) != WORD_4('s', 'i', 'p', ':') || at_signs == 0)
		return false;
	// The colon of a password, or the `@`.
	user_end = low_bit((usual_uri_equal(uri, ':') | at_signs) & UINT64_MAX << 4);
	host = low_bit(at_signs) + 1;
	if (host < uri->len && text[host] == '[') {
		at = usual_uri_end(uri, host + 1, &usual_uri_ipv6);
		// The shortest address is `::`.
		if (at == uri->len || text[at] != ']' || at++ < host + 3)
			return false;
	} else {
		at = usual_uri_end(uri, host, &usual_uri_host);
	}
	if (user_end == 4 || at == host)
		return false;
	*parts = (struct sip_uri){
		.scheme = SIP_SCHEME_SIP,
		.user = {.off = 4, .len = (uint16_t)(user_end - 4)},
		.host = {.off = (uint16_t)host, .len = (uint16_t)(at - host)},
	};
	if (at < uri->len && text[at] == ':') {
		at = usual_uri_port(text, at + 1, uri->len, &parts->port);
		if (at == 0)
			return false;
	}
	if (at == uri->len || text[at] == '?')
		return true;
	if (text[at] != ';')
		return false;
	questions = usual_uri_equal(uri, '?') & UINT64_MAX << at;
	parts->parameters.off = (uint16_t)(at + 1);
	at = questions != 0 ? low_bit(questions) : uri->len;
	parts->parameters.len = (uint16_t)(at - parts->parameters.off);
	return true;
}

// False: not a usual one, and *parts is undefined. len is within the limits.
static inline bool usual_uri_parse(const char *text, uint32_t len, struct sip_uri *parts)
{
	struct usual_uri uri = {.len = len};

	if (len <= OCTETS) {
		uri.low = octets_load_two(text, text + len - OCTETS / 2);
		return usual_uri_take(text, &uri, parts);
	}
	uri.low = octets_load(text);
	uri.high = octets_load(text + len - OCTETS);
	uri.is_long = true;
	return usual_uri_take(text, &uri, parts);
}
