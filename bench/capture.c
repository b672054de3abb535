// SPDX-License-Identifier: Apache-2.0
#include "bench/capture.h"

#include "config/settings.h"
#include "dataplane/capture_file.h"
#include "dataplane/defrag.h"
#include "dataplane/eal.h"
#include "dataplane/frame.h"
#include "dataplane/hep.h"
#include "dataplane/link_type.h"
#include "dataplane/tcp_flow.h"
#include "dataplane/tunnel_port.h"
#include "link/counters.h"
#include "sip/gate.h"
#include "sip/siphash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { FRAGMENT_FLOWS = 256 };

struct reader {
	capture_message_fn *message;
	void *ctx;
	struct settings settings;
	struct tunnel_port ports;
	struct wire_counters counters;
	struct siphash_key key;
	struct tcp_flows *flows;
	struct defrag *defrag; // made when the first fragment comes: it takes DPDK
	unsigned long frame;
	int result;
	char *error;
	size_t error_size;
};

static void take(struct reader *reader, const char *text, size_t len)
{
	static const struct gate_policy all = {.everything = true};

	if (reader->result == 0 && len > 0 && gate_classify(&all, text, len) == GATE_PARSE)
		reader->result = reader->message(reader->ctx, text, len, reader->frame);
}

static void take_from_stream(void *ctx, const struct frame *frame, const char *text, size_t len,
			     uint64_t now_ns)
{
	take(ctx, text, len);
}

static bool gather(struct reader *reader, struct frame *frame, const uint8_t **data,
		   uint64_t now_ns)
{
	struct eal_plan plan = {.memory_bytes = defrag_memory(FRAGMENT_FLOWS, false)};
	size_t len;

	if (reader->defrag == NULL) {
		reader->result = eal_start(&plan, reader->error, reader->error_size);
		if (reader->result != 0)
			return false;
		reader->defrag = defrag_new(FRAGMENT_FLOWS,
					    reader->settings.wire.fragment_timeout_ns, &reader->key,
					    &reader->counters, reader->error, reader->error_size);
		if (reader->defrag == NULL) {
			reader->result = -ENOMEM;
			return false;
		}
	}
	if (!defrag_add(reader->defrag, frame, data, &len, now_ns))
		return false;
	frame_walk_reassembled(*data, len, frame);
	return true;
}

// Through fragments and encapsulations to what a datagram or a segment carries.
static void look(struct reader *reader, struct frame *frame, const uint8_t *data, uint64_t now_ns)
{
	while (frame->verdict == FRAME_FRAGMENT || frame->verdict == FRAME_DATAGRAM) {
		enum tunnel_kind kind;

		if (frame->verdict == FRAME_FRAGMENT) {
			if (!gather(reader, frame, &data, now_ns))
				return;
			continue;
		}
		kind = tunnel_port_kind(&reader->ports, frame->target_port);
		if (kind == TUNNEL_NONE ||
		    (kind == TUNNEL_HEP && hep_walk(data, frame) == FRAME_DATAGRAM)) {
			take(reader, (const char *)data + frame->payload_off, frame->payload_len);
			return;
		}
		if (kind != TUNNEL_HEP)
			frame_walk_tunnel(data, kind, frame);
	}
	if (frame->verdict == FRAME_SEGMENT)
		tcp_flows_segment(reader->flows, frame, (const char *)data + frame->payload_off,
				  now_ns);
}

static int read_packets(struct reader *reader, struct capture_file *file)
{
	struct capture_packet packet;
	uint64_t now_ns = 0;
	struct frame frame;
	int got;

	while ((got = capture_file_next(file, &packet, reader->error, reader->error_size)) > 0) {
		reader->frame++;
		now_ns = packet.time_ns > now_ns ? packet.time_ns : now_ns;
		tcp_flows_expire(reader->flows, now_ns);
		if (reader->defrag != NULL)
			defrag_expire(reader->defrag, now_ns);
		link_type_walk(packet.link, packet.data, packet.len, &frame);
		look(reader, &frame, packet.data, now_ns);
		if (reader->result != 0)
			return reader->result;
	}
	tcp_flows_finish(reader->flows, now_ns);
	return got != 0 ? got : reader->result;
}

int capture_read(const char *path, capture_message_fn *message, void *ctx, char *error,
		 size_t error_size)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	struct capture_file *file = NULL;
	int ret = -ENOMEM;

	error[0] = '\0';
	if (reader == NULL)
		goto out;
	reader->message = message;
	reader->ctx = ctx;
	reader->error = error;
	reader->error_size = error_size;
	settings_default(&reader->settings);
	tunnel_port_set(&reader->ports, &reader->settings.wire);
	reader->flows = tcp_flows_new(reader->settings.wire.tcp_flows,
				      reader->settings.wire.tcp_tails, &reader->key,
				      &reader->counters, take_from_stream, reader);
	if (reader->flows == NULL)
		goto out;
	file = capture_file_open(path, &ret, error, error_size);
	if (file != NULL)
		ret = read_packets(reader, file);
out:
	if (ret == -ENOMEM && error[0] == '\0')
		snprintf(error, error_size, "no memory");
	capture_file_close(file);
	if (reader != NULL) {
		defrag_free(reader->defrag);
		tcp_flows_free(reader->flows);
	}
	free(reader);
	return ret;
}
