// SPDX-License-Identifier: Apache-2.0
// Segments made of any octets: five that say which connection, where in the stream and how long,
// then as many of the payload. Three connections and two unfinished messages at a time, so that
// everything has to give way at some time. Messages lie within what was sent.
#include "dataplane/frame.h"
#include "dataplane/tcp_flow.h"
#include "link/counters.h"
#include "sip/msg.h"
#include "sip/siphash.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_message(void *ctx, const struct frame *frame, const char *text, size_t len,
		       uint64_t now_ns)
{
	struct sip_msg msg;

	if (len == 0 || len > SIP_MAX_BYTES || frame->version != 4)
		abort();
	sip_msg_parse(text, len, &msg);
}

static void send_segment(struct tcp_flows *flows, const uint8_t *head, const uint8_t *payload,
			 size_t len, uint64_t now_ns)
{
	struct frame frame = {.verdict = FRAME_SEGMENT, .version = 4, .next = 6};
	char *exact = malloc(len ? len : 1);

	memcpy(exact, payload, len);
	frame.source_port = head[0] & 1 ? 5060 : 5070;
	frame.target_port = head[0] & 1 ? 5070 : 5060;
	frame.tag[0] = head[0] >> 1 & 3;
	frame.tag_count = 1;
	frame.tcp_flags = head[1];
	// Near the end of the numbers, some windows away, and with the highest bit far away.
	frame.sequence = 0xfffffe00 + (head[2] & 0x7fu) * 8 + (head[2] & 0x80u) * 0x100000 +
			 (head[0] >> 3 & 15u) * 0x4000;
	frame.acknowledged = 0xfffffe00 + head[3] * 4u;
	frame.payload_len = (uint32_t)len;
	tcp_flows_segment(flows, &frame, exact, now_ns);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct siphash_key key = {{1, 2}};
	struct wire_counters counters = {0};
	struct tcp_flows *flows = tcp_flows_new(8, 2, &key, &counters, on_message, NULL);
	uint64_t now_ns = 1000000000;

	while (size >= 5) {
		size_t len = (size_t)data[4] * 4 < size - 5 ? (size_t)data[4] * 4 : size - 5;
		send_segment(flows, data, data + 5, len, now_ns);
		now_ns += data[0] & 0x80 ? 700000000 : 1000;
		tcp_flows_expire(flows, now_ns);
		data += 5 + len;
		size -= 5 + len;
	}
	tcp_flows_finish(flows, now_ns);
	tcp_flows_free(flows);
	return 0;
}
