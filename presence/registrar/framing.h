// SPDX-License-Identifier: Apache-2.0
// Where a SIP message ends (RFC 3261 18.3, 7.5), decided strictly and before any parser sees it: a
// head of bounded size without stray control characters, lines ended by CR LF, one Content-Length
// of digits only. Whoever sends anything else on a stream has lost it.
#pragma once

#include <stddef.h>

enum {
	FRAME_HEAD_BYTES = 16384,
	FRAME_HEAD_LINES = 256,
	FRAME_BODY_BYTES = 65535,
};

struct frame {
	size_t skipped; // octets of CR LF in front: keep-alive (RFC 5626 4.4.1) or manners (7.5)
	size_t head;    // octets up to and with the empty line
	size_t body;
};

// The first message of a stream. 1: *frame is whole; 0: more is needed (frame->skipped may be
// dropped already); -EBADMSG: never will be.
int frame_of_stream(const char *data, size_t len, struct frame *frame);
// The message of a datagram; without a Content-Length the body is the rest. 1 or -EBADMSG; 0:
// nothing but line ends.
int frame_of_datagram(const char *data, size_t len, struct frame *frame);
