// SPDX-License-Identifier: Apache-2.0
#include "sip/value.h"

#include <string.h>

#include "sip/msg.h"
#include "sip/scan.h"

static inline bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static inline struct text text_between(const char *at, const char *end)
{
	return (struct text){.at = at, .len = (uint32_t)(end - at)};
}

// word: lower-case letters.
static inline bool same_nocase(const char *at, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((at[i] | 0x20) != word[i])
			return false;
	}
	return true;
}

struct value value_trim(const char *at, const char *end, const char *limit)
{
	while (at < end && is_space(*at))
		at++;
	while (end > at && is_space(end[-1]))
		end--;
	return (struct value){.at = at, .end = end, .limit = limit};
}

bool value_is_known_uri(const char *at, const char *end)
{
	if (end - at < 5)
		return false;
	if (same_nocase(at, "sip", 3))
		return at[3] == ':' || ((at[3] | 0x20) == 's' && at[4] == ':' && end - at > 5);
	return same_nocase(at, "tel", 3) && at[3] == ':';
}

// Behind the quoted string that starts at `at`, which ends at the first quote that no backslash
// hides; or NULL.
static const char *skip_quoted(struct value value, const char *at)
{
	for (at++;; at += 2) {
		at = scan_to(SCAN_QUOTED, at, value.end, value.limit);
		if (at == value.end)
			return NULL;
		if (*at == '"')
			return at + 1;
		if (value.end - at < 2)
			return NULL;
	}
}

// Behind a display name, at the `<`; or NULL.
static const char *skip_display_name(struct value value)
{
	const char *at = value.at;

	if (at == value.end || *at == '<')
		return at;
	if (*at == '"') {
		at = skip_quoted(value, at);
		if (at == NULL)
			return NULL;
	} else {
		// Words: visible ASCII and blanks up to the bracket.
		while (at < value.end && *at != '<') {
			at = scan_to(SCAN_PARAMETER, at, value.end, value.limit);
			if (at < value.end && *at != '<' && !is_space(*at))
				return NULL;
			while (at < value.end && is_space(*at))
				at++;
		}
	}
	while (at < value.end && is_space(*at))
		at++;
	return at;
}

bool value_address(struct value value, struct text *uri, const char **rest)
{
	const char *at = skip_display_name(value);
	const char *close;

	if (at == NULL || at == value.end || *at != '<')
		return false;
	at++;
	close = scan_to(SCAN_URI, at, value.end, value.limit);
	if (close == value.end || *close != '>' || !value_is_known_uri(at, close))
		return false;
	*uri = text_between(at, close);
	*rest = close + 1;
	return true;
}

// One `;name`, `;name=value` or `;name="value"` at *at; *at moves behind it. Blanks are unusual.
static inline bool take_parameter(struct value value, const char **at, struct text *name,
				  struct text *content)
{
	const char *from = *at + 1;
	const char *end = scan_to(SCAN_PARAMETER, from, value.end, value.limit);

	if (end == from)
		return false;
	*name = text_between(from, end);
	*content = text_between(end, end);
	if (end < value.end && *end == '=') {
		from = end + 1;
		if (from < value.end && *from == '"') {
			*at = skip_quoted(value, from);
			// A tag or a branch is never quoted: the caller looks at this.
			*content = text_between(from, from + 1);
			return *at != NULL;
		}
		do
			end = scan_to(SCAN_PARAMETER, end + 1, value.end, value.limit);
		while (end < value.end && *end == '=');
		*content = text_between(from, end);
	}
	*at = end;
	return true;
}

static inline bool is_quoted(struct text content)
{
	return content.len > 0 && *content.at == '"';
}

bool value_party(struct value value, struct value_party *party)
{
	struct text name, content;
	const char *at;

	party->has_tag = false;
	party->tag = text_between(value.at, value.at);
	if (!value_address(value, &party->uri, &at))
		return false;
	for (; at < value.end && *at == ';';) {
		if (!take_parameter(value, &at, &name, &content))
			return false;
		if (name.len != 3 || !same_nocase(name.at, "tag", 3))
			continue;
		if (party->has_tag || is_quoted(content))
			return false;
		party->has_tag = true;
		party->tag = content;
	}
	return at == value.end;
}

bool value_via(struct value value, struct value_via *via)
{
	struct text name, content;
	const char *at = value.at;
	bool has_branch = false;

	// "SIP/2.0/UDP h"
	if (value.end - at < 13 || memcmp(at, "SIP/2.0/", 8) != 0)
		return false;
	if (memcmp(at + 8, "UDP ", 4) != 0 && memcmp(at + 8, "TCP ", 4) != 0 &&
	    memcmp(at + 8, "TLS ", 4) != 0)
		return false;
	at = scan_to(SCAN_PARAMETER, at + 12, value.end, value.limit);
	via->sent_by = text_between(value.at + 12, at);
	via->branch = text_between(at, at);
	if (via->sent_by.len == 0)
		return false;
	while (at < value.end && *at == ';') {
		if (!take_parameter(value, &at, &name, &content))
			return false;
		if (name.len != 6 || !same_nocase(name.at, "branch", 6))
			continue;
		if (has_branch || is_quoted(content))
			return false;
		has_branch = true;
		via->branch = content;
	}
	return at == value.end || *at == ',';
}

// Up to nine digits: no overflow to think of.
static inline const char *take_digits(struct value value, uint32_t *number)
{
	const char *at = value.at;
	uint32_t sum = 0;

	for (; at < value.end && at - value.at < 9 && *at >= '0' && *at <= '9'; at++)
		sum = sum * 10 + (uint32_t)(*at - '0');
	*number = sum;
	return at;
}

bool value_number(struct value value, uint32_t *number)
{
	return value.at < value.end && take_digits(value, number) == value.end;
}

bool value_cseq(struct value value, uint32_t *number, uint8_t *method)
{
	const char *at = take_digits(value, number);

	if (at == value.at || at == value.end || *at != ' ')
		return false;
	at++;
	*method = (uint8_t)sip_method_find(at, (size_t)(value.end - at));
	return *method != SIP_OTHER_METHOD;
}

bool value_call_id(struct value value)
{
	return value.at < value.end &&
	       scan_to(SCAN_BLANK, value.at, value.end, value.limit) == value.end;
}

bool value_session_expires(struct value value, uint32_t *seconds)
{
	const char *at = take_digits(value, seconds);

	return at > value.at && (at == value.end || *at == ';');
}

bool value_content_type(struct value value, bool *is_sdp)
{
	static const char sdp[] = "application/sdp";
	const char *at = scan_to(SCAN_PARAMETER, value.at, value.end, value.limit);

	if (at == value.at || (at < value.end && *at != ';'))
		return false;
	*is_sdp = at - value.at == sizeof(sdp) - 1 && same_nocase(value.at, sdp, sizeof(sdp) - 1);
	return true;
}
