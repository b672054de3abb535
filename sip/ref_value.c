// SPDX-License-Identifier: Apache-2.0
#include "sip/ref_value.h"

#include <string.h>

static inline bool is_lws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Neither a control character nor a blank; UTF-8 passes.
static inline bool is_visible(char c)
{
	return (unsigned char)c > 0x20 && c != 0x7f;
}

struct sip_slice ref_slice(const char *buf, struct ref_text text)
{
	if (text.at == text.end)
		return (struct sip_slice){0, 0};
	return (struct sip_slice){.off = (uint16_t)(text.at - buf),
				  .len = (uint16_t)(text.end - text.at)};
}

bool ref_is_token_char(char c)
{
	switch (c) {
	case '-':
	case '.':
	case '!':
	case '%':
	case '*':
	case '_':
	case '+':
	case '`':
	case '\'':
	case '~': return true;
	default: return is_alpha(c) || is_digit(c);
	}
}

// Parameter names and values are taken more freely than token and gen-value: vendors put base64,
// slashes and brackets there, and nothing of it is read but a tag or a branch.
static inline bool is_parameter_char(char c)
{
	switch (c) {
	case ';':
	case ',':
	case '=':
	case '"':
	case '<':
	case '>': return false;
	default: return is_visible(c);
	}
}

static inline bool is_uri_char(char c)
{
	return is_visible(c) && c != '"' && c != '<' && c != '>';
}

// What else than a word vendors write in front of a `<`.
static inline bool is_display_char(char c)
{
	return is_visible(c) && c != ';' && c != ',' && c != '"' && c != '>';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool same_nocase(struct ref_text text, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(text.end - text.at) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (lower(text.at[i]) != word[i])
			return false;
	}
	return true;
}

static void skip_lws(struct ref_cursor *value)
{
	while (value->at < value->end && is_lws(*value->at))
		value->at++;
}

static bool take_char(struct ref_cursor *value, char c)
{
	if (value->at == value->end || *value->at != c)
		return false;
	value->at++;
	return true;
}

// Inlined, so that no octet costs a call.
static inline __attribute__((always_inline)) struct ref_text take_while(struct ref_cursor *value,
									bool (*belongs)(char))
{
	struct ref_text text = {.at = value->at};

	while (value->at < value->end && belongs(*value->at))
		value->at++;
	text.end = value->at;
	return text;
}

// A quoted-string: a backslash hides the octet behind it (RFC 3261 25.1 quoted-pair).
static bool take_quoted(struct ref_cursor *value)
{
	if (!take_char(value, '"'))
		return false;
	while (value->at < value->end) {
		char c = *value->at++;

		if (c == '"')
			return true;
		if (c == '\\' && value->at < value->end)
			value->at++;
	}
	return false;
}

struct ref_cursor ref_trim(struct ref_cursor value)
{
	skip_lws(&value);
	while (value.end > value.at && is_lws(value.end[-1]))
		value.end--;
	return value;
}

bool ref_is_uri(struct ref_text text)
{
	const char *at = text.at;

	if (at == text.end || !is_alpha(*at))
		return false;
	while (at < text.end &&
	       (is_alpha(*at) || is_digit(*at) || *at == '+' || *at == '-' || *at == '.'))
		at++;
	if (at == text.end || *at != ':' || at + 1 == text.end)
		return false;
	while (at < text.end && is_uri_char(*at))
		at++;
	return at == text.end;
}

// Unquoted display names are *(token LWS); what else vendors write there is let pass, but nothing
// that would end a display name, a parameter or a value of a list.
static bool take_display_name(struct ref_cursor *value)
{
	if (value->at < value->end && *value->at == '"') {
		if (!take_quoted(value))
			return false;
	} else {
		while (value->at < value->end && *value->at != '<') {
			if (!is_lws(*value->at) && !is_display_char(*value->at))
				return false;
			value->at++;
		}
	}
	skip_lws(value);
	return value->at < value->end && *value->at == '<';
}

// Without brackets: ends at white space, a parameter or a comma, and has no `?` (RFC 3261 20.10).
static bool take_addr_spec(struct ref_cursor *value, struct ref_text *uri)
{
	uri->at = value->at;
	while (value->at < value->end && is_uri_char(*value->at) && *value->at != ';' &&
	       *value->at != ',') {
		if (*value->at == '?')
			return false;
		value->at++;
	}
	uri->end = value->at;
	return ref_is_uri(*uri);
}

bool ref_address(struct ref_cursor *value, struct ref_text *uri)
{
	struct ref_cursor ahead;

	skip_lws(value);
	ahead = *value;
	if (!take_display_name(&ahead)) {
		if (value->at < value->end && *value->at == '"')
			return false;
		return take_addr_spec(value, uri);
	}
	*value = ahead;
	value->at++;
	*uri = take_while(value, is_uri_char);
	return take_char(value, '>') && ref_is_uri(*uri);
}

enum { PARAMETER_NONE, PARAMETER_THERE, PARAMETER_WRONG };

// One *( SEMI generic-param ). text.at == text.end: without a value, or an empty one.
static int take_parameter(struct ref_cursor *value, struct ref_text *name, struct ref_text *text,
			  bool *quoted)
{
	*quoted = false;
	skip_lws(value);
	if (value->at == value->end || *value->at == ',')
		return PARAMETER_NONE;
	if (!take_char(value, ';'))
		return PARAMETER_WRONG;
	skip_lws(value);
	*name = take_while(value, is_parameter_char);
	if (name->at == name->end)
		return PARAMETER_WRONG;
	*text = (struct ref_text){.at = value->at, .end = value->at};
	skip_lws(value);
	if (!take_char(value, '='))
		return PARAMETER_THERE;
	skip_lws(value);
	*text = (struct ref_text){.at = value->at, .end = value->at};
	if (value->at < value->end && *value->at == '"') {
		*quoted = true;
		return take_quoted(value) ? PARAMETER_THERE : PARAMETER_WRONG;
	}
	while (value->at < value->end && (is_parameter_char(*value->at) || *value->at == '='))
		value->at++;
	text->end = value->at;
	return PARAMETER_THERE;
}

// All parameters; of the one called wanted its text. It may come once and not quoted. Or none
// behind the wanted one.
static bool take_parameters(struct ref_cursor *value, const char *wanted, bool all,
			    struct ref_text *found, bool *there)
{
	struct ref_text name, text;
	bool quoted;

	*there = false;
	*found = (struct ref_text){.at = value->at, .end = value->at};
	for (;;) {
		switch (take_parameter(value, &name, &text, &quoted)) {
		case PARAMETER_NONE: return true;
		case PARAMETER_WRONG: return false;
		}
		if (!same_nocase(name, wanted))
			continue;
		if (*there || quoted)
			return false;
		*there = true;
		*found = text;
		if (!all)
			return true;
	}
}

bool ref_next(struct ref_cursor *value)
{
	struct ref_text name, text;
	bool quoted;
	int ret;

	do
		ret = take_parameter(value, &name, &text, &quoted);
	while (ret == PARAMETER_THERE);
	return ret == PARAMETER_NONE && take_char(value, ',');
}

bool ref_party(struct ref_cursor value, struct ref_party *party)
{
	return ref_address(&value, &party->uri) &&
	       take_parameters(&value, "tag", true, &party->tag, &party->has_tag) &&
	       value.at == value.end;
}

// LWS around a word and the slash behind it: SIP / 2.0 / UDP.
static bool take_protocol_part(struct ref_cursor *value, const char *wanted)
{
	struct ref_text part;

	skip_lws(value);
	part = take_while(value, ref_is_token_char);
	skip_lws(value);
	return wanted == NULL ? part.at < part.end
			      : same_nocase(part, wanted) && take_char(value, '/');
}

// host [ COLON port ]; LWS may stand around the colon.
static bool take_sent_by(struct ref_cursor *value, struct ref_text *sent_by)
{
	struct ref_cursor ahead;

	*sent_by = take_while(value, is_parameter_char);
	ahead = *value;
	skip_lws(&ahead);
	if (ahead.at < ahead.end && *ahead.at == ':') {
		*value = ahead;
		value->at++;
		skip_lws(value);
		take_while(value, is_digit);
		sent_by->end = value->at;
	} else if (sent_by->end > sent_by->at && sent_by->end[-1] == ':') {
		*value = ahead;
		if (take_while(value, is_digit).end > ahead.at)
			sent_by->end = value->at;
	}
	return sent_by->at < sent_by->end;
}

bool ref_via(struct ref_cursor value, struct ref_via *via)
{
	const char *behind;
	bool there;

	if (!take_protocol_part(&value, "sip") || !take_protocol_part(&value, "2.0"))
		return false;
	behind = value.at;
	if (!take_protocol_part(&value, NULL) || value.at == behind || !is_lws(value.at[-1]))
		return false;
	return take_sent_by(&value, &via->sent_by) &&
	       take_parameters(&value, "branch", false, &via->branch, &there);
}

// Digits at the cursor; more than max, or none: false.
static bool take_number(struct ref_cursor *value, uint64_t max, uint64_t *number)
{
	const char *from = value->at;

	*number = 0;
	for (; value->at < value->end && is_digit(*value->at); value->at++) {
		*number = *number * 10 + (uint64_t)(*value->at - '0');
		if (*number > max)
			return false;
	}
	return value->at > from;
}

bool ref_number(struct ref_cursor value, uint64_t max, uint64_t *number)
{
	value = ref_trim(value);
	return take_number(&value, max, number) && value.at == value.end;
}

bool ref_seconds(struct ref_cursor value, uint32_t *seconds)
{
	uint64_t number;

	value = ref_trim(value);
	if (!take_number(&value, UINT32_MAX, &number))
		return false;
	skip_lws(&value);
	*seconds = (uint32_t)number;
	return value.at == value.end || *value.at == ';';
}

bool ref_cseq(struct ref_cursor value, uint32_t *number, struct ref_text *method)
{
	uint64_t sequence;

	value = ref_trim(value);
	if (!take_number(&value, UINT32_MAX, &sequence))
		return false;
	if (value.at == value.end || !is_lws(*value.at))
		return false;
	skip_lws(&value);
	*number = (uint32_t)sequence;
	*method = take_while(&value, ref_is_token_char);
	return method->at < method->end && value.at == value.end;
}

bool ref_call_id(struct ref_cursor value)
{
	value = ref_trim(value);
	take_while(&value, is_visible);
	return value.at == value.end;
}

bool ref_is_sdp(struct ref_cursor value)
{
	struct ref_text type, subtype;

	skip_lws(&value);
	type = take_while(&value, ref_is_token_char);
	skip_lws(&value);
	if (!same_nocase(type, "application") || !take_char(&value, '/'))
		return false;
	skip_lws(&value);
	subtype = take_while(&value, ref_is_token_char);
	skip_lws(&value);
	return same_nocase(subtype, "sdp") && (value.at == value.end || *value.at == ';');
}
