// SPDX-License-Identifier: Apache-2.0
// Any octets as a frame: what the short way takes for RTP, the long way lets go as no SIP, counting
// nothing else, and finds the same addresses and payload.
#include "dataplane/rtp.h"

#include "dataplane/frame.h"
#include "dataplane/look.h"
#include "link/counters.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tunnel_port ports = {
	.count = 3,
	.port = {4789, 6081, 9060},
	.kind = {TUNNEL_VXLAN, TUNNEL_GENEVE, TUNNEL_HEP},
};

static void on_event(void *ctx, const struct call_event *event)
{
	abort();
}

static void take_the_long_way(const uint8_t *data, size_t size)
{
	static struct wire_counters counters;
	struct look look = {.ports = ports, .counters = &counters, .tell = on_event};
	struct frame frame;

	memset(&counters, 0, sizeof(counters));
	look_follow(&look, true, true, true);
	frame_walk(data, size, &frame);
	if (frame.verdict != FRAME_DATAGRAM || frame.payload_off != RTP_PAYLOAD_OFF)
		abort();
	look_frame(&look, &frame, data, 1);
	for (int i = 0; i < WIRE_COUNTER_COUNT; i++)
		if (counters.value[i] != (i == WIRE_NOT_SIP))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	memcpy(exact, data, size);
	if (rtp_is_plain(exact, size, &ports))
		take_the_long_way(exact, size);
	free(exact);
	return 0;
}
