// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/stage.h"

#include "config/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	LOST_S = 3, // after the longest call, the engine gives those up whose BYE was lost
	MEASURED_MOST = 1000000, // that are up, of those measured
};

const double stage_only_answered[SCENE_COUNT] = {[SCENE_ANSWERED] = 1};

// All but some calls of an exponential or lognormal distribution are shorter than this.
static uint64_t longest_ns(const struct plan *plan)
{
	bool has_tail = plan->hold.kind == SPREAD_EXPONENTIAL ||
			plan->hold.kind == SPREAD_LOGNORMAL;

	return has_tail ? 20 * plan->hold.a_ns : plan->hold.a_ns + plan->hold.b_ns;
}

static int open_world(struct world *world, const struct plan *plan,
		      const struct stage_options *stage)
{
	static unsigned int number;
	struct world_options options = {
		.transport = plan->transport,
		.registrar_latency = plan->registrar_latency,
		.persons = stage->persons,
		.worker_cpu = plan->worker_cpu,
		.world_cpu = plan->world_cpu,
	};
	struct settings *settings = &options.settings;

	settings_default(settings);
	strcpy(settings->directory.map_any, "bench.example");
	settings->engine.poll = plan->poll != POLL_NONE ? plan->poll : stage->poll;
	settings->registrar.rate = 1e6; // pacing protects a registrar; this one is measured
	settings->registrar.burst = 1e6;
	// In the field it is hours, and session timers are sooner; neither can be waited for here.
	settings->calls.max_call_age_ns = stage->mix[SCENE_LOST_BYE] > 0
						  ? longest_ns(plan) + LOST_S * NS_PER_S
						  : 0;
	if (settings->calls.max_calls < plan->calls_up + MEASURED_MOST)
		settings->calls.max_calls = plan->calls_up + MEASURED_MOST;
	for (unsigned int i = 0; i < plan->memories; i++)
		if (settings->calls.max_calls < plan->memory[i])
			settings->calls.max_calls = plan->memory[i];
	snprintf(settings->store.url, sizeof(settings->store.url), "%s", plan->store);
	snprintf(settings->engine.state_dir, sizeof(settings->engine.state_dir), "%s/%u",
		 plan->directory, number++);
	memcpy(settings->engine.run_dir, settings->engine.state_dir,
	       sizeof(settings->engine.run_dir));
	if (mkdir(settings->engine.state_dir, 0700) != 0)
		return -errno;
	return world_open(world, &options);
}

static struct generator *make_generator(const struct plan *plan, const struct world *world,
					const struct stage_options *stage)
{
	struct generator_options options = {
		.seed = plan->seed,
		.persons = world->options.persons,
		.overlap = plan->overlap >= 0 ? plan->overlap : stage->overlap,
		.hold = plan->hold,
		.ring = plan->ring,
		.lamps = world->lamps,
	};

	memcpy(options.mix, stage->mix, sizeof(options.mix));
	return generator_new(&options);
}

uint32_t stage_persons(const struct plan *plan, double rate)
{
	// A call has its parties for as long as it rings and is up, on average; four times as many
	// so that the free ones are not the ones that have just hung up.
	double up = rate * (double)(plan->hold.a_ns + plan->hold.b_ns + NS_PER_S) * 1e-9;

	if (plan->persons > 0)
		return (uint32_t)plan->persons;
	return (uint32_t)(8 * up + 2 * (double)plan->calls_up + 1000);
}

int stage_open(struct stage *stage, const struct plan *plan, const struct stage_options *options)
{
	int rc = open_world(&stage->world, plan, options);

	stage->generator = NULL;
	stage->keep = false;
	if (rc != 0)
		return rc;
	stage->generator = make_generator(plan, &stage->world, options);
	if (stage->generator != NULL)
		return 0;
	stage_close(stage);
	return -ENOMEM;
}

void stage_close(struct stage *stage)
{
	generator_free(stage->generator);
	world_close(&stage->world, stage->keep);
}

int stage_stand(struct stage *stage, const struct plan *plan)
{
	uint64_t until_ns = clock_mono_ns() + 600 * NS_PER_S;

	if (plan->calls_up == 0)
		return 0;
	stage->keep = true;
	generator_fill(stage->generator, SCENE_STANDING, plan->calls_up);
	return world_fill(&stage->world, stage->generator, until_ns) ? 0 : -EIO;
}

void stage_report(struct report *report, const struct plan *plan, const char *name,
		  enum settings_poll poll)
{
	if (plan->poll != POLL_NONE)
		poll = plan->poll;
	*report = (struct report){0};
	report_word(report, "case", name);
	report_word(report, "transport", plan->transport);
	report_word(report, "store", strncmp(plan->store, "redis", 5) == 0 ? "redis" : plan->store);
	report_word(report, "worker", poll == POLL_ALWAYS ? "polling" : "sleeping");
}
