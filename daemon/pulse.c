// SPDX-License-Identifier: Apache-2.0
#include "daemon/pulse.h"

#include "config/log.h"
#include "daemon/notify.h"
#include "daemon/runner.h"
#include "link/segment.h"

// The slowest of its cores is what the wire's progress is.
static uint64_t wire_beats(const struct segment *segment)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < segment->lcores; i++) {
		uint64_t beats = __atomic_load_n(&segment->counters[i].heartbeat, __ATOMIC_RELAXED);

		if (beats < least)
			least = beats;
	}
	return least;
}

static void runner_look(struct runner *runner, uint64_t beats, uint64_t now)
{
	if (runner->state == RUNNER_DOWN)
		return;
	if (beats != runner->progress) {
		runner->progress = beats;
		runner->progress_ns = now;
	} else if (now - runner->progress_ns > PULSE_HANG_NS && runner->state == RUNNER_UP &&
		   !runner->single) {
		log_error("supervisor", "half-hangs", "half=%s pid=%d for_s=%llu", runner->name,
			  runner->pid,
			  (unsigned long long)((now - runner->progress_ns) / NS_PER_S));
		runner_kill(runner);
	}
}

static bool runner_moved_since(const struct runner *runner, uint64_t since_ns)
{
	return runner->state == RUNNER_UP && runner->progress_ns > since_ns &&
	       runner->progress_ns > runner->started_ns;
}

void pulse_look(struct pulse *pulse, const struct segment *segment, struct runner *wire,
		struct runner *presence, uint64_t now)
{
	uint64_t worker_beats = __atomic_load_n(&segment->worker_heartbeat, __ATOMIC_RELAXED);

	runner_look(wire, wire_beats(segment), now);
	runner_look(presence, worker_beats, now);
	if (!pulse->ready && worker_beats != 0 && wire_beats(segment) != 0 &&
	    __atomic_load_n(&segment->wire_ready, __ATOMIC_ACQUIRE) != 0) {
		pulse->ready = true;
		notify_send("READY=1");
		log_info("supervisor", "ready", "lcores=%u", segment->lcores);
	}
	if (pulse->watchdog_ns > 0 && now - pulse->fed_ns > pulse->watchdog_ns / 3 &&
	    runner_moved_since(wire, pulse->fed_ns) &&
	    runner_moved_since(presence, pulse->fed_ns)) {
		pulse->fed_ns = now;
		notify_send("WATCHDOG=1");
	}
}
