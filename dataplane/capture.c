// SPDX-License-Identifier: Apache-2.0
// Poll cores follow an order by its generation at their housekeeping. What the order says is
// written only while all of them have seen that nothing is looked for, and the file is open from
// before the first of them looks until after the last has stopped.
#include "dataplane/capture.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"
#include "dataplane/capture_filter.h"
#include "dataplane/capture_sink.h"
#include "dataplane/probe.h"
#include "link/segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	IDLE_MS = 100,        // until a request is seen
	BUSY_MS = 5,          // a poll core's ring takes 800 MB/s so
	TURN_RECORDS = 20000, // written in one turn, so that the rest of the main thread goes on
	// What one poll core received earlier another may still have to look at: the file is in
	// order if none takes longer than this for a burst.
	SETTLE_MS = 2,
};

enum phase {
	PHASE_IDLE,
	PHASE_STARTING, // until all poll cores look
	PHASE_RUNNING,
	PHASE_STOPPING, // until none does
};

struct capture {
	const struct settings *settings;
	struct segment *segment;
	unsigned int lcores;
	enum phase phase;
	struct probe_order order;
	struct capture_filter filter;
	struct capture_calls calls;
	struct capture_request request;
	struct capture_status status;
	struct capture_sink sink;
	uint64_t deadline_ns;
	uint64_t lost_before;
	struct probe probe[SEGMENT_LCORES];
};

struct capture *capture_new(const struct settings *settings, struct segment *segment)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	if (!capture)
		return NULL;
	capture->settings = settings;
	capture->segment = segment;
	capture->order.filter = &capture->filter;
	for (; capture->lcores < segment->lcores; capture->lcores++) {
		if (probe_init(&capture->probe[capture->lcores], &capture->order,
			       &segment->counters[capture->lcores])) {
			capture_free(capture);
			return NULL;
		}
	}
	capture_box_status(&segment->capture, &capture->status);
	if (capture->status.state == CAPTURE_RUNNING) {
		capture->status.state = CAPTURE_ENDED;
		capture->status.end = CAPTURE_END_WIRE;
		capture->status.ended_wall_ns = clock_wall_ns();
		capture_box_tell(&segment->capture, &capture->status);
	}
	return capture;
}

void capture_free(struct capture *capture)
{
	if (!capture)
		return;
	if (capture->phase != PHASE_IDLE)
		pcapng_writer_close(&capture->sink.writer);
	for (unsigned int i = 0; i < capture->lcores; i++)
		probe_fini(&capture->probe[i]);
	free(capture);
}

struct probe *capture_probe(struct capture *capture, unsigned int lcore)
{
	return &capture->probe[lcore];
}

static uint64_t lost(const struct capture *capture)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < capture->lcores; i++)
		sum += __atomic_load_n(&capture->segment->counters[i].value[WIRE_CAPTURE_LOST],
				       __ATOMIC_RELAXED);
	return sum;
}

static void tell(struct capture *capture)
{
	capture->status.frames = capture->sink.writer.packets;
	capture->status.bytes = capture->sink.writer.bytes;
	capture->status.lost = lost(capture) - capture->lost_before;
	capture_box_tell(&capture->segment->capture, &capture->status);
}

static void order_next(struct capture *capture)
{
	__atomic_store_n(&capture->order.generation, capture->order.generation + 1,
			 __ATOMIC_RELEASE);
}

static bool all_have_seen(const struct capture *capture)
{
	for (unsigned int i = 0; i < capture->lcores; i++)
		if (__atomic_load_n(&capture->probe[i].seen, __ATOMIC_ACQUIRE) !=
		    capture->order.generation)
			return false;
	return true;
}

static void start(struct capture *capture)
{
	int rc;

	capture->lost_before = lost(capture);
	capture->status = (struct capture_status){
		.state = CAPTURE_RUNNING,
		.kind = capture->request.kind,
		.wall_ns = capture->request.wall_ns,
	};
	rc = capture_sink_open(&capture->sink, capture->settings, &capture->segment->key,
			       &capture->request);
	if (rc < 0) {
		capture->status.state = CAPTURE_ENDED;
		capture->status.end = CAPTURE_END_OPEN;
		capture->status.error = (uint64_t)-rc;
		capture->status.ended_wall_ns = clock_wall_ns();
		capture_box_tell(&capture->segment->capture, &capture->status);
		capture_box_answer(&capture->segment->capture);
		return;
	}
	memset(&capture->calls, 0, sizeof(capture->calls));
	capture_filter_set(&capture->filter, &capture->request, &capture->calls,
			   &capture->segment->key);
	for (unsigned int i = 0; i < capture->lcores; i++)
		record_ring_touch(&capture->probe[i].ring);
	capture->deadline_ns = clock_mono_ns() + capture->request.max_ns;
	capture->phase = PHASE_STARTING;
	order_next(capture);
	tell(capture);
}

static void stop(struct capture *capture, enum capture_end end, int error)
{
	if (capture->phase == PHASE_STOPPING && end != CAPTURE_END_WRITE)
		return;
	capture->status.end = end;
	capture->status.error = (uint64_t)error;
	if (capture->phase != PHASE_STOPPING)
		order_next(capture);
	capture->phase = PHASE_STOPPING;
}

// The one with the oldest record; NULL: all are empty.
static struct record_ring *oldest_ring(struct capture *capture)
{
	struct record_ring *best = NULL;
	uint64_t best_ns = 0;

	for (unsigned int i = 0; i < capture->lcores; i++) {
		const struct probe_record *record = record_ring_peek(&capture->probe[i].ring);
		if (record && (!best || record->mono_ns < best_ns)) {
			best = &capture->probe[i].ring;
			best_ns = record->mono_ns;
		}
	}
	return best;
}

// What was received before until_ns. What comes after the end of the file is passed over.
static void drain(struct capture *capture, unsigned int most, uint64_t until_ns)
{
	struct record_ring *ring;
	int rc = 0;

	while (most-- > 0 && (ring = oldest_ring(capture)) != NULL) {
		const struct probe_record *record = record_ring_peek(ring);
		if (record->mono_ns >= until_ns)
			break;
		bool full = capture->status.end == CAPTURE_END_BYTES ||
			    capture->status.end == CAPTURE_END_WRITE;
		if (!full)
			rc = capture_sink_write(&capture->sink, record);
		record_ring_pop(ring, sizeof(*record) + record->len);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = pcapng_writer_flush(&capture->sink.writer);
	if (rc == -EFBIG)
		stop(capture, CAPTURE_END_BYTES, 0);
	else if (rc < 0)
		stop(capture, CAPTURE_END_WRITE, -rc);
}

static void end(struct capture *capture)
{
	static const char *const why[CAPTURE_END_COUNT] = {
		[CAPTURE_END_NONE] = "none",   [CAPTURE_END_STOPPED] = "stopped",
		[CAPTURE_END_BYTES] = "bytes", [CAPTURE_END_TIME] = "seconds",
		[CAPTURE_END_OPEN] = "open",   [CAPTURE_END_WRITE] = "write",
		[CAPTURE_END_WIRE] = "wire",
	};
	int rc;

	while (oldest_ring(capture))
		drain(capture, TURN_RECORDS, UINT64_MAX);
	rc = pcapng_writer_close(&capture->sink.writer);
	if (rc < 0)
		stop(capture, CAPTURE_END_WRITE, -rc);
	capture->status.state = CAPTURE_ENDED;
	capture->status.ended_wall_ns = clock_wall_ns();
	capture->phase = PHASE_IDLE;
	tell(capture);
	capture_box_answer(&capture->segment->capture);
	log_info("capture", "ended", "why=%s frames=%llu bytes=%llu lost=%llu",
		 why[capture->status.end], (unsigned long long)capture->status.frames,
		 (unsigned long long)capture->status.bytes,
		 (unsigned long long)capture->status.lost);
}

static void take_request(struct capture *capture)
{
	struct capture_request request;

	if (!capture_box_take(&capture->segment->capture, &request))
		return;
	if (capture->phase == PHASE_RUNNING) {
		// Presence asks for nothing else while one runs.
		stop(capture, CAPTURE_END_STOPPED, 0);
	} else if (request.kind == CAPTURE_NONE || request.kind >= CAPTURE_KIND_COUNT) {
		capture_box_answer(&capture->segment->capture);
	} else {
		capture->request = request;
		start(capture);
	}
}

static void run(struct capture *capture)
{
	uint64_t now_ns = clock_mono_ns();

	drain(capture, TURN_RECORDS, now_ns - SETTLE_MS * NS_PER_MS);
	if (now_ns >= capture->deadline_ns)
		stop(capture, CAPTURE_END_TIME, 0);
	else
		take_request(capture);
	tell(capture);
}

int capture_turn(struct capture *capture)
{
	switch (capture->phase) {
	case PHASE_IDLE: take_request(capture); break;
	case PHASE_STARTING:
		if (!all_have_seen(capture))
			break;
		capture->phase = PHASE_RUNNING;
		capture_box_answer(&capture->segment->capture);
		log_info("capture", "started", "of=%s", log_quote(capture->request.about));
		break;
	case PHASE_RUNNING: run(capture); break;
	case PHASE_STOPPING:
		if (all_have_seen(capture))
			end(capture);
		break;
	}
	return capture->phase == PHASE_IDLE ? IDLE_MS : BUSY_MS;
}

void capture_finish(struct capture *capture)
{
	if (capture->phase == PHASE_IDLE)
		return;
	stop(capture, CAPTURE_END_WIRE, 0);
	end(capture);
}
