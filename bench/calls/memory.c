// SPDX-License-Identifier: Apache-2.0
// Octets of a call and of a busy person: what presence grows by when so many are there.
#include "bench/calls/case.h"

#include "bench/calls/stage.h"
#include "config/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { SETTLE_TRIES = 40 };

// Until the store has written down what it was told, and nothing more is given back.
static void settle(struct world *world, struct presence_memory *memory)
{
	uint64_t before;

	presence_memory(&world->presence, memory);
	for (int i = 0; i < SETTLE_TRIES; i++) {
		before = memory->allocated;
		world_rest(world, clock_mono_ns() + 500 * NS_PER_MS);
		presence_memory(&world->presence, memory);
		if (memory->allocated >= before)
			break;
	}
}

// Calls of `persons` persons until so many are up; what presence has grown by.
static int grow(const struct plan *plan, uint64_t calls, uint32_t persons, double overlap,
		struct presence_memory *grown)
{
	struct presence_memory before;
	struct lamps_result result;
	static struct histogram latency[LATENCY_COUNT];
	struct stage_options options = {POLL_ADAPTIVE, persons, stage_only_answered, overlap};
	struct stage stage;
	int rc = stage_open(&stage, plan, &options);

	if (rc != 0)
		return rc;
	stage.keep = true;
	presence_memory(&stage.world.presence, &before);
	generator_fill(stage.generator, SCENE_STANDING, calls);
	if (!world_fill(&stage.world, stage.generator, clock_mono_ns() + 600 * NS_PER_S))
		rc = -EIO;
	settle(&stage.world, grown);
	lamps_take(stage.world.lamps, clock_mono_ns(), &result, latency);
	if (rc != 0 || grown->calls != calls) {
		fprintf(stderr,
			"bench-calls: memory: %" PRIu64 " of %" PRIu64 " calls up, %" PRIu64
			" of %" PRIu64 " persons shown\n",
			grown->calls, calls, result.starts_shown, result.starts);
		rc = -EIO;
	}
	grown->allocated -= before.allocated;
	grown->resident -= before.resident;
	grown->calls_bytes -= before.calls_bytes;
	stage_close(&stage);
	return rc;
}

static int measure_memory(const struct plan *plan, uint64_t memory)
{
	struct presence_memory calls, persons;
	double count = (double)memory;
	struct report report;
	// All calls of 64 persons who are on many at once, so that next to nothing is published;
	// then half as many calls whose parties are in no other.
	int rc = grow(plan, memory, 64, 1, &calls);

	if (rc == 0)
		rc = grow(plan, memory / 2, (uint32_t)memory + 64, 0, &persons);
	if (rc != 0)
		return rc;
	stage_report(&report, plan, "memory", POLL_ADAPTIVE);
	report_count(&report, "calls_up", memory);
	report_count(&report, "persons_busy", memory);
	report_figure(&report, "allocated_bytes_per_call", (double)calls.allocated / count);
	report_figure(&report, "accounted_bytes_per_call", (double)calls.calls_bytes / count);
	report_figure(&report, "resident_bytes_per_call", (double)calls.resident / count);
	report_figure(&report, "allocated_bytes_per_person",
		      ((double)persons.allocated - (double)calls.allocated / 2) / count);
	report_figure(&report, "resident_bytes_per_person",
		      ((double)persons.resident - (double)calls.resident / 2) / count);
	report_print(&report);
	return 0;
}

int case_memory(const struct plan *plan)
{
	int rc = 0;

	for (unsigned int i = 0; i < plan->memories && rc == 0; i++)
		rc = measure_memory(plan, plan->memory[i]);
	return rc;
}
