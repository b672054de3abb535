// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/trial.h"

#include "bench/calls/redis_count.h"
#include "config/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { DRAIN_S = 10 };

static uint64_t publishes(struct world *world, uint64_t *refused)
{
	const struct compositor_counts *counts = compositor_counts(
		service_compositor(server_service(world->registrar)));

	*refused = counts->refused;
	return counts->requests;
}

void trial_run(struct world *world, struct generator *generator, double rate, uint64_t calls,
	       struct trial *trial)
{
	uint64_t start_ns = clock_mono_ns(), refused, until_ns;
	struct lamps_result scrap_result;

	lamps_take(world->lamps, start_ns, &scrap_result, trial->latency);
	world->cpu = (struct world_cpu){0};
	waits_grew(&world->waits);
	trial->waits = world->waits;
	trial->worker_ns = presence_cpu_ns(&world->presence);
	trial->store_ns = presence_store_cpu_ns(&world->presence);
	trial->redis = redis_count(world->options.settings.engine.state_dir);
	trial->publishes = publishes(world, &trial->refused);
	generator_begin(generator, rate, calls, start_ns + NS_PER_MS);
	until_ns = start_ns + (uint64_t)((double)calls / rate * 1e9) +
		   world->options.settings.calls.max_call_age_ns + DRAIN_S * NS_PER_S;
	trial->settled = world_run(world, generator, until_ns);
	trial->wall_ns = clock_mono_ns() - start_ns;
	waits_grew(&world->waits);
	for (int i = 0; i < WAITS_THREADS; i++)
		trial->waits.ns[i] = world->waits.ns[i] - trial->waits.ns[i];
	trial->worker_ns = presence_cpu_ns(&world->presence) - trial->worker_ns;
	trial->store_ns = presence_store_cpu_ns(&world->presence) - trial->store_ns;
	trial->publishes = publishes(world, &refused) - trial->publishes;
	trial->refused = refused - trial->refused;
	trial->cpu = world->cpu;
	if (!trial->settled)
		lamps_tell_differing(world->lamps, stderr);
	// The store's last batch is on its way for 2 ms.
	world_rest(world, clock_mono_ns() + 50 * NS_PER_MS);
	trial->redis = redis_count(world->options.settings.engine.state_dir) - trial->redis;
	lamps_take(world->lamps, clock_mono_ns(), &trial->result, trial->latency);
	generator_take(generator, &trial->totals);
}

bool trial_is_right(const struct trial *trial)
{
	const struct lamps_result *result = &trial->result;

	return trial->settled && trial->refused == 0 &&
	       result->starts_shown + result->brief == result->starts &&
	       result->unasked <= result->brief;
}

int trial_complain(const char *what, const struct trial *trial)
{
	const struct lamps_result *result = &trial->result;

	fprintf(stderr,
		"bench-calls: %s: %" PRIu64 " of %" PRIu64 " starts shown (%" PRIu64
		" too brief), %" PRIu64 " of %" PRIu64 " ends, %" PRIu64 " not asked for, %" PRIu64
		" refused%s\n",
		what, result->starts_shown, result->starts, result->brief, result->ends_shown,
		result->ends, result->unasked, trial->refused,
		trial->settled ? "" : ", not settled in time");
	return -EIO;
}

double trial_p99_ns(const struct trial *trial)
{
	return (double)histogram_quantile(&trial->latency[LATENCY_START], 0.99);
}

double trial_late_p99_ns(const struct trial *trial)
{
	return (double)histogram_quantile(&trial->totals.late, 0.99);
}
