// SPDX-License-Identifier: Apache-2.0
// From the octets of one direction of a TCP connection to messages (RFC 3261 18.3: Content-Length
// frames them, and is required). Looks at octets in the caller's memory, keeps counts only: no
// copies, no allocation. The caller brings the octets in order, says where some are missing, and
// keeps what is unfinished; dataplane/tcp_flow.c does.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What the first *used octets are. All but STREAM_MORE use some.
enum stream_verdict {
	STREAM_NONE,
	STREAM_MORE,       // unfinished: come again with the same octets and more behind them
	STREAM_MESSAGE,    // one message, whole
	STREAM_KEEPALIVE,  // line ends (RFC 5626 3.5.1, RFC 3261 7.5)
	STREAM_STUN,       // RFC 5389 7.2.2
	STREAM_BODY,       // more of a body that was given up
	STREAM_NO_LENGTH,  // the headers of a message without Content-Length
	STREAM_BAD_LENGTH, // not a number, or given twice
	STREAM_TOO_LONG,   // more than SIP_MAX_HEADER_BYTES, SIP_MAX_LINES or SIP_MAX_BYTES
	STREAM_GARBAGE,    // something else where a message should begin
	STREAM_SKIPPED,    // passed over while searching for a message
	// The connection carries something else, for good. The other direction does, too.
	STREAM_TLS,
	STREAM_WEBSOCKET, // RFC 7118
	STREAM_FOREIGN,
	STREAM_VERDICT_COUNT,
};

enum stream_state {
	STREAM_IS_NEW,       // the next octet is the connection's first
	STREAM_IS_BETWEEN,   // at the beginning of a message
	STREAM_IS_SEARCHING, // for a line that begins one
};

struct sip_stream {
	uint8_t state;     // enum stream_state
	bool lacks_length; // there was a message without Content-Length
	bool proven;       // there was a message, here or in the other direction: it stays SIP
	uint32_t need;     // octets of the message in front; 0: its headers are not whole yet
	uint32_t seen;     // octets in front without an end of headers
	uint32_t skip;     // octets of a body still to be passed over
	uint32_t searched; // octets without a message so far
};

enum {
	// Whatever comes, STREAM_MORE is not said to this many octets or more.
	STREAM_MOST_BYTES = 65536,
	// Without a message in so much, a connection that was met in its middle carries none.
	STREAM_SEARCH_BYTES = 65536,
};

// from_start: the first octet that comes is the connection's first one.
void stream_init(struct sip_stream *stream, bool from_start);

// Looks at the front of the len octets at buf; len > 0. After STREAM_MORE the same ones must be in
// front again, anywhere in memory. Never read outside buf[0..len).
enum stream_verdict stream_next(struct sip_stream *stream, const char *buf, size_t len,
				size_t *used);

enum stream_loss {
	STREAM_LOSS_NONE, // nothing was in the making
	STREAM_LOSS_BODY, // the len octets are a message whose body is cut; what follows is in step
	STREAM_LOSS_REST, // the same, but messages behind it may be missing
	STREAM_LOSS_HEADER, // they are the front of a message that is lost
};

// The len octets that STREAM_MORE was said to (0: none) will not be brought again: the caller lacks
// the room, or `missing` octets behind them will never come (UINT32_MAX: the stream ends here).
enum stream_loss stream_give_up(struct sip_stream *stream, size_t len, uint32_t missing);
