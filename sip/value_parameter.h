// SPDX-License-Identifier: Apache-2.0
// Values with parameters behind them: From and To with their tag, Via with its branch (RFC 3261
// 20.20, 20.39, 20.42). The one parameter that counts is nearly always the first: then there is no
// loop. Private to sip/.
#pragma once

#include "sip/usual_uri.h"
#include "sip/value.h"

// The offset behind the `;name`, `;name=value` or `;name="value"` at `at`, or 0. Blanks are
// unusual.
static __attribute__((noinline)) size_t value_skip_parameter(struct text text, size_t at,
							     size_t value_end)
{
	struct value value = {.text = text, .at = at, .end = value_end};
	const char *buf = text.buf;
	size_t end = value_parameter_end(&value, at + 1);

	if (end == at + 1 || buf[at + 1] == '=')
		return 0;
	if (buf[end] != '"')
		return end;
	// A quote may stand behind the first `=` and nowhere else.
	if (memchr(buf + at, '=', end - at) != buf + end - 1)
		return 0;
	return value_skip_quoted(&value, end);
}

// The value of a parameter, which starts at `at`. A quoted one is unusual.
static SIP_INLINE bool value_take(const struct value *value, size_t at, struct sip_slice *text,
				  size_t *end)
{
	*end = value_parameter_end(value, at);
	value_put_if_any(text, at, *end);
	return value->text.buf[*end] != '"';
}

// The parameters of From or To from `at` to the end of the value, with as many tags before them: 1
// if there is one in all, 0 without, -1: something else.
static __attribute__((noinline)) int value_party_parameters(struct text text, size_t at,
							    size_t value_end, int tags,
							    struct sip_slice *tag)
{
	const struct value value = {.text = text, .at = at, .end = value_end};
	const char *buf = text.buf;
	size_t end;

	for (;; at = end) {
		bool is_tag;

		at += value_blanks(buf + at);
		if (buf[at] != ';')
			return at == value_end && tags <= 1 ? tags : -1;
		at += value_blanks(buf + at + 1);
		is_tag = (value_lower_4(&value, at + 1) & 0xffffff) == WORD_4('t', 'a', 'g', 0);
		if (is_tag && buf[at + 4] == '=') {
			if (!value_take(&value, at + 5, tag, &end))
				return -1;
			tags++;
			continue;
		}
		end = value_skip_parameter(value.text, at, value_end);
		if (end == 0)
			return -1;
		// Without a value it is a tag of no length.
		tags += is_tag && end - at == 4;
	}
}

// Where a party's results go: they go where they stay, as a slice that is written by halves and
// copied as a whole waits for both stores.
struct party {
	struct sip_slice *uri, *tag, *user, *host;
};

static __attribute__((noinline)) void value_split_seldom(const char *buf, size_t at, size_t end,
							 struct sip_slice *user,
							 struct sip_slice *host)
{
	sip_uri_split(buf + at, end - at, user, host);
	user->off = user->len > 0 ? (uint16_t)(user->off + at) : 0;
	host->off = host->len > 0 ? (uint16_t)(host->off + at) : 0;
}

// Behind the IPv6 reference whose `[` is at `at`, or `at`.
static __attribute__((noinline)) size_t value_skip_ipv6(const char *buf, size_t at)
{
	uint32_t len = low_bit_32(octets_not_in_class(octets_load(buf + at + 1), &usual_uri_ipv6));

	// The shortest address is `::`.
	return len >= 2 && buf[at + 1 + len] == ']' ? at + len + 2 : at;
}

// Behind the port whose colon is at `at`, or `at`.
static __attribute__((noinline)) size_t value_skip_port(const char *buf, size_t at)
{
	uint32_t port = 0;
	size_t end = at + 1;

	for (; end < at + 6 && buf[end] >= '0' && buf[end] <= '9'; end++)
		port = port * 10 + (uint32_t)(buf[end] - '0');
	return port > 0 && port <= UINT16_MAX ? end : at;
}

// The user and the host, each shorter than a window, of a sip: or sips: URI. Anything else
// is seldom.
static SIP_INLINE void value_split(const struct value *value, const struct span *uri,
				   struct sip_slice *user, struct sip_slice *host)
{
	static const struct octet_set user_stops = {OCTET_SET([0x0] = '@', [0xa] = ':')};
	const char *buf = value->text.buf;
	size_t at = uri->at + uri->scheme, user_end, host_at, end, behind;

	if (__builtin_expect(uri->scheme == 0 || at + 2 > value->text.last, 0))
		goto seldom;
	user_end = at + low_bit_32(octets_among(octets_load(buf + at), &user_stops));
	host_at = user_end + 1;
	end = host_at +
	      low_bit_32(octets_not_in_class(octets_load(buf + host_at), &usual_uri_host));
	if (end == host_at)
		end = buf[end] == '[' ? value_skip_ipv6(buf, end) : end;
	if (__builtin_expect(buf[user_end] != '@' || user_end == at || end == host_at, 0))
		goto seldom;
	if (end != uri->end) {
		behind = buf[end] == ':' ? value_skip_port(buf, end) : end;
		if (user_end > uri->end ||
		    (behind != uri->end && buf[behind] != ';' && buf[behind] != '?'))
			goto seldom;
	}
	value_put(user, at, user_end);
	value_put(host, host_at, end);
	return;
seldom:
	value_split_seldom(buf, uri->at, uri->end, user, host);
}

// From, To: name-addr and its parameters to the end of the value, nearly always a tag alone or
// none. 1 if there is a tag, 0 without, -1: something else.
static SIP_INLINE int value_party(const struct value *value, const struct party *party)
{
	struct span uri;
	size_t at;
	int tags = 0;

	if (!value_address(value, &uri))
		return -1;
	value_put(party->uri, uri.at, uri.end);
	value_split(value, &uri, party->user, party->host);
	at = uri.rest;
	if (value_lower_4(value, at) == WORD_4(';', 't', 'a', 'g') &&
	    value->text.buf[at + 4] == '=') {
		size_t tag = at + 5;

		at = value_find_near(value, tag, &value_parameter_stops, &octet_commas);
		if (value->text.buf[at] == '"')
			return -1;
		value_put_if_any(party->tag, tag, at);
		tags = 1;
	}
	if (at == value->end)
		return tags;
	return value_party_parameters(value->text, at, value->end, tags, party->tag);
}

// Whether `branch` is behind `at`.
static inline bool value_is_branch(const struct value *value, size_t at)
{
	return value_lower_4(value, at + 1) == WORD_4('b', 'r', 'a', 'n') &&
	       (value_lower_4(value, at + 5) & 0xffff) == WORD_4('c', 'h', 0, 0);
}

// Where `;branch=` is among the parameters of a Via from `at` on, where sent-by ends; without it,
// where they end; 0: something unusual is there.
static __attribute__((noinline)) size_t value_find_branch(const char *buf, size_t last, size_t at,
							  size_t value_end)
{
	const struct value value = {.text = {.buf = buf, .last = last}, .at = at, .end = value_end};
	bool is_branch;
	size_t end;

	// Blanks may stand around the colon of sent-by.
	if (buf[at] == ' ' && (buf[at - 1] == ':' || buf[at + value_blanks(buf + at)] == ':'))
		return 0;
	for (;; at = end) {
		at += value_blanks(buf + at);
		if (buf[at] != ';')
			return at == value_end || buf[at] == ',' ? at : 0;
		at += value_blanks(buf + at + 1);
		is_branch = value_is_branch(&value, at);
		if (is_branch && buf[at + 7] == '=')
			return at;
		end = value_skip_parameter(value.text, at, value_end);
		if (end == 0 || (is_branch && end - at == 7))
			return 0;
	}
}

// Where sent-by is in the value of a Via, behind any transport but the usual ones; 0: unusual.
static __attribute__((noinline)) size_t value_skip_transport(const char *buf, size_t at)
{
	size_t end = at + 8;

	if (load_8(buf + at) != WORD_8('S', 'I', 'P', '/', '2', '.', '0', '/'))
		return 0;
	while (ref_is_token_char(buf[end]))
		end++;
	return end > at + 8 && buf[end] == ' ' ? end + value_blanks(buf + end) : 0;
}

// The first of a list. Without a branch, and with one of no length: none (RFC 2543). What is behind
// the branch is not looked at.
static SIP_INLINE bool value_via(const struct value *value, struct sip_slice *sent_by,
				 struct sip_slice *branch)
{
	const char *buf = value->text.buf;
	size_t at = value->at + 12, transport, end;

	// "SIP/2.0/UDP h"
	if (value->end <= at)
		return false;
	transport = load_4(buf + value->at + 8);
	if (__builtin_expect(load_8(buf + value->at) !=
					     WORD_8('S', 'I', 'P', '/', '2', '.', '0', '/') ||
				     (transport != WORD_4('U', 'D', 'P', ' ') &&
				      transport != WORD_4('T', 'C', 'P', ' ') &&
				      transport != WORD_4('T', 'L', 'S', ' ')),
			     0)) {
		at = value_skip_transport(buf, value->at);
		if (at == 0)
			return false;
	}
	end = value_find_near(value, at, &value_sent_by_stops, &octet_commas);
	end -= buf[end] == '\n';
	if (end == at)
		return false;
	value_put(sent_by, at, end);
	if (end + 8 > value->end || (load_8(buf + end) | UINT64_C(0x2020202020202020)) !=
					    WORD_8(';', 'b', 'r', 'a', 'n', 'c', 'h', '=')) {
		end = value_find_branch(buf, value->text.last, end, value->end);
		if (end == 0 || end == value->end || buf[end] == ',')
			return end != 0;
	}
	return value_take(value, end + 8, branch, &end) &&
	       (end == value->end || buf[end] == ';' || buf[end] == ',' ||
		(buf[end] == ' ' && branch->len > 0));
}
