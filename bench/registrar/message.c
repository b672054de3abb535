// SPDX-License-Identifier: Apache-2.0
// One pass over the lines. RFC 3261 7.3, with folding (7.3.1) and compact forms (7.3.3).
#include "bench/registrar/message.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	HEAD_BYTES_MOST = 16384,
	BODY_BYTES_MOST = 65536,
};

// Names by their length, so that most lines are told apart without comparing. Those that may be
// there once: RFC 3261 table 2, RFC 3903 table 1.
static const struct {
	const char *name;
	uint8_t len;
	enum message_header header;
	bool once;
} names[] = {
	{"Via", 3, MESSAGE_VIA, false},
	{"v", 1, MESSAGE_VIA, false},
	{"From", 4, MESSAGE_FROM, true},
	{"f", 1, MESSAGE_FROM, true},
	{"To", 2, MESSAGE_TO, true},
	{"t", 1, MESSAGE_TO, true},
	{"Call-ID", 7, MESSAGE_CALL_ID, true},
	{"i", 1, MESSAGE_CALL_ID, true},
	{"CSeq", 4, MESSAGE_CSEQ, true},
	{"Max-Forwards", 12, MESSAGE_MAX_FORWARDS, true},
	{"Event", 5, MESSAGE_EVENT, true},
	{"o", 1, MESSAGE_EVENT, true},
	{"Expires", 7, MESSAGE_EXPIRES, true},
	{"SIP-If-Match", 12, MESSAGE_IF_MATCH, false},
	{"Content-Type", 12, MESSAGE_CONTENT_TYPE, true},
	{"c", 1, MESSAGE_CONTENT_TYPE, true},
	{"Content-Length", 14, MESSAGE_CONTENT_LENGTH, true},
	{"l", 1, MESSAGE_CONTENT_LENGTH, true},
	{"Authorization", 13, MESSAGE_AUTHORIZATION, false},
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

bool part_is(struct part part, const char *text)
{
	return strlen(text) == part.len && memcmp(part.at, text, part.len) == 0;
}

bool part_is_word(struct part part, const char *text)
{
	return strlen(text) == part.len && strncasecmp(part.at, text, part.len) == 0;
}

bool part_equal(struct part a, struct part b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

bool part_number(struct part part, uint32_t *number)
{
	uint64_t value = 0;

	if (part.len == 0 || part.len > 10)
		return false;
	for (uint32_t i = 0; i < part.len; i++) {
		if (part.at[i] < '0' || part.at[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(part.at[i] - '0');
	}
	*number = (uint32_t)value;
	return value <= UINT32_MAX;
}

// Multiply and fold, eight octets at a time (the finish of MurmurHash3, Appleby 2011).
uint64_t part_hash(struct part part)
{
	uint64_t hash = part.len * UINT64_C(0x9e3779b97f4a7c15), word;

	for (uint32_t i = 0; i < part.len; i += 8) {
		word = 0;
		memcpy(&word, part.at + i, part.len - i < 8 ? part.len - i : 8);
		hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
		hash ^= hash >> 32;
	}
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 29;
}

static struct part part_trim(const char *from, const char *to)
{
	while (from < to && (*from == ' ' || *from == '\t' || *from == '\r' || *from == '\n'))
		from++;
	while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r' || to[-1] == '\n'))
		to--;
	return (struct part){from, (uint32_t)(to - from)};
}

struct part part_parameter(struct part value, const char *name)
{
	const char *at = value.at, *end = value.at + value.len;
	size_t name_len = strlen(name);

	while (at < end && (at = memchr(at, ';', (size_t)(end - at))) != NULL) {
		const char *equals;
		struct part found;

		for (at++; at < end && *at == ' ';)
			at++;
		if ((size_t)(end - at) < name_len || strncasecmp(at, name, name_len) != 0)
			continue;
		equals = at + name_len;
		while (equals < end && *equals == ' ')
			equals++;
		if (equals == end || *equals != '=')
			continue;
		found = part_trim(equals + 1, end);
		for (uint32_t i = 0; i < found.len; i++)
			if (strchr(";, \t>", found.at[i]) != NULL)
				found.len = i;
		return found;
	}
	return (struct part){0};
}

static int name_find(struct part name)
{
	for (int i = 0; i < NAMES; i++)
		if (names[i].len == name.len && (names[i].name[0] | 0x20) == (name.at[0] | 0x20) &&
		    strncasecmp(names[i].name, name.at, name.len) == 0)
			return i;
	return -1;
}

// End of the line at `from`: behind its LF, folded lines included. NULL: it has none.
static const char *line_end(const char *from, const char *end)
{
	do {
		from = memchr(from, '\n', (size_t)(end - from));
		if (from == NULL)
			return NULL;
		from++;
	} while (from < end && (*from == ' ' || *from == '\t'));
	return from;
}

static bool line_is_empty(const char *line)
{
	return line[0] == '\r' || line[0] == '\n';
}

long message_length(const char *bytes, size_t len, enum complaint *complaint)
{
	const char *end = bytes + len, *line = bytes;
	uint32_t body = 0;
	bool has_length = false;

	*complaint = COMPLAINT_NONE;
	for (;;) {
		const char *next = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;

		if (next == NULL) {
			*complaint = COMPLAINT_NOT_SIP;
			return len > HEAD_BYTES_MOST ? -1 : 0;
		}
		next++;
		if (line_is_empty(line)) {
			line = next;
			break;
		}
		if ((line[0] | 0x20) == 'c' || (line[0] | 0x20) == 'l') {
			const char *colon = memchr(line, ':', (size_t)(next - line));
			struct part name = part_trim(line, colon != NULL ? colon : line);
			int known = name.len > 0 ? name_find(name) : -1;

			if (known >= 0 && names[known].header == MESSAGE_CONTENT_LENGTH) {
				has_length = true;
				if (!part_number(part_trim(colon + 1, next), &body) ||
				    body > BODY_BYTES_MOST) {
					*complaint = COMPLAINT_LENGTH;
					return -1;
				}
			}
		}
		line = next;
	}
	if (!has_length) {
		*complaint = COMPLAINT_NO_LENGTH;
		return -1;
	}
	return (size_t)(end - line) < body ? 0 : (long)(line - bytes) + (long)body;
}

// METHOD uri SIP/2.0
static bool read_request_line(struct message *message, const char *line, const char *end)
{
	struct part whole = part_trim(line, end);
	const char *first = memchr(whole.at, ' ', whole.len), *last;

	if (first == NULL)
		return false;
	message->method = (struct part){whole.at, (uint32_t)(first - whole.at)};
	first++;
	last = memchr(first, ' ', whole.len - (size_t)(first - whole.at));
	if (last == NULL || message->method.len == 0)
		return false;
	message->uri = (struct part){first, (uint32_t)(last - first)};
	last++;
	return message->uri.len > 0 &&
	       part_is((struct part){last, whole.len - (uint32_t)(last - whole.at)}, "SIP/2.0");
}

// The URI and the tag of a From or To.
static void read_party(struct part value, struct part *uri, struct part *tag)
{
	const char *open = memchr(value.at, '<', value.len), *end = value.at + value.len, *close;

	// A quoted name may hold a bracket.
	if (value.len > 0 && value.at[0] == '"') {
		const char *quote = value.at + 1;

		while (quote < end && *quote != '"')
			quote += *quote == '\\' ? 2 : 1;
		open = quote < end ? memchr(quote, '<', (size_t)(end - quote)) : NULL;
	}
	if (open == NULL) {
		const char *semicolon = memchr(value.at, ';', value.len);

		*uri = part_trim(value.at, semicolon != NULL ? semicolon : end);
		*tag = part_parameter(value, "tag");
		return;
	}
	close = memchr(open, '>', (size_t)(end - open));
	if (close == NULL)
		return;
	*uri = (struct part){open + 1, (uint32_t)(close - open - 1)};
	*tag = part_parameter((struct part){close, (uint32_t)(end - close)}, "tag");
}

static void read_cseq(struct message *message)
{
	struct part value = message->value[MESSAGE_CSEQ];
	const char *blank = memchr(value.at, ' ', value.len);

	if (blank == NULL ||
	    !part_number((struct part){value.at, (uint32_t)(blank - value.at)}, &message->cseq))
		return;
	message->cseq_method = part_trim(blank, value.at + value.len);
}

// The topmost of what may be a list in one line; a comma inside quotes is rare enough in a Via.
static struct part first_of_list(struct part value)
{
	const char *comma = memchr(value.at, ',', value.len);

	return comma != NULL ? part_trim(value.at, comma) : value;
}

static enum complaint read_lines(struct message *message, const char *line, const char *end)
{
	enum complaint complaint = COMPLAINT_NONE;

	while (line < end && !line_is_empty(line)) {
		const char *next = line_end(line, end);
		const char *colon = memchr(line, ':', (size_t)((next ? next : end) - line));
		struct part name;
		int known;

		if (next == NULL || colon == NULL)
			return COMPLAINT_NOT_SIP;
		name = part_trim(line, colon);
		known = name.len > 0 ? name_find(name) : -1;
		if (known >= 0) {
			enum message_header header = names[known].header;
			struct part value = part_trim(colon + 1, next);

			if (message->count[header]++ == 0)
				message->value[header] = value;
			else if (names[known].once)
				complaint = COMPLAINT_TWICE;
			if (header == MESSAGE_VIA && message->vias < MESSAGE_VIAS)
				message->via[message->vias++] = value;
		}
		line = next;
	}
	if (line == end)
		return COMPLAINT_NOT_SIP;
	line += line[0] == '\r' ? 2 : 1;
	message->body = (struct part){line, line < end ? (uint32_t)(end - line) : 0};
	return complaint;
}

static enum complaint check_body(struct message *message, bool stream)
{
	uint32_t length;

	if (message->count[MESSAGE_CONTENT_LENGTH] == 0)
		return stream ? COMPLAINT_NO_LENGTH : COMPLAINT_NONE;
	if (!part_number(message->value[MESSAGE_CONTENT_LENGTH], &length) ||
	    length > message->body.len)
		return COMPLAINT_LENGTH;
	message->body.len = length; // RFC 3261 18.3: what is behind it in a datagram is dropped
	return COMPLAINT_NONE;
}

static enum complaint check_headers(const struct message *message)
{
	static const struct {
		enum message_header header;
		enum complaint complaint;
	} needed[] = {
		{MESSAGE_VIA, COMPLAINT_MISSING_VIA},
		{MESSAGE_FROM, COMPLAINT_MISSING_FROM},
		{MESSAGE_TO, COMPLAINT_MISSING_TO},
		{MESSAGE_CALL_ID, COMPLAINT_MISSING_CALL_ID},
		{MESSAGE_CSEQ, COMPLAINT_MISSING_CSEQ},
		{MESSAGE_MAX_FORWARDS, COMPLAINT_MISSING_MAX_FORWARDS},
	};

	for (unsigned int i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (message->value[needed[i].header].len == 0)
			return needed[i].complaint;
	if (message->branch.len <= 7 || memcmp(message->branch.at, "z9hG4bK", 7) != 0)
		return COMPLAINT_BRANCH;
	if (message->from_tag.len == 0)
		return COMPLAINT_FROM_TAG;
	if (!part_equal(message->cseq_method, message->method))
		return COMPLAINT_CSEQ_METHOD;
	return COMPLAINT_NONE;
}

enum complaint message_read(struct message *message, const char *bytes, size_t len, bool stream)
{
	const char *end = bytes + len, *line = line_end(bytes, end);
	enum complaint complaint, of_body;

	memset(message, 0, sizeof(*message));
	if (line == NULL || !read_request_line(message, bytes, line))
		return COMPLAINT_NOT_SIP;
	complaint = read_lines(message, line, end);
	if (complaint == COMPLAINT_NOT_SIP)
		return complaint;
	if (message->value[MESSAGE_FROM].len > 0)
		read_party(message->value[MESSAGE_FROM], &message->from_uri, &message->from_tag);
	if (message->value[MESSAGE_TO].len > 0)
		read_party(message->value[MESSAGE_TO], &message->to_uri, &message->to_tag);
	if (message->value[MESSAGE_CSEQ].len > 0)
		read_cseq(message);
	if (message->vias > 0)
		message->branch = part_parameter(first_of_list(message->via[0]), "branch");
	of_body = check_body(message, stream);
	if (complaint == COMPLAINT_NONE)
		complaint = of_body;
	return complaint == COMPLAINT_NONE ? check_headers(message) : complaint;
}
