// SPDX-License-Identifier: Apache-2.0
// One pass over the lines that matter (sdp_walk.h). What stands before the first m= is said of all
// streams, what comes after it of that one.
#include "sip/sdp.h"

#include "sip/kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

enum {
	// More parts, or longer header lines, than anybody sends beside a description.
	PARTS_MAX = 16,
	DEPTH_MAX = 3,     // multipart in multipart
	ADDRESS_TEXT = 46, // INET6_ADDRSTRLEN
};

struct text {
	const char *at, *end;
};

enum connection {
	CONNECTION_NONE,
	CONNECTION_UNKNOWN, // a name, or not readable
	CONNECTION_HELD,    // 0.0.0.0
	CONNECTION_GOOD,
};

enum direction {
	DIRECTION_NONE,
	DIRECTION_BOTH,
	DIRECTION_LESS, // sendonly, recvonly, inactive
};

// What is said of the session, or of one stream.
struct scope {
	enum connection connection;
	enum direction direction;
	struct sdp_address address; // its port is the stream's; 0: refused, or can't be followed
	struct sdp_address rtcp;    // port 0: where everybody expects it
};

static bool line_next(struct text *rest, struct text *line)
{
	const char *feed;

	if (rest->at == rest->end)
		return false;
	feed = memchr(rest->at, '\n', (size_t)(rest->end - rest->at));
	line->at = rest->at;
	line->end = feed != NULL ? feed : rest->end;
	rest->at = feed != NULL ? feed + 1 : rest->end;
	return true;
}

static bool is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

// Without its carriage return. Most lines need not be: they are left after a look at their start.
static struct text trimmed(struct text line)
{
	while (line.end > line.at && (line.end[-1] == '\r' || line.end[-1] == ' '))
		line.end--;
	return line;
}

// Up to the next blank.
static struct text word_next(struct text *rest)
{
	struct text word = {rest->at, rest->at};

	while (word.end < rest->end && *word.end != ' ')
		word.end++;
	rest->at = word.end < rest->end ? word.end + 1 : word.end;
	return word;
}

// Names and values of a description are case-sensitive (RFC 8866 5). Inlined, a comparison with a
// constant is one or two machine words.
static inline bool text_begins(struct text text, const char *value)
{
	size_t len = strlen(value);

	return (size_t)(text.end - text.at) >= len && memcmp(text.at, value, len) == 0;
}

static inline bool text_is(struct text text, const char *value)
{
	return (size_t)(text.end - text.at) == strlen(value) && text_begins(text, value);
}

// Of the header of a part, which is not (RFC 2046).
static bool text_begins_nocase(struct text text, const char *value)
{
	size_t len = strlen(value);

	return (size_t)(text.end - text.at) >= len && strncasecmp(text.at, value, len) == 0;
}

// Digits up to the end or a slash (m=audio 49170/2: so many pairs of ports from there).
static bool read_port(struct text text, uint16_t *port)
{
	uint32_t number = 0;
	const char *at = text.at;

	for (; at < text.end && *at >= '0' && *at <= '9' && number <= UINT16_MAX; at++)
		number = number * 10 + (uint32_t)(*at - '0');
	if (at == text.at || number > UINT16_MAX || (at < text.end && *at != '/'))
		return false;
	*port = (uint16_t)number;
	return true;
}

// As inet_pton() takes it, of which it costs a fifth: four numbers, without zeros before them.
static bool read_four(struct text host, uint8_t *octet)
{
	const char *at = host.at;

	for (int i = 0; i < 4; i++) {
		uint32_t number = 0;
		const char *begin = at;

		while (at < host.end && *at >= '0' && *at <= '9' && at - begin < 3)
			number = number * 10 + (uint32_t)(*at++ - '0');
		if (at == begin || number > UINT8_MAX || (*begin == '0' && at - begin > 1))
			return false;
		octet[i] = (uint8_t)number;
		if (i < 3 && (at == host.end || *at++ != '.'))
			return false;
	}
	return at == host.end || *at == '/' || *at == ' ';
}

static bool read_six(struct text host, uint8_t *octet)
{
	size_t len = 0;
	char text[ADDRESS_TEXT];

	while (host.at + len < host.end && host.at[len] != '/' && host.at[len] != ' ')
		len++;
	if (len >= sizeof(text))
		return false;
	memcpy(text, host.at, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, octet) == 1;
}

static bool is_zero(const uint8_t *octet)
{
	static const uint8_t nothing[16];

	return memcmp(octet, nothing, sizeof(nothing)) == 0;
}

// "IN IP4 192.0.2.1", with "/127" behind a multicast address.
static enum connection read_connection(struct text rest, struct sdp_address *address)
{
	bool is_four = text_begins(rest, "IN IP4 "), is_six = text_begins(rest, "IN IP6 ");

	*address = (struct sdp_address){.port = address->port};
	if (!is_four && !is_six)
		return CONNECTION_UNKNOWN;
	rest.at += strlen("IN IP4 ");
	if (!(is_six ? read_six(rest, address->octet) : read_four(rest, address->octet)))
		return CONNECTION_UNKNOWN;
	address->version = is_six ? 6 : 4;
	return is_zero(address->octet) ? CONNECTION_HELD : CONNECTION_GOOD;
}

// "audio 49170 RTP/AVP 0 8"
static void read_stream(struct text rest, struct scope *stream)
{
	struct text port, transport;

	word_next(&rest);
	port = word_next(&rest);
	transport = word_next(&rest);
	if (!read_port(port, &stream->address.port) || text_begins(transport, "TCP"))
		stream->address.port = 0;
}

// "53020" or "53020 IN IP4 192.0.2.4"
static void read_rtcp(struct text rest, struct scope *scope)
{
	struct text port = word_next(&rest);

	if (!read_port(port, &scope->rtcp.port))
		scope->rtcp.port = 0;
	else if (rest.at < rest.end && read_connection(rest, &scope->rtcp) != CONNECTION_GOOD)
		scope->rtcp.port = 0;
}

static void read_attribute(struct text value, struct scope *scope)
{
	if (text_is(value, "sendrecv"))
		scope->direction = DIRECTION_BOTH;
	else if (text_is(value, "sendonly") || text_is(value, "recvonly") ||
		 text_is(value, "inactive"))
		scope->direction = DIRECTION_LESS;
	else if (text_begins(value, "rtcp:"))
		read_rtcp((struct text){value.at + 5, value.end}, scope);
}

static void add(struct sdp *sdp, const struct sdp_address *address)
{
	if (sdp->count < SDP_ADDRESSES)
		sdp->address[sdp->count++] = *address;
}

static void finish_stream(struct sdp *sdp, const struct scope *session, struct scope *stream)
{
	const struct scope *where = stream->connection != CONNECTION_NONE ? stream : session;
	enum direction direction = stream->direction != DIRECTION_NONE ? stream->direction
								       : session->direction;
	uint16_t port = stream->address.port;

	if (port == 0)
		return;
	if (where->connection != CONNECTION_HELD && direction != DIRECTION_LESS)
		sdp->two_way = 1;
	if (where->connection != CONNECTION_GOOD)
		return;
	stream->address = where->address;
	stream->address.port = port;
	add(sdp, &stream->address);
	// On the port of the stream, or the next one, it is found without being told of.
	if (stream->rtcp.port == 0 || stream->rtcp.port == port || stream->rtcp.port == port + 1)
		return;
	if (stream->rtcp.version == 0) {
		port = stream->rtcp.port;
		stream->rtcp = stream->address;
		stream->rtcp.port = port;
	}
	add(sdp, &stream->rtcp);
}

static int read_description(struct text text, struct sdp *sdp)
{
	static const struct scope nothing;
	struct scope session = nothing, stream = nothing, *scope = &session;
	uint32_t found[SDP_LINES], len = (uint32_t)(text.end - text.at), from = 0;
	struct text rest = text, line;

	if (!line_next(&rest, &line) || !text_is(trimmed(line), "v=0"))
		return -EINVAL;
	while (from < len) {
		uint32_t count = kernel_selected->sdp_walk(text.at, len, &from, found);
		for (uint32_t i = 0; i < count; i++) {
			rest.at = text.at + found[i];
			line_next(&rest, &line);
			struct text value = trimmed((struct text){line.at + 2, line.end});
			switch (line.at[0]) {
			case 'c':
				scope->connection = read_connection(value, &scope->address);
				break;
			case 'a': read_attribute(value, scope); break;
			case 'm':
				if (scope == &stream)
					finish_stream(sdp, &session, &stream);
				scope = &stream;
				stream = nothing;
				read_stream(value, &stream);
				break;
			default: break;
			}
		}
	}
	if (scope == &stream)
		finish_stream(sdp, &session, &stream);
	return 0;
}

enum part { PART_OTHER, PART_DESCRIPTION, PART_MULTIPART };

// What a Content-Type says, which may go on in the next line.
static enum part part_type(struct text value)
{
	while (value.at < value.end &&
	       (is_line_end(*value.at) || *value.at == ' ' || *value.at == '\t'))
		value.at++;
	if (text_begins_nocase(value, "application/sdp"))
		return PART_DESCRIPTION;
	return text_begins_nocase(value, "multipart/") ? PART_MULTIPART : PART_OTHER;
}

// Reads the header of a part up to its empty line.
static enum part part_header(struct text *rest)
{
	enum part part = PART_OTHER;
	struct text line;

	while (line_next(rest, &line)) {
		line = trimmed(line);
		if (line.at == line.end)
			break;
		if (text_begins_nocase(line, "Content-Type:") || text_begins_nocase(line, "c:")) {
			const char *colon = memchr(line.at, ':', (size_t)(line.end - line.at));
			part = part_type((struct text){colon + 1, rest->end});
		}
	}
	return part;
}

static struct text without_empty_lines(struct text text)
{
	while (text.at < text.end && is_line_end(*text.at))
		text.at++;
	return text;
}

// The first line is the delimiter: what the header says it is need not be known.
static bool find_part(struct text *body, int depth)
{
	struct text rest = without_empty_lines(*body), delimiter;

	if (depth == DEPTH_MAX || !text_begins(rest, "--"))
		return false;
	line_next(&rest, &delimiter);
	delimiter = trimmed(delimiter);
	for (int i = 0; i < PARTS_MAX && rest.at < rest.end; i++) {
		enum part kind = part_header(&rest);
		const char *next = memmem(rest.at, (size_t)(rest.end - rest.at), delimiter.at,
					  (size_t)(delimiter.end - delimiter.at));
		struct text part = {rest.at, next != NULL ? next : rest.end}, line;

		if (kind == PART_DESCRIPTION ||
		    (kind == PART_MULTIPART && find_part(&part, depth + 1))) {
			*body = part;
			return true;
		}
		if (next == NULL)
			return false;
		rest.at = next;
		line_next(&rest, &line);
	}
	return false;
}

bool sdp_is_multipart(const char *body, size_t len)
{
	return text_begins(without_empty_lines((struct text){body, body + len}), "--");
}

int sdp_parse(const char *body, size_t len, struct sdp *sdp)
{
	struct text text = {body, body + len};

	*sdp = (struct sdp){0};
	if (len < 2 || (sdp_is_multipart(body, len) && !find_part(&text, 0)))
		return -ENOENT;
	return read_description(text, sdp);
}
