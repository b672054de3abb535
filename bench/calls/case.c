// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/case.h"

#include "bench/calls/redis_count.h"
#include "bench/calls/report.h"
#include "config/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	LOST_S = 3, // after the longest call, the engine gives those up whose BYE was lost
	DRAIN_S = 10,
	SEARCH_FIRST = 1000,
	SEARCH_LAST = 128000,
	CONFIRMATIONS = 3,
	CONFIRMATION_TRIES = 12,
	SETTLE_TRIES = 40,
	MEASURED_MOST = 1000000, // that are up, of those measured
};

struct outcome {
	struct lamps_result result;
	struct histogram latency[LATENCY_COUNT];
	struct generator_totals totals;
	struct world_cpu cpu;
	struct waits waits; // in this time, of each thread
	uint64_t worker_ns, store_ns, wall_ns, redis, publishes, refused;
	bool settled;
};

// All but some calls of an exponential or lognormal distribution are shorter than this.
static uint64_t longest_ns(const struct plan *plan)
{
	bool has_tail = plan->hold.kind == SPREAD_EXPONENTIAL ||
			plan->hold.kind == SPREAD_LOGNORMAL;

	return has_tail ? 20 * plan->hold.a_ns : plan->hold.a_ns + plan->hold.b_ns;
}

static int world_make(const struct plan *plan, enum settings_poll poll, uint32_t persons,
		      bool loses_byes, struct world *world)
{
	static unsigned int number;
	struct world_options options = {
		.transport = plan->transport,
		.registrar_latency = plan->registrar_latency,
		.persons = persons,
		.worker_cpu = plan->worker_cpu,
		.world_cpu = plan->world_cpu,
	};
	struct settings *settings = &options.settings;

	settings_default(settings);
	strcpy(settings->directory.map_any, "bench.example");
	settings->engine.poll = plan->poll != POLL_NONE ? plan->poll : poll;
	settings->registrar.rate = 1e6; // pacing protects a registrar; this one is measured
	settings->registrar.burst = 1e6;
	// In the field it is hours, and session timers are sooner; neither can be waited for here.
	settings->calls.max_call_age_ns = loses_byes ? longest_ns(plan) + LOST_S * NS_PER_S : 0;
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

static struct generator *generator_make(const struct plan *plan, struct world *world,
					const double mix[SCENE_COUNT], double overlap)
{
	struct generator_options options = {
		.seed = plan->seed,
		.persons = world->options.persons,
		.overlap = plan->overlap >= 0 ? plan->overlap : overlap,
		.hold = plan->hold,
		.ring = plan->ring,
		.lamps = world->lamps,
	};

	memcpy(options.mix, mix, sizeof(options.mix));
	return generator_new(&options);
}

static uint64_t publishes(struct world *world, uint64_t *refused)
{
	const struct compositor_counts *counts = compositor_counts(
		service_compositor(server_service(world->registrar)));

	*refused = counts->refused;
	return counts->requests;
}

// Calls at a rate, until all is over and told.
static void measure(struct world *world, struct generator *generator, double rate, uint64_t calls,
		    struct outcome *outcome)
{
	uint64_t start_ns = clock_mono_ns(), refused, until_ns;
	struct lamps_result scrap_result;

	lamps_take(world->lamps, start_ns, &scrap_result, outcome->latency);
	world->cpu = (struct world_cpu){0};
	waits_grew(&world->waits);
	outcome->waits = world->waits;
	outcome->worker_ns = presence_cpu_ns(&world->presence);
	outcome->store_ns = presence_store_cpu_ns(&world->presence);
	outcome->redis = redis_count(world->options.settings.engine.state_dir);
	outcome->publishes = publishes(world, &outcome->refused);
	generator_begin(generator, rate, calls, start_ns + NS_PER_MS);
	until_ns = start_ns + (uint64_t)((double)calls / rate * 1e9) +
		   world->options.settings.calls.max_call_age_ns + DRAIN_S * NS_PER_S;
	outcome->settled = world_run(world, generator, until_ns);
	outcome->wall_ns = clock_mono_ns() - start_ns;
	waits_grew(&world->waits);
	for (int i = 0; i < WAITS_THREADS; i++)
		outcome->waits.ns[i] = world->waits.ns[i] - outcome->waits.ns[i];
	outcome->worker_ns = presence_cpu_ns(&world->presence) - outcome->worker_ns;
	outcome->store_ns = presence_store_cpu_ns(&world->presence) - outcome->store_ns;
	outcome->publishes = publishes(world, &refused) - outcome->publishes;
	outcome->refused = refused - outcome->refused;
	outcome->cpu = world->cpu;
	if (!outcome->settled)
		lamps_tell_differing(world->lamps, stderr);
	// The store's last batch is on its way for 2 ms.
	world_rest(world, clock_mono_ns() + 50 * NS_PER_MS);
	outcome->redis = redis_count(world->options.settings.engine.state_dir) - outcome->redis;
	lamps_take(world->lamps, clock_mono_ns(), &outcome->result, outcome->latency);
	generator_take(generator, &outcome->totals);
}

// Every start and end was confirmed, and nothing else was shown.
static bool is_right(const struct outcome *outcome)
{
	const struct lamps_result *result = &outcome->result;

	return outcome->settled && outcome->refused == 0 &&
	       result->starts_shown + result->brief == result->starts &&
	       result->unasked <= result->brief;
}

static int complain(const char *what, const struct outcome *outcome)
{
	const struct lamps_result *result = &outcome->result;

	fprintf(stderr,
		"bench-calls: %s: %" PRIu64 " of %" PRIu64 " starts shown (%" PRIu64
		" too brief), %" PRIu64 " of %" PRIu64 " ends, %" PRIu64 " not asked for, %" PRIu64
		" refused%s\n",
		what, result->starts_shown, result->starts, result->brief, result->ends_shown,
		result->ends, result->unasked, outcome->refused,
		outcome->settled ? "" : ", not settled in time");
	return -EIO;
}

static void say_case(struct report *report, const struct plan *plan, const char *name,
		     enum settings_poll poll)
{
	*report = (struct report){0};
	report_word(report, "case", name);
	report_word(report, "transport", plan->transport);
	report_word(report, "store", strncmp(plan->store, "redis", 5) == 0 ? "redis" : plan->store);
	if (plan->poll != POLL_NONE)
		poll = plan->poll;
	report_word(report, "worker", poll == POLL_ALWAYS ? "polling" : "sleeping");
}

static void say_quantiles(struct report *report, const struct outcome *outcome)
{
	static const struct {
		const char *key;
		enum latency latency;
		double share;
	} keys[] = {
		{"latency_us_p50", LATENCY_START, 0.5},
		{"latency_us_p90", LATENCY_START, 0.9},
		{"latency_us_p99", LATENCY_START, 0.99},
		{"latency_us_p999", LATENCY_START, 0.999},
		{"latency_us_max", LATENCY_START, 1},
		{"latency_from_sent_us_p50", LATENCY_START_SENT, 0.5},
		{"latency_from_sent_us_p99", LATENCY_START_SENT, 0.99},
		{"latency_to_answer_us_p50", LATENCY_ANSWER, 0.5},
		{"latency_to_answer_us_p99", LATENCY_ANSWER, 0.99},
		{"latency_of_end_us_p50", LATENCY_END, 0.5},
		{"latency_of_end_us_p99", LATENCY_END, 0.99},
	};

	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		report_figure(report, keys[i].key,
			      (double)histogram_quantile(&outcome->latency[keys[i].latency],
							 keys[i].share) /
				      1e3);
	report_figure(report, "generator_late_us_p99",
		      (double)histogram_quantile(&outcome->totals.late, 0.99) / 1e3);
}

// What of it is the machine's doing.
static void say_alone(struct report *report, const struct outcome *outcome)
{
	const struct histogram *all = &outcome->latency[LATENCY_START];
	const struct histogram *alone = &outcome->latency[LATENCY_START_ALONE];
	double wall_ns = (double)outcome->wall_ns;

	if (!waits_known(&outcome->waits))
		return;
	report_figure(report, "latency_alone_us_p50", histogram_quantile(alone, 0.5) / 1e3);
	report_figure(report, "latency_alone_us_p99", histogram_quantile(alone, 0.99) / 1e3);
	report_figure(report, "latency_alone_us_p999", histogram_quantile(alone, 0.999) / 1e3);
	report_figure(report, "alone_percent", 100.0 * (double)alone->count / (double)all->count);
	report_figure(report, "worker_waits_percent",
		      100 * (double)outcome->waits.ns[WAITS_WORKER] / wall_ns);
	report_figure(report, "generator_waits_percent",
		      100 * (double)outcome->waits.ns[WAITS_WORLD] / wall_ns);
}

static void say_truth(struct report *report, const struct outcome *outcome)
{
	const struct lamps_result *result = &outcome->result;

	report_figure(report, "starts", (double)result->starts);
	report_figure(report, "starts_confirmed", (double)result->starts_shown);
	report_figure(report, "ends_confirmed", (double)result->ends_shown);
	report_figure(report, "left_over", outcome->settled ? 0 : (double)result->starts);
	report_figure(report, "busy_user_seconds", (double)result->busy_ns * 1e-9);
	report_figure(report, "wrong_user_seconds", (double)result->wrong_ns * 1e-9);
}

static void say_cpu(struct report *report, const struct outcome *outcome, bool polling)
{
	double calls = (double)outcome->totals.calls;

	report_figure(report, "messages_per_call", (double)outcome->totals.messages / calls);
	report_figure(report, "publishes_per_call", (double)outcome->publishes / calls);
	report_figure(report, "cpu_us_per_call_wire", (double)outcome->cpu.wire_ns / calls / 1e3);
	if (!polling) { // else it is as much as there is time
		report_figure(report, "cpu_us_per_call_worker",
			      (double)outcome->worker_ns / calls / 1e3);
		report_figure(report, "one_core_calls_per_s",
			      calls * 1e9 / (double)outcome->worker_ns);
	}
	if (outcome->store_ns > 0)
		report_figure(report, "cpu_us_per_call_store",
			      (double)outcome->store_ns / calls / 1e3);
	report_figure(report, "cpu_us_per_call_registrar",
		      (double)outcome->cpu.registrar_ns / calls / 1e3);
	report_figure(report, "cpu_us_per_call_generator",
		      (double)outcome->cpu.generator_ns / calls / 1e3);
	if (outcome->redis > 0)
		report_figure(report, "redis_commands_per_call", (double)outcome->redis / calls);
}

static uint32_t persons_for(const struct plan *plan, double rate)
{
	// A call has its parties for as long as it rings and is up, on average; four times as many
	// so that the free ones are not the ones that have just hung up.
	double up = rate * (double)(plan->hold.a_ns + plan->hold.b_ns + NS_PER_S) * 1e-9;

	if (plan->persons > 0)
		return (uint32_t)plan->persons;
	return (uint32_t)(8 * up + 2 * (double)plan->calls_up + 1000);
}

// Calls that stay up, so that what is measured is among them. Persons of their own.
static bool stand(const struct plan *plan, struct world *world, struct generator *generator)
{
	if (plan->calls_up == 0)
		return true;
	generator_fill(generator, SCENE_STANDING, plan->calls_up);
	return world_fill(world, generator, clock_mono_ns() + 600 * NS_PER_S);
}

static const double only_answered[SCENE_COUNT] = {[SCENE_ANSWERED] = 1};
static const double all_kinds[SCENE_COUNT] = {
	[SCENE_ANSWERED] = 70, [SCENE_REPEATED] = 5, [SCENE_CANCELLED] = 8, [SCENE_BUSY] = 5,
	[SCENE_FORKED] = 4,    [SCENE_TRANSFER] = 3, [SCENE_ATTENDED] = 3,  [SCENE_LOST_BYE] = 2,
};

// Calls at one rate, several times.
static int run_at_rate(const struct plan *plan, const char *name, enum settings_poll poll,
		       const double usual[SCENE_COUNT], double overlap, double rate, bool of_cpu)
{
	double mix[SCENE_COUNT];
	static struct outcome outcome;
	struct generator *generator;
	struct report report;
	struct world world;
	int rc;

	memcpy(mix, plan->has_mix ? plan->mix : usual, sizeof(mix));
	if (plan->calls_up > 0)
		mix[SCENE_LOST_BYE] = 0; // those that stand would be given up with them
	if (plan->rate > 0)
		rate = plan->rate;
	rc = world_make(plan, poll, persons_for(plan, rate), mix[SCENE_LOST_BYE] > 0, &world);
	if (rc != 0)
		return rc;
	say_case(&report, plan, name, poll);
	report_count(&report, "calls_per_s", (uint64_t)rate);
	report_count(&report, "calls_up", plan->calls_up);
	report_count(&report, "persons", world.options.persons);
	generator = generator_make(plan, &world, mix, overlap);
	if (generator == NULL || !stand(plan, &world, generator))
		rc = -EIO;
	// Once for nothing: memory is touched, connections are warm.
	if (rc == 0)
		measure(&world, generator, rate, (uint64_t)(rate / 2) + 1, &outcome);
	for (unsigned int i = 0; i < plan->repetitions && rc == 0; i++) {
		measure(&world, generator, rate, (uint64_t)(rate * (double)plan->seconds),
			&outcome);
		if (!is_right(&outcome))
			rc = complain(name, &outcome);
		say_quantiles(&report, &outcome);
		say_alone(&report, &outcome);
		if (of_cpu)
			say_cpu(&report, &outcome,
				world.options.settings.engine.poll == POLL_ALWAYS);
		say_truth(&report, &outcome);
		if (mix[SCENE_LOST_BYE] > 0)
			report_figure(&report, "wrong_user_seconds_of_lost_ends",
				      (double)outcome.result.unseen_ns * 1e-9);
	}
	if (rc == 0)
		report_print(&report);
	generator_free(generator);
	world_close(&world, plan->calls_up > 0);
	return rc;
}

int case_latency(const struct plan *plan)
{
	return run_at_rate(plan, "latency", POLL_ALWAYS, only_answered, 0, 1000, false);
}

int case_cpu(const struct plan *plan)
{
	return run_at_rate(plan, "cpu", POLL_ADAPTIVE, only_answered, 0, 5000, true);
}

int case_mixed(const struct plan *plan)
{
	return run_at_rate(plan, "mixed", POLL_ADAPTIVE, all_kinds, 0.2, 500, true);
}

// Two seconds of calls at this rate: do they keep the limit?
static bool sustains(const struct plan *plan, struct world *world, struct generator *generator,
		     double rate, struct outcome *outcome)
{
	bool good;

	measure(world, generator, rate, (uint64_t)(rate * 2), outcome);
	good = is_right(outcome) &&
	       histogram_quantile(&outcome->latency[LATENCY_START], 0.99) <= plan->limit_ns;
	if (!plan->as_json)
		fprintf(stderr, "  %8.0f calls/s: p99 %8.1f us, generator late p99 %8.1f us, %s\n",
			rate,
			(double)histogram_quantile(&outcome->latency[LATENCY_START], 0.99) / 1e3,
			(double)histogram_quantile(&outcome->totals.late, 0.99) / 1e3,
			good                ? "kept"
			: is_right(outcome) ? "too late"
					    : "not all right");
	return good;
}

// Doubles until it fails, halves the rest to 5 %, then takes what holds three times.
static double search(const struct plan *plan, struct world *world, struct generator *generator,
		     struct outcome *outcome)
{
	double good = 0, bad = SEARCH_LAST;

	for (double rate = SEARCH_FIRST; rate < bad; rate *= 2) {
		if (sustains(plan, world, generator, rate, outcome))
			good = rate;
		else
			bad = rate;
	}
	while (good > 0 && bad > good * 1.05) {
		double rate = (good + bad) / 2;

		if (sustains(plan, world, generator, rate, outcome))
			good = rate;
		else
			bad = rate;
	}
	return good;
}

int case_sustained(const struct plan *plan)
{
	static struct outcome outcome;
	struct generator *generator;
	struct report report;
	struct world world;
	unsigned int confirmed = 0;
	double rate;
	int rc = world_make(plan, POLL_ADAPTIVE, persons_for(plan, 40000), false, &world);

	if (rc != 0)
		return rc;
	generator = generator_make(plan, &world, plan->has_mix ? plan->mix : only_answered, 0);
	if (generator == NULL || !stand(plan, &world, generator)) {
		rc = -EIO;
		goto out;
	}
	rate = search(plan, &world, generator, &outcome);
	for (unsigned int tries = 0; confirmed < CONFIRMATIONS; tries++) {
		if (confirmed == 0) {
			say_case(&report, plan, "sustained", POLL_ADAPTIVE);
			report_count(&report, "calls_up", plan->calls_up);
			report_count(&report, "persons", world.options.persons);
			report_count(&report, "limit_us", plan->limit_ns / 1000);
		}
		if (rate == 0 || tries == CONFIRMATION_TRIES)
			break;
		if (!sustains(plan, &world, generator, rate, &outcome)) {
			rate *= 0.95;
			confirmed = 0;
			continue;
		}
		confirmed++;
		report_figure(&report, "sustained_calls_per_s", rate);
		say_quantiles(&report, &outcome);
		say_cpu(&report, &outcome, world.options.settings.engine.poll == POLL_ALWAYS);
		say_truth(&report, &outcome);
	}
	if (confirmed < CONFIRMATIONS) {
		fputs("bench-calls: sustained: no rate holds three times; is the machine busy with "
		      "something else?\n",
		      stderr);
		report.figures = 0;
		report.missing = "sustained_calls_per_s";
		rc = is_right(&outcome) ? 0 : complain("sustained", &outcome);
	}
	if (rc == 0)
		report_print(&report);
out:
	generator_free(generator);
	world_close(&world, plan->calls_up > 0);
	return rc;
}

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
	struct generator *generator;
	struct lamps_result result;
	static struct histogram latency[LATENCY_COUNT];
	struct world world;
	int rc = world_make(plan, POLL_ADAPTIVE, persons, false, &world);

	if (rc != 0)
		return rc;
	presence_memory(&world.presence, &before);
	generator = generator_make(plan, &world, only_answered, overlap);
	generator_fill(generator, SCENE_STANDING, calls);
	if (!world_fill(&world, generator, clock_mono_ns() + 600 * NS_PER_S))
		rc = -EIO;
	settle(&world, grown);
	lamps_take(world.lamps, clock_mono_ns(), &result, latency);
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
	generator_free(generator);
	world_close(&world, true);
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
	say_case(&report, plan, "memory", POLL_ADAPTIVE);
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
