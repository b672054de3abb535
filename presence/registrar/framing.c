// SPDX-License-Identifier: Apache-2.0
// The framer looks at each octet of the head once: line by line, for control characters and for
// Content-Length in both of its forms.
#include "presence/registrar/framing.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define BODY_UNSTATED ((size_t)-1)

// Line ends in front of a message. A lone CR at the end may become one.
static size_t frame_skip(const char *data, size_t len)
{
	size_t at = 0;

	while (len - at >= 2 && data[at] == '\r' && data[at + 1] == '\n')
		at += 2;
	return at;
}

static bool frame_octets_are_clean(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

// Is there an octet under ' ', or 0x7f, among these eight? (Bit Twiddling Hacks, "hasless": the
// answer is exact, which octet it is would not be.)
static bool frame_word_is_suspect(uint64_t word)
{
	const uint64_t ones = ~UINT64_C(0) / 255, tops = ones * 0x80, del = word ^ ones * 0x7f;

	return (((word - ones * ' ') & ~word) | ((del - ones) & ~del)) & tops;
}

static bool frame_line_is_clean(const char *line, size_t len)
{
	uint64_t word;

	for (; len >= sizeof(word); line += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, line, sizeof(word));
		if (frame_word_is_suspect(word) && !frame_octets_are_clean(line, sizeof(word)))
			return false;
	}
	return frame_octets_are_clean(line, len);
}

static bool frame_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

// Is this "Content-Length" or "l", blanks before the colon allowed (RFC 3261 7.3.1)? Then its
// value.
static bool frame_line_length(const char *line, size_t len, const char **value, size_t *value_len)
{
	const char *colon = memchr(line, ':', len);
	size_t name;

	if (!colon)
		return false;
	name = (size_t)(colon - line);
	while (name > 0 && frame_is_blank(line[name - 1]))
		name--;
	if (!(name == 14 && strncasecmp(line, "Content-Length", 14) == 0) &&
	    !(name == 1 && (line[0] == 'l' || line[0] == 'L')))
		return false;
	*value = colon + 1;
	*value_len = len - (size_t)(colon + 1 - line);
	return true;
}

// Digits and nothing else, up to FRAME_BODY_BYTES.
static int frame_length(const char *value, size_t len, size_t *body)
{
	size_t number = 0, digits = 0;

	while (len > 0 && frame_is_blank(value[len - 1]))
		len--;
	while (len > 0 && frame_is_blank(*value)) {
		value++;
		len--;
	}
	for (; digits < len; digits++) {
		if (value[digits] < '0' || value[digits] > '9')
			return -EBADMSG;
		number = number * 10 + (size_t)(value[digits] - '0');
		if (number > FRAME_BODY_BYTES)
			return -EBADMSG;
	}
	if (digits == 0)
		return -EBADMSG;
	*body = number;
	return 0;
}

// The head from data[0] on. 1, 0 or -EBADMSG; *head and *body (or BODY_UNSTATED) when 1.
static int frame_head(const char *data, size_t len, size_t *head, size_t *body)
{
	size_t limit = len < FRAME_HEAD_BYTES ? len : FRAME_HEAD_BYTES, at = 0, lines = 0;
	const char *value;
	size_t value_len;

	*body = BODY_UNSTATED;
	while (at < limit) {
		const char *line = data + at, *end = memchr(line, '\n', limit - at);
		size_t line_len;

		if (!end)
			break;
		line_len = (size_t)(end - line);
		if (line_len == 0 || line[line_len - 1] != '\r')
			return -EBADMSG;
		line_len--;
		at += line_len + 2;
		if (line_len == 0) {
			*head = at;
			return 1;
		}
		if (++lines > FRAME_HEAD_LINES || !frame_line_is_clean(line, line_len))
			return -EBADMSG;
		if (!frame_line_length(line, line_len, &value, &value_len))
			continue;
		// Twice, even alike, is somebody who wants two parsers to differ; and its value
		// must not go on in the next line.
		if (*body != BODY_UNSTATED || frame_length(value, value_len, body) ||
		    (at < limit && frame_is_blank(data[at])))
			return -EBADMSG;
	}
	return len >= FRAME_HEAD_BYTES ? -EBADMSG : 0;
}

int frame_of_stream(const char *data, size_t len, struct frame *frame)
{
	int result;

	*frame = (struct frame){.skipped = frame_skip(data, len)};
	data += frame->skipped;
	len -= frame->skipped;
	if (len == 0 || (len == 1 && *data == '\r'))
		return 0;
	result = frame_head(data, len, &frame->head, &frame->body);
	if (result != 1)
		return result;
	if (frame->body == BODY_UNSTATED)
		return -EBADMSG; // RFC 3261 18.3: a must on streams
	return len - frame->head >= frame->body;
}

int frame_of_datagram(const char *data, size_t len, struct frame *frame)
{
	*frame = (struct frame){.skipped = frame_skip(data, len)};
	data += frame->skipped;
	len -= frame->skipped;
	if (len == 0)
		return 0;
	if (frame_head(data, len, &frame->head, &frame->body) != 1)
		return -EBADMSG;
	len -= frame->head;
	if (frame->body == BODY_UNSTATED)
		frame->body = len;
	return frame->body <= len ? 1 : -EBADMSG;
}
