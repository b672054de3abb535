// SPDX-License-Identifier: Apache-2.0
#include "sip/content_length.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "sip/header.h"
#include "sip/line_index.h"
#include "sip/msg.h"

static bool is_lws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Digits, with blanks and folds around them; more than fits any limit is as good as the limit.
static bool length_value(const char *at, const char *end, uint32_t *length)
{
	uint32_t number = 0;

	while (at < end && is_lws(*at))
		at++;
	while (end > at && is_lws(end[-1]))
		end--;
	if (at == end)
		return false;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9')
			return false;
		if (number <= SIP_MAX_BYTES)
			number = number * 10 + (uint32_t)(*at - '0');
	}
	*length = number;
	return true;
}

static bool is_folded(const char *buf, const struct line_index *index, uint32_t line)
{
	char first = buf[index->start[line]];

	return line < index->count && (first == ' ' || first == '\t');
}

static bool is_content_length(const char *name, const char *end, const char **value)
{
	const char *colon, *last;

	// Nearly all names differ here from "Content-Length" and "l".
	if ((*name | 0x20) == 'c' ? end - name < 9 || (name[8] | 0x20) != 'l'
				  : (*name | 0x20) != 'l')
		return false;
	colon = memchr(name, ':', (size_t)(end - name));
	if (colon == NULL)
		return false;
	for (last = colon; last > name && (last[-1] == ' ' || last[-1] == '\t');)
		last--;
	*value = colon + 1;
	return header_lookup(name, (size_t)(last - name)) == HEADER_CONTENT_LENGTH;
}

int content_length_find(const char *buf, const struct line_index *index, uint32_t *length)
{
	bool found = false;

	for (uint32_t i = 1; i < index->count; i++) {
		const char *value, *end = buf + index->start[i + 1];
		uint32_t next = i + 1;

		if (!is_content_length(buf + index->start[i], end, &value))
			continue;
		while (is_folded(buf, index, next))
			next++;
		if (found || !length_value(value, buf + index->start[next], length))
			return -EINVAL;
		found = true;
	}
	return found ? 0 : -ENOENT;
}
