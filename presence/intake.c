// SPDX-License-Identifier: Apache-2.0
// Comes from: the event rings that poll cores fill. Goes to: calls_apply().
#include "presence/intake.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "presence/calls.h"

enum { EVENTS_PER_ROUND = 64 }; // of one ring, before answers and timers get their turn

// What came of an event is in the store after this, if the store is there: a batch (2 ms) and a
// write. Killed before, the next worker reads the event again.
#define EVENTS_HELD_NS (20 * NS_PER_MS)
// And while the store is opened or away; then it is given up.
#define EVENTS_AWAY_NS (5 * NS_PER_S)

METRIC_COUNTER(metric_events, "offhook_worker_events", NULL, "Call events taken from the rings");

// One event at a time from each ring in turn would cost a cache line each; a short run of one ring
// keeps the order of its core, which is all the order there is.
unsigned int intake_drain(struct intake *intake, struct calls *calls)
{
	struct call_event event;
	unsigned int drained = 0;

	for (uint32_t lcore = 0; lcore < segment_lcores(intake->segment); lcore++) {
		struct event_ring *ring = segment_ring(intake->segment, lcore);

		for (int i = 0; i < EVENTS_PER_ROUND && event_ring_pop_held(ring, &event); i++) {
			calls_apply(calls, &event);
			drained++;
		}
	}
	metric_add(&metric_events, drained);
	return drained;
}

// An event is held for one to two of these times, or as long as the worker sleeps.
void intake_release(struct intake *intake, bool stored)
{
	uint64_t now = clock_mono_ns();
	bool due = now - intake->mark_ns >= (stored ? EVENTS_HELD_NS : EVENTS_AWAY_NS);

	for (uint32_t lcore = 0; lcore < segment_lcores(intake->segment); lcore++) {
		struct event_ring *ring = segment_ring(intake->segment, lcore);

		// A ring in need of its slots comes first.
		if (event_ring_count(ring) + ring->held > ring->slots / 2)
			event_ring_release(ring, ring->head);
		if (!due)
			continue;
		event_ring_release(ring, intake->mark[lcore]);
		intake->mark[lcore] = ring->head;
	}
	if (due)
		intake->mark_ns = now;
}

void intake_rewind(struct intake *intake)
{
	uint32_t again = 0;

	for (uint32_t lcore = 0; lcore < segment_lcores(intake->segment); lcore++) {
		struct event_ring *ring = segment_ring(intake->segment, lcore);

		again += event_ring_rewind(ring);
		intake->mark[lcore] = ring->head;
	}
	intake->mark_ns = clock_mono_ns();
	if (again > 0)
		log_info("worker", "events-again", "count=%u", again);
}

bool intake_is_empty(const struct intake *intake)
{
	for (uint32_t lcore = 0; lcore < segment_lcores(intake->segment); lcore++)
		if (event_ring_count(segment_ring(intake->segment, lcore)) > 0)
			return false;
	return true;
}

bool intake_hears(struct intake *intake)
{
	const struct segment *segment = intake->segment;
	uint32_t ports = __atomic_load_n(&segment->ports, __ATOMIC_ACQUIRE);
	bool sees = __atomic_load_n(&segment->wire_ready, __ATOMIC_ACQUIRE) != 0;

	for (uint32_t i = 0; i < ports && i < SEGMENT_PORTS; i++) {
		bool up = __atomic_load_n(&segment->port[i].link_up, __ATOMIC_RELAXED);

		intake->was_up[i] |= up;
		sees &= up || !intake->was_up[i];
	}
	return sees;
}
