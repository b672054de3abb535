// SPDX-License-Identifier: Apache-2.0
// Header field values in the forms that nearly every message uses, for the fast parser (RFC 3261
// 20, RFC 3325, RFC 4028). Each function returns false for anything else: that doesn't make the
// value wrong, it makes it work for ref_header.h, which alone decides. All count on what
// the line index has seen: no control character but the CR LF at the end. Private to sip/.
#pragma once

#include <stdbool.h>

#include "sip/method_table.h"
#include "sip/msg.h"
#include "sip/octets.h"
#include "sip/ref_value.h"

struct text {
	const char *buf;
	size_t last; // where the last whole block starts
};

// One line's value: offsets of its first octet, behind the usual blank, and of its line end. There
// may be blanks before the end, and more of them in front, which is unusual.
struct value {
	struct text text;
	size_t at, end;
};

// By halves, as one store of both takes longer to make.
static inline void value_put(struct sip_slice *slice, size_t at, size_t end)
{
	slice->off = (uint16_t)at;
	slice->len = (uint16_t)(end - at);
}

// What may be empty: then it is at 0.
static inline void value_put_if_any(struct sip_slice *slice, size_t at, size_t end)
{
	if (at < end)
		value_put(slice, at, end);
}

// What ends things. The CR of the line end is in every set.
static const struct octet_set value_blank = {OCTET_SET([0x0] = ' ', [0xd] = '\r')};
static const struct octet_set value_invisible = {
	OCTET_SET([0x0] = ' ', [0xd] = '\r', [0xf] = '\x7f')};
static const struct octet_set value_uri_stops = {OCTET_SET(
	[0x0] = ' ', [0x2] = '"', [0xc] = '<', [0xe] = '>', [0xd] = '\r', [0xf] = '\x7f')};
// And `,`, which is asked for apart.
static const struct octet_set value_parameter_stops = {
	OCTET_SET([0x0] = ' ', [0x2] = '"', [0xb] = ';', [0xc] = '<', [0xe] = '>', [0xd] = '\r',
		  [0xf] = '\x7f')};
// Of sent-by, with the LF in the place of the CR, as `=` has the same lower half as that.
static const struct octet_set value_sent_by_stops = {
	OCTET_SET([0x0] = ' ', [0x2] = '"', [0xa] = '\n', [0xb] = ';', [0xc] = '<', [0xd] = '=',
		  [0xe] = '>', [0xf] = '\x7f')};
static const struct octet_set value_display_stops = {OCTET_SET(
	[0x2] = '"', [0xb] = ';', [0xc] = '<', [0xe] = '>', [0xd] = '\r', [0xf] = '\x7f')};
static const struct octet_set value_quoted_stops = {
	OCTET_SET([0x2] = '"', [0xc] = '\\', [0xd] = '\r')};

// Octets of the block at `at` that are in the set, or the other one (NULL: none).
static SIP_INLINE uint64_t value_among(const char *at, const struct octet_set *set,
				       const struct octet_row *also)
{
	struct block block = block_load(at);

	return also != NULL ? block_among_or(&block, set, also) : block_among(&block, set);
}

// The first of them at or behind `at`. Most values are shorter than a block. The last one of a
// message is moved back to be inside.
static SIP_INLINE size_t value_find_or(const struct value *value, size_t at,
				       const struct octet_set *set, const struct octet_row *also)
{
	const char *buf = value->text.buf;
	size_t last = value->text.last;
	uint64_t found;

	for (;; at += BLOCK) {
		if (__builtin_expect(at > last, 0))
			found = value_among(buf + last, set, also) >> (at - last);
		else
			found = value_among(buf + at, set, also);
		if (__builtin_expect(found != 0, 1))
			return at + low_bit(found);
	}
}

static SIP_INLINE size_t value_find(const struct value *value, size_t at,
				    const struct octet_set *set)
{
	return value_find_or(value, at, set, NULL);
}

// The same for what is usually shorter than a window, or else as unusual as it is long.
static SIP_INLINE size_t value_find_near(const struct value *value, size_t at,
					 const struct octet_set *set, const struct octet_row *also)
{
	struct octets octets;
	uint32_t found = 0;

	if (__builtin_expect(at <= value->text.last, 1)) {
		octets = octets_load(value->text.buf + at);
		found = also != NULL ? octets_among_or(octets, set, also)
				     : octets_among(octets, set);
	}
	if (__builtin_expect(found != 0, 1))
		return at + low_bit_32(found);
	return value_find_or(value, at, set, also);
}

static SIP_INLINE size_t value_parameter_end(const struct value *value, size_t at)
{
	return value_find_or(value, at, &value_parameter_stops, &octet_commas);
}

// Four octets, letters in lower case; behind any octet of a line there are at least that many, as
// CR LF CR LF ends the headers.
static inline uint32_t value_lower_4(const struct value *value, size_t at)
{
	return load_4(value->text.buf + at) | 0x20202020;
}

static inline size_t value_blanks(const char *at)
{
	size_t count = 0;

	while (at[count] == ' ')
		count++;
	return count;
}

// Whether nothing but blanks is left at `at`, nearly always nothing.
static inline bool value_ends(const struct value *value, size_t at)
{
	return __builtin_expect(at == value->end, 1) ||
	       at + value_blanks(value->text.buf + at) == value->end;
}

// Behind the quoted string that goes on at `at`, where a stop is: it ends at the first quote that
// no backslash hides; 0: it doesn't end on this line.
static __attribute__((noinline)) size_t value_skip_escapes(struct text text, size_t at, size_t end)
{
	struct value value = {.text = text};

	while (at < end && text.buf[at] != '"')
		at = value_find(&value, at + 2, &value_quoted_stops);
	return at < end ? at + 1 : 0;
}

// Behind the quoted string that starts at `at`, or 0.
static SIP_INLINE size_t value_skip_quoted(const struct value *value, size_t at)
{
	at = value_find_near(value, at + 1, &value_quoted_stops, NULL);
	return value->text.buf[at] == '"' ? at + 1
					  : value_skip_escapes(value->text, at, value->end);
}

// The `<` behind a display name, quoted or of words; 0: something else is there.
static SIP_INLINE size_t value_skip_display_name(const struct value *value)
{
	const char *buf = value->text.buf;
	size_t at = value->at;

	if (buf[at] == '"') {
		at = value_skip_quoted(value, at);
		at += value_blanks(buf + at);
	} else {
		at = value_find_near(value, at, &value_display_stops, &octet_commas);
	}
	return buf[at] == '<' ? at : 0;
}

// Where the URI of an address is, and what follows the address.
struct span {
	size_t at, end, rest;
	size_t scheme; // length of "sip:" or "sips:"; 0: another
};

// Whether a scheme and more is between the two, where no octet is that no URI has.
static __attribute__((noinline)) bool value_is_uri(const char *at, const char *end)
{
	return ref_is_uri((struct ref_text){at, end});
}

// A URI from uri->at on, nearly always a sip: or tel: one; uri->end is what stops it.
static SIP_INLINE bool value_uri(const struct value *value, struct span *uri)
{
	uint32_t scheme = value_lower_4(value, uri->at);
	size_t len;

	uri->end = value_find(value, uri->at, &value_uri_stops);
	len = uri->end - uri->at;
	// `|0x20` leaves a colon as it is and makes one only of a control character.
	uri->scheme = scheme == WORD_4('s', 'i', 'p', ':') ? 4 : 0;
	if (uri->scheme != 0 || scheme == WORD_4('t', 'e', 'l', ':'))
		return len > 4;
	if (scheme == WORD_4('s', 'i', 'p', 's') && value->text.buf[uri->at + 4] == ':') {
		uri->scheme = 5;
		return len > 5;
	}
	return value_is_uri(value->text.buf + uri->at, value->text.buf + uri->end);
}

// A URI without brackets: it ends at a blank, a parameter or a comma, and has no `?` (RFC 3261
// 20.10). What is behind it, or
// 0; *start is behind the blanks before it.
static __attribute__((noinline)) size_t value_addr_spec(struct text text, size_t at, size_t end,
							size_t *start)
{
	const struct value value = {.text = text, .at = at, .end = end};
	const char *buf = text.buf;
	size_t stop, behind;

	at += value_blanks(buf + at);
	stop = value_parameter_end(&value, at);
	behind = stop + value_blanks(buf + stop);
	if ((buf[behind] != ';' && buf[behind] != ',' && behind != end) ||
	    memchr(buf + at, '?', stop - at) != NULL || !value_is_uri(buf + at, buf + stop))
		return 0;
	*start = at;
	return stop;
}

static SIP_INLINE bool value_address(const struct value *value, struct span *uri)
{
	size_t open = value->at;

	if (value->text.buf[open] != '<') {
		open = value_skip_display_name(value);
		if (__builtin_expect(open == 0, 0)) {
			uri->rest = value_addr_spec(value->text, value->at, value->end, &uri->at);
			if (uri->rest == 0)
				return false;
			uri->end = uri->rest;
			uri->scheme = value_lower_4(value, uri->at) == WORD_4('s', 'i', 'p', ':')
					      ? 4
					      : 0;
			return true;
		}
	}
	uri->at = open + 1;
	if (!value_uri(value, uri) || value->text.buf[uri->end] != '>')
		return false;
	uri->rest = uri->end + 1;
	return true;
}

// The address alone.
static SIP_INLINE bool value_address_put(const struct value *value, struct sip_slice *slice)
{
	struct span uri;

	if (!value_address(value, &uri))
		return false;
	value_put(slice, uri.at, uri.end);
	return true;
}

// Up to ten digits, one by one.
static __attribute__((noinline)) bool value_many_digits(const char *end, uint32_t count,
							uint32_t *number)
{
	uint64_t sum = 0;

	if (count > 10)
		return false;
	for (const char *at = end - count; at < end; at++) {
		if (*at < '0' || *at > '9')
			return false;
		sum = sum * 10 + (uint64_t)(*at - '0');
	}
	*number = (uint32_t)sum;
	return sum <= UINT32_MAX;
}

// The number that count digits before `end` make, of which there are four octets at least; false if
// there is another octet among them, none, or too many. Four digits at once: pairs, then all.
static inline bool value_digits(const char *end, uint32_t count, uint32_t *number)
{
	uint32_t word = load_4(end - 4) ^ 0x30303030, wrong;

	if (count - 1 > 3)
		return count != 0 && value_many_digits(end, count, number);
	word &= UINT32_MAX << (32 - 8 * count);
	wrong = (word | (word + 0x76767676)) & 0x80808080;
	word = (word * 10 + (word >> 8)) & 0x00ff00ff;
	*number = (word * 100 + (word >> 16)) & 0xffff;
	return wrong == 0;
}

// Content-Length: decimal digits alone. 2^31 and more is for the reference parser.
static inline bool value_number(const struct value *value, uint32_t *number)
{
	return value_digits(value->text.buf + value->end, value->end - value->at, number) &&
	       *number < UINT32_C(1) << 31;
}

// The method of len letters before `end`, of which there are eight octets at least; NULL: another.
static inline const struct method_slot *value_method(const char *end, uint32_t len)
{
	uint64_t word = load_8(end - 8);
	const struct method_slot *slot;

	if (len <= 8)
		word >>= (64 - 8 * len) & 63;
	slot = &method_slots[METHOD_SLOT(word)];
	return slot->word == word && slot->len == len && (len <= 8 || end[-9] == 'S') ? slot : NULL;
}

// Whether a start line begins with it.
static inline bool value_has_method(const char *line, const struct method_slot *method)
{
	if (__builtin_expect(method->len > 8, 0))
		return *line == 'S' && load_8(line + 1) == method->word;
	return word_head(load_8(line), method->len) == method->word;
}

static inline const struct method_slot *value_cseq(const struct value *value, uint32_t *number)
{
	const char *buf = value->text.buf;
	size_t space = value_find_near(value, value->at, &value_blank, NULL);

	return value_digits(buf + space, space - value->at, number)
		       ? value_method(buf + value->end, value->end - space - 1)
		       : NULL;
}

static inline bool value_call_id(const struct value *value, struct sip_slice *call_id)
{
	size_t stop = value_find(value, value->at, &value_invisible);

	value_put(call_id, value->at, stop);
	return stop > value->at && value_ends(value, stop);
}

static inline bool value_session_expires(const struct value *value, uint32_t *seconds)
{
	size_t end = value_parameter_end(value, value->at);

	return (end == value->end || value->text.buf[end] == ';') &&
	       value_digits(value->text.buf + end, end - value->at, seconds);
}

// Content-Type: whether it is application/sdp.
static inline bool value_content_type(const struct value *value, bool *is_sdp)
{
	const char *text = value->text.buf + value->at;
	size_t end = value->at + 15;

	*is_sdp = end <= value->end &&
		  (load_8(text) | 0x2020202020202020) ==
			  WORD_8('a', 'p', 'p', 'l', 'i', 'c', 'a', 't') &&
		  (load_8(text + 7) | 0x2020202020202020) ==
			  WORD_8('t', 'i', 'o', 'n', '/', 's', 'd', 'p') &&
		  (end == value->end || text[15] == ';');
	if (*is_sdp)
		return true;
	// LWS may stand around the slash.
	end = value_find_or(value, value->at, &value_blank, &octet_semicolons);
	return end == value->end || value->text.buf[end] == ';';
}

// All of it, without the blanks and folds around it.
static inline void value_text(const struct value *value, struct sip_slice *text)
{
	size_t at = value->at, end = value->end;

	while (at < end && (unsigned char)value->text.buf[at] <= ' ')
		at++;
	while (end > at && (unsigned char)value->text.buf[end - 1] <= ' ')
		end--;
	value_put_if_any(text, at, end);
}
