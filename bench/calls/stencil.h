// SPDX-License-Identifier: Apache-2.0
// SIP messages written fast: a text with holes of fixed width, such as {call} or {from}, cut into
// pieces once and then only copied. The widths are fixed so that Content-Length is, too.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum hole {
	HOLE_CALL,       // 16: Call-ID
	HOLE_FROM,       // 8: user
	HOLE_TO,         // 8
	HOLE_REQUEST,    // 8: user of the Request-URI
	HOLE_FROM_TAG,   // 8
	HOLE_TO_TAG,     // 8
	HOLE_BRANCH,     // 16
	HOLE_CSEQ,       // 5
	HOLE_OTHER_CALL, // 16: of the dialog that is referred to or replaced
	HOLE_OTHER_FROM_TAG,
	HOLE_OTHER_TO_TAG,
	HOLE_OTHER,      // 8: user
	HOLE_MEDIA_NET,  // 3: octets of where media go to
	HOLE_MEDIA_HOST, // 3
	HOLE_MEDIA_PORT, // 5
	HOLE_MEDIA_RTCP, // 5
	HOLE_COUNT,
};

enum { HOLE_WIDTH = 16, STENCIL_BYTES = 1800 };

struct holes {
	char text[HOLE_COUNT][HOLE_WIDTH];
};

void hole_hex(struct holes *holes, enum hole hole, uint64_t value);
void hole_user(struct holes *holes, enum hole hole, uint32_t person); // u0000042
void hole_number(struct holes *holes, enum hole hole, uint32_t value);

struct stencil;

// {length} in the text becomes the length of what is behind its first empty line. NULL: no memory,
// or an unknown hole.
struct stencil *stencil_new(const char *text);
void stencil_free(struct stencil *stencil);
size_t stencil_bytes(const struct stencil *stencil);
void stencil_fill(const struct stencil *stencil, const struct holes *holes, char *out);
