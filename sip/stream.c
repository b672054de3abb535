// SPDX-License-Identifier: Apache-2.0
// Framing by Content-Length, and the search for a message where that is lost. A search believes a
// start line only when headers with a length follow that the parser takes: bodies may carry start
// lines of their own (message/sipfrag, RFC 3420). A stream whose messages lack the length gets on
// without: proxies can be told to take them, as without a body.
#include "sip/stream.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "sip/content_length.h"
#include "sip/line_index.h"
#include "sip/msg.h"
#include "sip/start_line.h"

_Static_assert((int)STREAM_MOST_BYTES > (int)SIP_MAX_BYTES, "a message is framed before that");

enum {
	STUN_HEADER_BYTES = 20, // RFC 8489 5
	STUN_MOST_BYTES = 2048,
	HANDSHAKE_BYTES = 8192,          // the longest headers that web servers take
	TLS_RECORD_BYTES = 16384 + 2048, // RFC 5246 6.2.3
	SHORT_BYTES = 8,                 // enough to tell TLS and STUN
};

void stream_init(struct sip_stream *stream, bool from_start)
{
	*stream = (struct sip_stream){.state = from_start ? STREAM_IS_NEW : STREAM_IS_SEARCHING};
}

static bool is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

// Whether an empty line ends within the octets that were not there the last time.
static bool has_empty_line(const char *buf, size_t len, size_t seen)
{
	size_t from = seen > 3 ? seen - 3 : 0;
	const char *lf;

	while ((lf = memchr(buf + from, '\n', len - from)) != NULL) {
		from = (size_t)(lf - buf) + 1;
		if (from < len && buf[from] == '\n')
			return true;
		if (from + 1 < len && buf[from] == '\r' && buf[from + 1] == '\n')
			return true;
	}
	return false;
}

// A start line within the headers: what came before it is the end of something else.
static bool has_second_start(const char *buf, const struct line_index *index)
{
	for (uint32_t i = 1; i < index->count; i++)
		if (start_line_guess(buf + index->start[i],
				     (size_t)(index->start[i + 1] - index->start[i])) == GUESS_YES)
			return true;
	return false;
}

// The headers in front, at the first look at them that finds their end.
static enum stream_verdict frame_headers(struct sip_stream *stream, const char *buf, size_t len,
					 size_t *header_end)
{
	struct line_index index;
	uint32_t length = 0;
	struct sip_msg msg;

	if (stream->seen > 0 && len < SIP_MAX_HEADER_BYTES &&
	    !has_empty_line(buf, len, stream->seen)) {
		stream->seen = (uint32_t)len;
		return STREAM_MORE;
	}
	int err = line_index_build(buf, len, &index);
	if (err == -ENODATA && len < SIP_MAX_HEADER_BYTES) {
		stream->seen = (uint32_t)len;
		return STREAM_MORE;
	}
	if (err != 0)
		return STREAM_TOO_LONG;
	*header_end = index.header_end;
	err = content_length_find(buf, &index, &length);
	if (err == -EINVAL)
		return STREAM_BAD_LENGTH;
	if (length + index.header_end > SIP_MAX_BYTES)
		return STREAM_TOO_LONG;
	if (stream->state == STREAM_IS_SEARCHING &&
	    ((err != 0 && !stream->lacks_length) || has_second_start(buf, &index) ||
	     sip_msg_parse(buf, index.header_end, &msg) != SIP_REJECT_NONE))
		return STREAM_GARBAGE;
	stream->lacks_length |= err != 0;
	stream->need = index.header_end + length;
	return err == 0 ? STREAM_MESSAGE : STREAM_NO_LENGTH;
}

static enum stream_verdict finish_message(struct sip_stream *stream, size_t len, size_t *used,
					  enum stream_verdict verdict)
{
	if (len < stream->need)
		return STREAM_MORE;
	*used = stream->need;
	stream->need = 0;
	stream->seen = 0;
	return verdict;
}

// Passes over `at` octets, or says that there was nothing in too many.
static enum stream_verdict pass_over(struct sip_stream *stream, size_t at, size_t *used,
				     enum stream_verdict verdict)
{
	stream->state = STREAM_IS_SEARCHING;
	stream->seen = 0;
	*used = at;
	if (stream->searched + at < STREAM_SEARCH_BYTES) {
		stream->searched += (uint32_t)at;
		return verdict;
	}
	stream->searched = STREAM_SEARCH_BYTES - 1; // it stays there
	return stream->proven ? verdict : STREAM_FOREIGN;
}

// A message begins here, or where a search believes so.
static enum stream_verdict take_message(struct sip_stream *stream, const char *buf, size_t len,
					size_t *used)
{
	size_t header_end = 0;
	enum stream_verdict verdict = frame_headers(stream, buf, len, &header_end);

	if (verdict == STREAM_MORE)
		return verdict;
	if (verdict == STREAM_MESSAGE || verdict == STREAM_NO_LENGTH) {
		stream->state = STREAM_IS_BETWEEN;
		stream->proven = true;
		stream->searched = 0;
		return finish_message(stream, len, used, verdict);
	}
	if (stream->state == STREAM_IS_SEARCHING)
		return pass_over(stream, start_line_find(buf, len, 1), used, STREAM_SKIPPED);
	if (header_end > 0) {
		stream->proven = true;
		return pass_over(stream, header_end, used, verdict);
	}
	return pass_over(stream, start_line_find(buf, len, 1), used, verdict);
}

static enum stream_verdict search(struct sip_stream *stream, const char *buf, size_t len,
				  size_t *used)
{
	size_t at = start_line_find(buf, len, 0);

	if (at > 0)
		return pass_over(stream, at, used, STREAM_SKIPPED);
	if (start_line_guess(buf, len) == GUESS_MAYBE)
		return STREAM_MORE;
	return take_message(stream, buf, len, used);
}

static bool is_stun(const char *buf)
{
	return (buf[0] & 0xc0) == 0 && memcmp(buf + 4, "\x21\x12\xa4\x42", 4) == 0;
}

// A record of SSL 3.0 to TLS 1.3 of a length that one may have.
static bool is_tls(const char *buf)
{
	unsigned int bytes = (unsigned int)(uint8_t)buf[3] << 8 | (uint8_t)buf[4];

	return buf[0] >= 20 && buf[0] <= 23 && buf[1] == 3 && buf[2] <= 4 && buf[2] >= 0 &&
	       bytes > 0 && bytes <= TLS_RECORD_BYTES;
}

static bool is_upgrade(const char *line, const char *end)
{
	if (end - line < 8 || strncasecmp(line, "Upgrade:", 8) != 0)
		return false;
	for (line += 8; line < end && (*line == ' ' || *line == '\t');)
		line++;
	return end - line >= 9 && strncasecmp(line, "websocket", 9) == 0;
}

// The handshake of either side asks for it or agrees (RFC 6455 1.3).
static enum guess guess_websocket(const char *buf, size_t len)
{
	const char *line = buf, *end = buf + len, *lf;

	if (start_line_guess_word(buf, len, "GET ") == GUESS_NO &&
	    start_line_guess_word(buf, len, "HTTP/1.1 101") == GUESS_NO)
		return GUESS_NO;
	while ((lf = memchr(line, '\n', (size_t)(end - line))) != NULL && lf - line > 1) {
		if (is_upgrade(line, lf))
			return GUESS_YES;
		line = lf + 1;
	}
	return lf == NULL && len < HANDSHAKE_BYTES ? GUESS_MAYBE : GUESS_NO;
}

// Something else than SIP from the first octet on.
static enum stream_verdict take_foreign(const char *buf, size_t len, size_t *used)
{
	enum guess guess = guess_websocket(buf, len);

	if (guess == GUESS_MAYBE)
		return STREAM_MORE;
	*used = len;
	return guess == GUESS_YES ? STREAM_WEBSOCKET : STREAM_FOREIGN;
}

// Octets that no text begins with.
static enum stream_verdict take_binary(struct sip_stream *stream, const char *buf, size_t len,
				       size_t *used)
{
	if (len < SHORT_BYTES)
		return STREAM_MORE;
	if (!stream->proven && is_tls(buf)) {
		*used = len;
		return STREAM_TLS;
	}
	if (is_stun(buf)) {
		size_t bytes = STUN_HEADER_BYTES +
			       ((size_t)(uint8_t)buf[2] << 8 | (size_t)(uint8_t)buf[3]);
		if (bytes <= STUN_MOST_BYTES && len < bytes)
			return STREAM_MORE;
		*used = bytes;
		if (bytes <= STUN_MOST_BYTES)
			return STREAM_STUN;
	}
	if (stream->state == STREAM_IS_NEW && !stream->proven)
		return take_foreign(buf, len, used);
	return pass_over(stream, start_line_find(buf, len, 1), used, STREAM_GARBAGE);
}

static enum stream_verdict begin(struct sip_stream *stream, const char *buf, size_t len,
				 size_t *used)
{
	if (is_line_end(buf[0])) {
		size_t at = 1;
		while (at < len && is_line_end(buf[at]))
			at++;
		*used = at;
		return STREAM_KEEPALIVE;
	}
	if (buf[0] >= 0 && buf[0] < 0x20)
		return take_binary(stream, buf, len, used);
	enum guess guess = stream->seen > 0 ? GUESS_YES : start_line_guess(buf, len);
	if (guess == GUESS_YES)
		return take_message(stream, buf, len, used);
	if (guess == GUESS_MAYBE)
		return STREAM_MORE;
	if (stream->state == STREAM_IS_NEW && !stream->proven)
		return take_foreign(buf, len, used);
	return pass_over(stream, start_line_find(buf, len, 1), used, STREAM_GARBAGE);
}

enum stream_verdict stream_next(struct sip_stream *stream, const char *buf, size_t len,
				size_t *used)
{
	*used = 0;
	if (stream->skip > 0) {
		*used = len < stream->skip ? len : stream->skip;
		stream->skip -= (uint32_t)*used;
		return STREAM_BODY;
	}
	if (stream->need > 0)
		return finish_message(stream, len, used, STREAM_MESSAGE);
	if (stream->state != STREAM_IS_SEARCHING)
		return begin(stream, buf, len, used);
	// Met in its middle, TLS mostly begins with a record all the same.
	if (!stream->proven && stream->searched == 0 && buf[0] >= 20 && buf[0] <= 23) {
		if (len < SHORT_BYTES)
			return STREAM_MORE;
		if (is_tls(buf)) {
			*used = len;
			return STREAM_TLS;
		}
	}
	return search(stream, buf, len, used);
}

enum stream_loss stream_give_up(struct sip_stream *stream, size_t len, uint32_t missing)
{
	// What of a body is still to come, if one is at work.
	uint32_t rest = stream->need > 0 ? stream->need - (uint32_t)len : stream->skip;
	bool had_headers = stream->need > 0, in_step = missing <= rest;
	bool in_body = had_headers || stream->skip > 0;

	stream->need = 0;
	stream->seen = 0;
	stream->skip = in_body && in_step ? rest - missing : 0;
	if (in_body && in_step)
		return had_headers ? STREAM_LOSS_BODY : STREAM_LOSS_NONE;
	if (missing > 0 || len > 0)
		stream->state = STREAM_IS_SEARCHING;
	if (had_headers)
		return STREAM_LOSS_REST;
	return len > 0 ? STREAM_LOSS_HEADER : STREAM_LOSS_NONE;
}
