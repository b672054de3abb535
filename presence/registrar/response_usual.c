// SPDX-License-Identifier: Apache-2.0
// The 2xx to a PUBLISH as registrars usually write it: one SIP-ETag and one Expires, each plain in
// its line. The framer has looked at line ends and control characters; what needs more thought
// (folding, lists, quotes, something twice) is left to response.c.
#include "presence/registrar/response.h"
#include "presence/registrar/transaction.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct piece {
	const char *at;
	size_t len;
};

enum line_name { LINE_OTHER, LINE_NAMED, LINE_ODD };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

// Has the line that name? Then its value, without blanks around.
static enum line_name line_named(struct piece line, const char *name, struct piece *value)
{
	size_t len = strlen(name);

	if (line.len <= len || strncasecmp(line.at, name, len) != 0)
		return LINE_OTHER;
	if (line.at[len] != ':')
		return is_blank(line.at[len]) ? LINE_ODD : LINE_OTHER;
	*value = (struct piece){line.at + len + 1, line.len - len - 1};
	for (; value->len > 0 && is_blank(value->at[0]); value->len--)
		value->at++;
	while (value->len > 0 && is_blank(value->at[value->len - 1]))
		value->len--;
	return LINE_NAMED;
}

static bool read_etag(struct piece value, struct response *out)
{
	if (out->answer.etag || value.len == 0 || value.len >= sizeof(out->etag))
		return false;
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];

		if (c <= ' ' || c >= 0x7f || c == ',' || c == '"')
			return false;
	}
	memcpy(out->etag, value.at, value.len);
	out->etag[value.len] = '\0';
	out->answer.etag = out->etag;
	return true;
}

static bool read_expires(struct piece value, bool *seen, uint32_t *seconds)
{
	uint32_t number = 0;

	if (*seen || value.len == 0 || value.len > 9)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return false;
		number = number * 10 + (uint32_t)(value.at[i] - '0');
	}
	*seen = true;
	*seconds = number;
	return true;
}

// Status and reason, for people.
static void read_status_line(struct piece line, struct response *out)
{
	static const char version[] = "SIP/2.0 ";
	size_t len = line.len - (sizeof(version) - 1);

	if (len >= sizeof(out->text))
		len = sizeof(out->text) - 1;
	memcpy(out->text, line.at + sizeof(version) - 1, len);
	out->text[len] = '\0';
	for (char *tab = out->text; (tab = strchr(tab, '\t')) != NULL;)
		*tab = '.';
	out->answer.diagnostics = out->text;
}

static bool read_line(struct piece line, bool *expires_seen, struct response *out)
{
	enum line_name name = LINE_OTHER;
	struct piece value;

	switch (line.at[0] | 0x20) {
	case 's':
		name = line_named(line, "SIP-ETag", &value);
		if (name == LINE_NAMED)
			return read_etag(value, out);
		break;
	case 'e':
		name = line_named(line, "Expires", &value);
		if (name == LINE_NAMED)
			return read_expires(value, expires_seen, &out->answer.expires_s);
		break;
	}
	return name == LINE_OTHER;
}

bool response_read_usual(const struct transaction_response *from, uint32_t asked_s,
			 struct response *out)
{
	const char *at = from->bytes, *end = at + from->len;
	bool first = true, expires_seen = false;

	if (from->status < 200 || from->status > 299 || from->folded)
		return false;
	out->answer = (struct publish_answer){
		.outcome = PUBLISH_ANSWERED, .status = from->status, .expires_s = asked_s};
	while (at < end) {
		const char *next = memchr(at, '\r', (size_t)(end - at));
		struct piece line = {at, next ? (size_t)(next - at) : 0};

		if (!next || line.len == 0)
			break;
		if (first && (line.len < 12 || memcmp(at, "SIP/2.0 ", 8) != 0))
			return false;
		if (first)
			read_status_line(line, out);
		else if (!read_line(line, &expires_seen, out))
			return false;
		first = false;
		at = next + 2;
	}
	// To have been given no tag is worth a word, which may say why.
	return out->answer.etag || asked_s == 0;
}
