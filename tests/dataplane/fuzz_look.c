// SPDX-License-Identifier: Apache-2.0
// Any file as a capture, and each of its packets all the way: frame walk, fragments, tunnels, HEP,
// TCP, gate, parser, event. What comes out is an event whose texts lie within it.
#include "dataplane/capture_file.h"
#include "dataplane/defrag.h"
#include "dataplane/eal.h"
#include "dataplane/frame.h"
#include "dataplane/link_type.h"
#include "dataplane/look.h"
#include "dataplane/tcp_flow.h"
#include "link/counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLOWS = 16, CONNECTIONS = 8, TAILS = 4, TIMEOUT_NS = 1000000000 };

static const struct siphash_key key = {{1, 2}};
static struct wire_counters counters;

static void on_event(void *ctx, const struct call_event *event)
{
	struct sdp sdp;

	if (event->text_bytes > EVENT_TEXT_BYTES)
		abort();
	for (int i = 0; i < EVENT_TEXT_COUNT; i++)
		if (event->text[i].off + event->text[i].len > event->text_bytes)
			abort();
	if (call_event_media(event, &sdp) && sdp.count > SDP_ADDRESSES)
		abort();
}

// DPDK can't start twice, and a pool takes longer than all the rest: once for all inputs.
static struct defrag *the_defrag(void)
{
	static struct defrag *defrag;
	struct eal_plan plan = {.memory_bytes = 64 << 20};
	char error[256] = "";

	if (defrag)
		return defrag;
	if (eal_start(&plan, error, sizeof(error)) == 0)
		defrag = defrag_new(FLOWS, TIMEOUT_NS, &key, &counters, error, sizeof(error));
	if (!defrag) {
		fprintf(stderr, "%s\n", error);
		exit(1);
	}
	return defrag;
}

static void look_at(struct look *look, const struct capture_packet *packet, uint64_t now_ns)
{
	uint8_t *exact = malloc(packet->len ? packet->len : 1);
	struct frame frame;

	memcpy(exact, packet->data, packet->len);
	link_type_walk(packet->link, exact, packet->len, &frame);
	look_frame(look, &frame, exact, now_ns);
	tcp_flows_expire(look->flows, now_ns);
	free(exact);
}

static void read_capture(const char *path, struct look *look)
{
	static uint64_t now_ns = 1;
	struct capture_packet packet;
	char error[256] = "";
	int err;
	struct capture_file *capture = capture_file_open(path, &err, error, sizeof(error));

	if (!capture != (err != 0) || (!capture && !error[0]))
		abort();
	while (capture && capture_file_next(capture, &packet, error, sizeof(error)) > 0)
		look_at(look, &packet, now_ns += 10000000);
	capture_file_close(capture);
	tcp_flows_finish(look->flows, now_ns);
	// The next input finds nothing of this one.
	now_ns += 2ull * TIMEOUT_NS;
	defrag_expire(look->defrag, now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct look look = {
		.key = key,
		.ports = {.count = 3,
			  .port = {4789, 6081, 9060},
			  .kind = {TUNNEL_VXLAN, TUNNEL_GENEVE, TUNNEL_HEP}},
		.counters = &counters,
		.defrag = the_defrag(),
		.tell = on_event,
	};
	int fd = memfd_create("capture", MFD_CLOEXEC);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	look_follow(&look, true, true, true);
	look.flows = tcp_flows_new(CONNECTIONS, TAILS, &key, &counters, look_message, &look);
	if (fd < 0 || !look.flows || write(fd, data, size) != (ssize_t)size)
		abort();
	read_capture(path, &look);
	tcp_flows_free(look.flows);
	close(fd);
	return 0;
}
