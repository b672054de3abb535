// SPDX-License-Identifier: Apache-2.0
// Everything that is behind a tunnel's header, on any octets in a copy of exactly their size: from
// MPLS, from IP, from each UDP tunnel, and from each of these in what fragments carried.
#include "dataplane/frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct frame *frame, size_t size)
{
	if (frame->verdict == FRAME_NONE || frame->depth > FRAME_DEPTH)
		abort();
	if (frame->verdict != FRAME_LET_GO &&
	    (size_t)frame->payload_off + frame->payload_len > size)
		abort();
}

// As look_frame() goes on, whatever the ports are: the last octet of the port decides.
static void go_on(const uint8_t *data, size_t size, struct frame *frame)
{
	unsigned int rounds = 0;

	check(frame, size);
	while (frame->verdict == FRAME_DATAGRAM) {
		if (rounds++ > FRAME_DEPTH)
			abort();
		frame_walk_tunnel(data, frame->target_port & 1 ? TUNNEL_VXLAN : TUNNEL_GENEVE,
				  frame);
		check(frame, size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t nexts[] = {4, 17, 41, 47, 60};
	static const uint16_t types[] = {0x0800, 0x86dd, 0x8847, 0x8100};
	struct frame frame;
	uint8_t *exact = malloc(size ? size : 1);

	memcpy(exact, data, size);
	frame_walk(exact, size, &frame);
	go_on(exact, size, &frame);
	for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		frame_walk_from(exact, size, 0, types[i], &frame);
		go_on(exact, size, &frame);
	}
	for (unsigned int i = 0; i < sizeof(nexts); i++) {
		frame = (struct frame){.version = 6, .next = nexts[i]};
		frame_walk_reassembled(exact, size, &frame);
		go_on(exact, size, &frame);
	}
	for (unsigned int kind = TUNNEL_VXLAN; kind <= TUNNEL_GENEVE; kind++) {
		frame = (struct frame){.verdict = FRAME_DATAGRAM, .payload_len = (uint32_t)size};
		frame_walk_tunnel(exact, kind, &frame);
		go_on(exact, size, &frame);
	}
	free(exact);
	return 0;
}
