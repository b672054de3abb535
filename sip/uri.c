// SPDX-License-Identifier: Apache-2.0
// URIs taken apart, from text that a message parser or a settings file delivered (RFC 3261 19.1 and
// 25.1, RFC 3966 3). Liberal in characters, strict in structure: what follows must not be able to
// read a different user or host out of the same text.
#include "sip/uri.h"

#include <errno.h>
#include <string.h>

#include "sip/kernel.h"
#include "sip/usual_uri.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	c |= 0x20;
	return c >= 'a' && c <= 'z';
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// What no URI has outside escapes, and what would end one in a header (RFC 3986 2).
static bool is_uri_char(char c)
{
	return (unsigned char)c > 0x20 && c != 0x7f && c != '<' && c != '>' && c != '"';
}

static struct sip_slice slice_of(size_t off, size_t end)
{
	return (struct sip_slice){.off = (uint16_t)off, .len = (uint16_t)(end - off)};
}

// Scheme and the offset behind its colon; 0 when there is none.
static size_t scheme_take(const char *text, size_t len, enum sip_scheme *scheme)
{
	static const struct {
		const char *name;
		enum sip_scheme scheme;
	} known[] = {
		{"sip", SIP_SCHEME_SIP},
		{"sips", SIP_SCHEME_SIPS},
		{"tel", SIP_SCHEME_TEL},
	};
	size_t end = 0;

	while (end < len &&
	       (is_alpha(text[end]) || (end > 0 && (is_digit(text[end]) || text[end] == '+' ||
						    text[end] == '-' || text[end] == '.'))))
		end++;
	if (end == 0 || end + 1 >= len || text[end] != ':')
		return 0;
	*scheme = SIP_SCHEME_OTHER;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (slice_equal_nocase(text, slice_of(0, end), known[i].name))
			*scheme = known[i].scheme;
	}
	return end + 1;
}

// The end of the host that starts at off, or 0: a name, an IPv4 address or an IPv6 reference.
static size_t host_end(const char *text, size_t off, size_t len)
{
	size_t at = off;

	if (at < len && text[at] == '[') {
		for (at++; at < len && text[at] != ']'; at++) {
			if (hex_value(text[at]) < 0 && text[at] != ':' && text[at] != '.')
				return 0;
		}
		// The shortest address is `::`.
		return at < len && at - off >= 3 ? at + 1 : 0;
	}
	// `_` is in no host name of RFC 1123, and in many on real networks.
	while (at < len && (is_alpha(text[at]) || is_digit(text[at]) || text[at] == '-' ||
			    text[at] == '.' || text[at] == '_'))
		at++;
	return at > off ? at : 0;
}

static size_t port_take(const char *text, size_t off, size_t len, uint16_t *port)
{
	uint32_t value = 0;
	size_t at = off;

	for (; at < len && is_digit(text[at]); at++) {
		value = value * 10 + (uint32_t)(text[at] - '0');
		if (value > UINT16_MAX)
			return 0;
	}
	*port = (uint16_t)value;
	return value > 0 ? at : 0;
}

static int sip_form(const char *text, size_t off, size_t len, struct sip_uri *uri)
{
	const char *at_sign = memchr(text + off, '@', len - off);
	size_t at = off;

	if (at_sign != NULL) {
		size_t end = (size_t)(at_sign - text);
		const char *colon = memchr(text + off, ':', end - off);

		uri->user = slice_of(off, colon != NULL ? (size_t)(colon - text) : end);
		if (uri->user.len == 0)
			return -EINVAL;
		at = end + 1;
	}
	off = at;
	at = host_end(text, off, len);
	if (at == 0)
		return -EINVAL;
	uri->host = slice_of(off, at);
	if (at < len && text[at] == ':') {
		at = port_take(text, at + 1, len, &uri->port);
		if (at == 0)
			return -EINVAL;
	}
	if (at < len && text[at] == ';') {
		const char *headers = memchr(text + at, '?', len - at);

		uri->parameters = slice_of(at + 1,
					   headers != NULL ? (size_t)(headers - text) : len);
		return 0;
	}
	return at == len || text[at] == '?' ? 0 : -EINVAL;
}

static int tel_form(const char *text, size_t off, size_t len, struct sip_uri *uri)
{
	size_t at = off;

	// Digits of global and local numbers with their visual separators (RFC 3966 3).
	while (at < len && (hex_value(text[at]) >= 0 || strchr("+*#-.()%", text[at]) != NULL))
		at++;
	if (at == off || (at < len && text[at] != ';'))
		return -EINVAL;
	uri->user = slice_of(off, at);
	if (at < len)
		uri->parameters = slice_of(at + 1, len);
	return 0;
}

int sip_uri_parse_reference(const char *text, size_t len, struct sip_uri *uri)
{
	size_t off;

	memset(uri, 0, sizeof(*uri));
	if (len > UINT16_MAX)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (!is_uri_char(text[i]))
			return -EINVAL;
	}
	off = scheme_take(text, len, &uri->scheme);
	if (off == 0)
		return -EINVAL;
	switch (uri->scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS: return sip_form(text, off, len, uri);
	case SIP_SCHEME_TEL: return tel_form(text, off, len, uri);
	default: return 0;
	}
}

int sip_uri_parse(const char *text, size_t len, struct sip_uri *uri)
{
	if (len >= USUAL_URI_MIN && len <= USUAL_URI_MAX &&
	    kernel_selected->usual_uri(text, (uint32_t)len, uri))
		return 0;
	return sip_uri_parse_reference(text, len, uri);
}

void sip_uri_split(const char *text, size_t len, struct sip_slice *user, struct sip_slice *host)
{
	struct sip_uri uri = {0};
	size_t off = 0;

	if (len > 4 && slice_equal_nocase(text, slice_of(0, 4), "sip:"))
		off = 4;
	else if (len > 5 && slice_equal_nocase(text, slice_of(0, 5), "sips:"))
		off = 5;
	if (off == 0 || sip_form(text, off, len, &uri) < 0)
		uri = (struct sip_uri){0};
	*user = uri.user;
	*host = uri.host;
}

int sip_uri_user_text(const char *user, size_t len, bool number, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)user[i];

		if (c == '%') {
			int high = len - i > 2 ? hex_value(user[i + 1]) : -1;
			int low = len - i > 2 ? hex_value(user[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EINVAL;
			c = (unsigned char)(high << 4 | low);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return -EINVAL;
		if (number && strchr("-.()", c) != NULL)
			continue;
		if (used + 1 >= size)
			return -ENOSPC;
		out[used++] = (char)c;
	}
	if (used >= size)
		return -ENOSPC;
	out[used] = '\0';
	return 0;
}
