// SPDX-License-Identifier: Apache-2.0
// What a session description says about where media go to and whether both sides may talk: the
// connection (c=), the streams (m=) and their directions, in offers and answers alike. RFC 8866,
// RFC 3264, RFC 3605 (a=rtcp); hold as in RFC 3264 8.4 and as in RFC 2543 (the address 0.0.0.0).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SDP_ADDRESSES = 4, // told of; further streams are left out
};

// Where one stream is received: UDP.
struct sdp_address {
	uint8_t version;     // 4 or 6
	uint8_t reserved[1]; // 0
	uint16_t port;       // host order, not 0
	uint8_t octet[16];   // IPv4 in the first four, the others 0; network order
};

struct sdp {
	uint8_t count;
	uint8_t two_way; // 1: a stream that was not refused may flow both ways; 0: on hold
	struct sdp_address address[SDP_ADDRESSES];
};

// Whether a body is in parts (RFC 2046 5.1), as a description never begins: with a delimiter, in
// front of which empty lines may be.
bool sdp_is_multipart(const char *body, size_t len);

// The body of a message: a description, or the first one in a multipart body. Streams over TCP,
// refused ones (port 0), and ones whose address is a name give no address. 0, -ENOENT: there is
// none, -EINVAL: it does not begin with its version. Never read outside body[0..len). Any thread.
int sdp_parse(const char *body, size_t len, struct sdp *sdp);
