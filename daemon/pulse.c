// SPDX-License-Identifier: Apache-2.0
#include "daemon/pulse.h"

#include "config/log.h"
#include "daemon/notify.h"
#include "daemon/runner.h"
#include "link/segment.h"

// When it last moved.
static uint64_t beat_look(struct pulse_beat *beat, const uint64_t *counter, uint64_t now)
{
	uint64_t count = __atomic_load_n(counter, __ATOMIC_RELAXED);

	if (count != beat->count)
		*beat = (struct pulse_beat){count, now};
	return beat->moved_ns;
}

// When the core moved that has stood still the longest. Each for itself: their counts differ, and
// the busiest may be the one that stands.
static uint64_t cores_look(struct pulse *pulse, const struct segment *segment, uint64_t now)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < segment_lcores(segment); i++) {
		uint64_t moved = beat_look(&pulse->core[i], &segment->counters[i].heartbeat, now);

		if (moved < least)
			least = moved;
	}
	return least;
}

static void runner_look(struct runner *runner, uint64_t moved_ns, uint64_t now)
{
	uint64_t since_ns = moved_ns > runner->started_ns ? moved_ns : runner->started_ns;

	if (runner->state != RUNNER_UP || runner->single || now - since_ns <= PULSE_HANG_NS)
		return;
	log_error("supervisor", "half-hangs", "half=%s pid=%d for_s=%llu", runner->name,
		  runner->pid, (unsigned long long)((now - since_ns) / NS_PER_S));
	runner_kill(runner);
}

void pulse_look(struct pulse *pulse, const struct segment *segment, struct runner *wire,
		struct runner *presence, uint64_t now)
{
	uint64_t wire_ns = cores_look(pulse, segment, now);
	uint64_t presence_ns = beat_look(&pulse->worker, &segment->worker_heartbeat, now);

	runner_look(wire, wire_ns, now);
	runner_look(presence, presence_ns, now);
	if (!pulse->ready && wire_ns != 0 && presence_ns != 0 &&
	    __atomic_load_n(&segment->wire_ready, __ATOMIC_ACQUIRE) != 0) {
		pulse->ready = true;
		notify_send("READY=1");
		log_info("supervisor", "ready", "lcores=%u", segment_lcores(segment));
	}
	if (pulse->watchdog_ns > 0 && now - pulse->fed_ns > pulse->watchdog_ns / 3 &&
	    wire_ns > pulse->fed_ns && presence_ns > pulse->fed_ns) {
		pulse->fed_ns = now;
		notify_send("WATCHDOG=1");
	}
}
