// SPDX-License-Identifier: Apache-2.0
#include "sip/value.h"

#include <string.h>

#include "sip/msg.h"

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

// Four octets as a number, letters in lower case; behind any octet of a line there are at least
// that many, as CR LF CR LF ends the headers.
static inline uint32_t word_lower(const char *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return word | 0x20202020;
}

static inline uint32_t word_of(const char text[4])
{
	uint32_t word;

	memcpy(&word, text, sizeof(word));
	return word;
}

// Behind the quoted string that starts at `at`, which ends at the first quote that no backslash
// hides; 0: it doesn't end on this line.
static uint32_t skip_quoted(const struct value *value, uint32_t at)
{
	for (at++;;) {
		at = line_next_stop(value->index, at);
		if (at >= value->end)
			return 0;
		if (value->buf[at] == '"')
			return at + 1;
		at += value->buf[at] == '\\' ? 2 : 1;
	}
}

static inline uint32_t skip_blanks(const struct value *value, uint32_t at)
{
	while (is_blank(value->buf[at]))
		at++;
	return at;
}

// The `<` behind a display name, quoted or of words; 0: something else is there.
static inline uint32_t skip_display_name(const struct value *value)
{
	uint32_t at = value->at;

	if (value->buf[at] == '"') {
		at = skip_quoted(value, at);
		at = at != 0 ? skip_blanks(value, at) : value->end;
	} else {
		at = line_next_stop(value->index, at);
		while (is_blank(value->buf[at]))
			at = line_next_stop(value->index, at + 1);
	}
	return value->buf[at] == '<' ? at : 0;
}

bool value_uri(const struct value *value, uint32_t at, uint32_t *end)
{
	uint32_t scheme = word_lower(value->buf + at);
	uint32_t stop = at;
	char c;

	do {
		stop = line_next_stop(value->index, stop);
		c = value->buf[stop++];
	} while (c == ';' || c == '=' || c == ',');
	*end = --stop;
	// `|0x20` leaves a colon as it is and makes one only of what is a stop.
	if (scheme == word_of("sip:") || scheme == word_of("tel:"))
		return stop - at > 4;
	return scheme == word_of("sips") && value->buf[at + 4] == ':' && stop - at > 5;
}

bool value_address(const struct value *value, struct sip_slice *uri, uint32_t *rest)
{
	uint32_t open = skip_display_name(value);
	uint32_t close;

	if (open == 0 || !value_uri(value, open + 1, &close) || value->buf[close] != '>')
		return false;
	*uri = value_slice(open + 1, close);
	*rest = close + 1;
	return true;
}

struct parameter {
	uint32_t name, name_end;
	uint32_t text, text_end; // alike when there is no value
	bool quoted;
};

// `;name`, `;name=value` or `;name="value"` at `at`. The offset behind it, or 0. Blanks are
// unusual.
static inline uint32_t take_parameter(const struct value *value, uint32_t at,
				      struct parameter *parameter)
{
	uint32_t end = line_next_stop(value->index, at + 1);

	parameter->name = at + 1;
	parameter->name_end = end;
	parameter->text = end;
	parameter->text_end = end;
	parameter->quoted = false;
	if (end == at + 1)
		return 0;
	if (value->buf[end] != '=')
		return end;
	parameter->text = ++end;
	if (value->buf[end] == '"') {
		parameter->quoted = true;
		return skip_quoted(value, end);
	}
	for (end = line_next_stop(value->index, end); value->buf[end] == '=';)
		end = line_next_stop(value->index, end + 1);
	parameter->text_end = end;
	return end;
}

bool value_party(const struct value *value, struct sip_slice *uri, struct sip_slice *tag,
		 bool *has_tag)
{
	struct parameter parameter;
	uint32_t at;

	*has_tag = false;
	if (!value_address(value, uri, &at))
		return false;
	while (value->buf[at] == ';') {
		at = take_parameter(value, at, &parameter);
		if (at == 0)
			return false;
		if (parameter.name_end - parameter.name != 3 ||
		    (word_lower(value->buf + parameter.name - 1) ^ word_of(";tag")) != 0)
			continue;
		if (*has_tag || parameter.quoted)
			return false;
		*has_tag = true;
		*tag = value_slice(parameter.text, parameter.text_end);
	}
	return at == value->end;
}

bool value_via(const struct value *value, struct sip_slice *sent_by, struct sip_slice *branch)
{
	const char *text = value->buf + value->at;
	struct parameter parameter;
	uint32_t at = value->at + 12;
	bool has_branch = false;

	// "SIP/2.0/UDP h"
	if (value->end <= at || memcmp(text, "SIP/2.0/", 8) != 0)
		return false;
	if (memcmp(text + 8, "UDP ", 4) != 0 && memcmp(text + 8, "TCP ", 4) != 0 &&
	    memcmp(text + 8, "TLS ", 4) != 0)
		return false;
	at = line_next_stop(value->index, at);
	if (at == value->at + 12)
		return false;
	*sent_by = value_slice(value->at + 12, at);
	while (value->buf[at] == ';') {
		at = take_parameter(value, at, &parameter);
		if (at == 0)
			return false;
		if (parameter.name_end - parameter.name != 6 ||
		    word_lower(value->buf + parameter.name) != word_of("bran") ||
		    word_lower(value->buf + parameter.name + 2) != word_of("anch"))
			continue;
		if (has_branch || parameter.quoted)
			return false;
		has_branch = true;
		*branch = value_slice(parameter.text, parameter.text_end);
	}
	return at == value->end || value->buf[at] == ',';
}

// The offset behind up to nine digits: no overflow to think of.
static inline uint32_t take_digits(const struct value *value, uint32_t *number)
{
	uint32_t at = value->at;
	uint32_t sum = 0;

	for (; at - value->at < 9; at++) {
		uint32_t digit = (unsigned char)value->buf[at] - (uint32_t)'0';

		if (digit > 9)
			break;
		sum = sum * 10 + digit;
	}
	*number = sum;
	return at;
}

bool value_number(const struct value *value, uint32_t *number)
{
	return take_digits(value, number) == value->end && value->at < value->end;
}

bool value_cseq(const struct value *value, uint32_t *number, uint8_t *method)
{
	uint32_t at = take_digits(value, number);

	if (at == value->at || value->buf[at] != ' ')
		return false;
	at++;
	*method = (uint8_t)sip_method_find(value->buf + at, value->end - at);
	return *method != SIP_OTHER_METHOD;
}

bool value_call_id(const struct value *value, struct sip_slice *call_id)
{
	uint32_t at = line_next_stop(value->index, value->at);

	// Visible ASCII that happens to be a stop elsewhere.
	while (value->buf[at] > 0x20 && value->buf[at] < 0x7f)
		at = line_next_stop(value->index, at + 1);
	*call_id = value_slice(value->at, at);
	return at == value->end && at > value->at;
}

bool value_session_expires(const struct value *value, uint32_t *seconds)
{
	uint32_t at = take_digits(value, seconds);

	return at > value->at && (at == value->end || value->buf[at] == ';');
}

bool value_content_type(const struct value *value, bool *is_sdp)
{
	const char *text;
	uint32_t at = line_next_stop(value->index, value->at);

	if (at == value->at || (at != value->end && value->buf[at] != ';'))
		return false;
	text = value->buf + value->at;
	*is_sdp = at - value->at == 15 && word_lower(text) == word_of("appl") &&
		  word_lower(text + 4) == word_of("icat") &&
		  word_lower(text + 8) == word_of("ion/") &&
		  word_lower(text + 11) == word_of("/sdp");
	return true;
}

struct sip_slice value_text(const struct value *value)
{
	uint32_t end = value->end;

	while (end > value->at && is_blank(value->buf[end - 1]))
		end--;
	return value_slice(value->at, end);
}
