// SPDX-License-Identifier: Apache-2.0
// The packets of a capture file one after the other through the poll cores' own code.
#include "dataplane/replay.h"

#include "config/settings.h"
#include "dataplane/capture_file.h"
#include "dataplane/defrag.h"
#include "dataplane/eal.h"
#include "dataplane/frame.h"
#include "dataplane/link_type.h"
#include "dataplane/look.h"
#include "dataplane/tcp_flow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	FRAGMENT_FLOWS = 256, // a file has no flood; keeps the start of an ordinary user light
	SPARE_MEMORY = 16 << 20,
};

struct replay {
	uint64_t now_ns;
	struct look look;
	replay_time_fn *time;
	void *ctx;
};

// What TCP waited for in vain between two packets is given up at its own time, as a poll core
// would. Packets that were written out of order never turn the clock back.
static void advance(struct replay *replay, uint64_t packet_ns)
{
	for (uint64_t due; (due = tcp_flows_due_ns(replay->look.flows)) < packet_ns;) {
		replay->now_ns = due;
		replay->time(replay->ctx, due);
		tcp_flows_expire(replay->look.flows, due);
	}
	if (packet_ns > replay->now_ns)
		replay->now_ns = packet_ns;
	replay->time(replay->ctx, replay->now_ns);
	tcp_flows_expire(replay->look.flows, replay->now_ns);
	defrag_expire(replay->look.defrag, replay->now_ns);
}

static void step(struct replay *replay, const struct capture_packet *packet)
{
	uint64_t *value = replay->look.counters->value;
	struct frame frame;

	advance(replay, packet->time_ns);
	value[WIRE_RX_FRAMES]++;
	value[WIRE_RX_BYTES] += packet->wire_len;
	link_type_walk(packet->link, packet->data, packet->len, &frame);
	look_frame(&replay->look, &frame, packet->data, replay->now_ns);
}

static int read_all(struct replay *replay, struct capture_file *capture, char *error, size_t size)
{
	struct capture_packet packet;
	int got;

	while ((got = capture_file_next(capture, &packet, error, size)) > 0)
		step(replay, &packet);
	tcp_flows_finish(replay->look.flows, replay->now_ns);
	return got;
}

static int make_tables(struct replay *replay, const struct settings *settings, char *error,
		       size_t size)
{
	const struct settings_wire *wire = &settings->wire;
	struct look *look = &replay->look;

	look->flows = tcp_flows_new(wire->tcp_flows, wire->tcp_tails, &look->key, look->counters,
				    look_message, look);
	if (!look->flows) {
		snprintf(error, size, "no memory for %llu TCP connections",
			 (unsigned long long)wire->tcp_flows);
		return -ENOMEM;
	}
	look->defrag = defrag_new(FRAGMENT_FLOWS, wire->fragment_timeout_ns, &look->key,
				  look->counters, error, size);
	return look->defrag ? 0 : -ENOMEM;
}

int replay_run(const char *path, const struct settings *settings, const struct siphash_key *key,
	       struct media_table *media, replay_time_fn *time, replay_event_fn *event, void *ctx,
	       struct wire_counters *counters, char *error, size_t error_size)
{
	struct eal_plan plan = {.memory_bytes = SPARE_MEMORY +
						defrag_memory(FRAGMENT_FLOWS, false)};
	struct replay *replay = calloc(1, sizeof(*replay));
	struct capture_file *capture;
	int err;

	if (error_size)
		error[0] = '\0';
	if (!replay) {
		snprintf(error, error_size, "no memory");
		return -ENOMEM;
	}
	replay->time = time;
	replay->ctx = ctx;
	replay->look.tell = event;
	replay->look.ctx = ctx;
	replay->look.key = *key;
	replay->look.counters = counters;
	replay->look.media = (struct media){.table = media, .key = *key, .every = true};
	tunnel_port_set(&replay->look.ports, &settings->wire);
	look_follow(&replay->look, settings->calls.early_is_busy,
		    settings->calls.ack_timeout_ns != 0, true);
	capture = capture_file_open(path, &err, error, error_size);
	if (!err)
		err = eal_start(&plan, error, error_size);
	if (!err)
		err = make_tables(replay, settings, error, error_size);
	if (!err)
		err = read_all(replay, capture, error, error_size);
	defrag_free(replay->look.defrag);
	tcp_flows_free(replay->look.flows);
	capture_file_close(capture);
	free(replay);
	return err;
}
