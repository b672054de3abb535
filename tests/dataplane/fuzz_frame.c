// SPDX-License-Identifier: Apache-2.0
// The frame walk on any octets, in a copy of exactly their size: what it points to is inside.
#include "dataplane/frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(enum frame_verdict verdict, const struct frame *frame, size_t size)
{
	if (verdict != frame->verdict || verdict == FRAME_NONE)
		abort();
	if (verdict != FRAME_LET_GO && (size_t)frame->payload_off + frame->payload_len > size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frame;
	uint8_t *exact = malloc(size ? size : 1);

	memcpy(exact, data, size);
	check(frame_walk(exact, size, &frame), &frame, size);
	check(frame_walk_from(exact, size, 0, 0x0800, &frame), &frame, size);
	check(frame_walk_from(exact, size, 0, 0x86dd, &frame), &frame, size);
	for (unsigned int next = 0; next < 64; next++) {
		frame = (struct frame){.version = 6, .next = (uint8_t)next};
		check(frame_walk_reassembled(exact, size, &frame), &frame, size);
	}
	free(exact);
	return 0;
}
