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
#include "link/call_event.h"

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
	struct defrag *defrag;
	replay_time_fn *time;
	replay_event_fn *event;
	void *ctx;
	struct call_event call_event;
};

// Packets that were written out of order never turn the clock back.
static void step(struct replay *replay, const struct capture_packet *packet)
{
	uint64_t *value = replay->look.counters->value;
	struct frame frame;

	if (packet->time_ns > replay->now_ns)
		replay->now_ns = packet->time_ns;
	replay->time(replay->ctx, replay->now_ns);
	value[WIRE_RX_FRAMES]++;
	value[WIRE_RX_BYTES] += packet->wire_len;
	link_type_walk(packet->link, packet->data, packet->len, &frame);
	defrag_expire(replay->defrag, replay->now_ns);
	if (look_frame(&replay->look, replay->defrag, &frame, packet->data, replay->now_ns,
		       &replay->call_event))
		replay->event(replay->ctx, &replay->call_event);
}

static int read_all(struct replay *replay, struct capture_file *capture, char *error, size_t size)
{
	struct capture_packet packet;
	int got;

	while ((got = capture_file_next(capture, &packet, error, size)) > 0)
		step(replay, &packet);
	return got;
}

int replay_run(const char *path, const struct settings *settings, const struct siphash_key *key,
	       replay_time_fn *time, replay_event_fn *event, void *ctx,
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
	replay->event = event;
	replay->ctx = ctx;
	replay->look.key = *key;
	replay->look.counters = counters;
	look_follow(&replay->look, settings->calls.early_is_busy,
		    settings->calls.ack_timeout_ns != 0, true);
	capture = capture_file_open(path, &err, error, error_size);
	if (!err)
		err = eal_start(&plan, error, error_size);
	if (!err) {
		replay->defrag = defrag_new(FRAGMENT_FLOWS, settings->wire.fragment_timeout_ns, key,
					    counters, error, error_size);
		err = replay->defrag ? read_all(replay, capture, error, error_size) : -ENOMEM;
	}
	defrag_free(replay->defrag);
	capture_file_close(capture);
	free(replay);
	return err;
}
