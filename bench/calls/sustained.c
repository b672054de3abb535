// SPDX-License-Identifier: Apache-2.0
// The highest rate that is sustained: the 99th percentile keeps its limit, every call is right, and
// the generator keeps its schedule. A trial that fails while something foreign has a CPU is void
// and done again; one that keeps all of it counts, whatever the machine did.
#include "bench/calls/case.h"

#include "bench/calls/stage.h"
#include "bench/calls/trial.h"
#include "config/clock.h"

#include <stdio.h>

enum {
	RATE_FIRST = 4000,
	RATE_LEAST = 250,
	RATE_LAST = 128000,
	TRIAL_S = 2,
	CONFIRMATIONS = 3,
	VOID_TRIALS = 3,  // at one rate, one after the other; then it has failed
	SEARCH_S = 70,    // until what was found has to be confirmed
	CONFIRMED_S = 50, // more, until there is no figure
};

enum outcome { OUTCOME_KEPT, OUTCOME_LATE, OUTCOME_WRONG, OUTCOME_BEHIND, OUTCOME_VOID, OUTCOMES };

static const char *const outcome_text[OUTCOMES] = {
	[OUTCOME_KEPT] = "kept",
	[OUTCOME_LATE] = "too late",
	[OUTCOME_WRONG] = "not all right",
	[OUTCOME_BEHIND] = "generator behind",
	[OUTCOME_VOID] = "void, something else had a CPU",
};

struct search {
	const struct plan *plan;
	struct stage *stage;
	struct report *report;
	uint64_t until_ns;
	unsigned int trials, count[OUTCOMES];
	struct trial trial; // the last one
};

// For more than a hundredth of the time. The store's server is ours and shares the generator's CPU,
// so as much as it ran the generator may have waited without anybody else.
static bool had_company(const struct trial *trial)
{
	uint64_t worker_ns = trial->waits.ns[WAITS_WORKER], world_ns = trial->waits.ns[WAITS_WORLD];
	uint64_t most_ns = trial->wall_ns / 100;

	return waits_known(&trial->waits) &&
	       (worker_ns > most_ns || world_ns > trial->store_ns + most_ns);
}

// Calls that nobody disturbed were late, too, if they are enough to tell: no company excuses that.
static bool is_late_alone(const struct trial *trial, double limit_ns)
{
	const struct histogram *all = &trial->latency[LATENCY_START];
	const struct histogram *alone = &trial->latency[LATENCY_START_ALONE];

	return alone->count > all->count / 2 && (double)histogram_quantile(alone, 0.99) > limit_ns;
}

static enum outcome judge(const struct trial *trial, double limit_ns)
{
	if (!trial_is_right(trial))
		return OUTCOME_WRONG;
	if (trial_p99_ns(trial) <= limit_ns)
		return OUTCOME_KEPT;
	if (had_company(trial) && !is_late_alone(trial, limit_ns))
		return OUTCOME_VOID;
	return trial_late_p99_ns(trial) > limit_ns ? OUTCOME_BEHIND : OUTCOME_LATE;
}

static enum outcome try(struct search *search, double rate)
{
	struct trial *trial = &search->trial;
	double wall_ns;
	enum outcome outcome;

	trial_run(&search->stage->world, search->stage->generator, rate, (uint64_t)(rate * TRIAL_S),
		  trial);
	outcome = judge(trial, (double)search->plan->limit_ns);
	search->trials++;
	search->count[outcome]++;
	wall_ns = (double)trial->wall_ns;
	if (!search->plan->as_json)
		fprintf(stderr,
			"  %8.0f calls/s: p99 %8.1f us, generator late p99 %8.1f us, CPU worker "
			"%4.1f%% waits %4.1f%%, generator waits %4.1f%%: %s\n",
			rate, trial_p99_ns(trial) / 1e3, trial_late_p99_ns(trial) / 1e3,
			100 * (double)trial->worker_ns / wall_ns,
			100 * (double)trial->waits.ns[WAITS_WORKER] / wall_ns,
			100 * (double)trial->waits.ns[WAITS_WORLD] / wall_ns,
			outcome_text[outcome]);
	return outcome;
}

// Until a trial counts; void when none does, or there is no more time.
static enum outcome settle(struct search *search, double rate)
{
	enum outcome outcome = OUTCOME_VOID;

	for (int i = 0; i < VOID_TRIALS && outcome == OUTCOME_VOID; i++)
		if (clock_mono_ns() < search->until_ns)
			outcome = try(search, rate);
	return outcome;
}

static bool sustains(struct search *search, double rate)
{
	return settle(search, rate) == OUTCOME_KEPT;
}

// Doubles until it fails, or halves until it doesn't, then halves what lies between to 5 %.
static double find(struct search *search)
{
	double good = 0, bad = RATE_FIRST;

	for (; bad < RATE_LAST && sustains(search, bad); bad *= 2)
		good = bad;
	while (good == 0 && bad > RATE_LEAST) {
		if (sustains(search, bad / 2))
			good = bad / 2;
		else
			bad /= 2;
	}
	while (good > 0 && bad > good * 1.05 && clock_mono_ns() < search->until_ns) {
		double rate = (good + bad) / 2;

		if (sustains(search, rate))
			good = rate;
		else
			bad = rate;
	}
	return good;
}

static void begin_report(struct search *search)
{
	stage_report(search->report, search->plan, "sustained", POLL_ADAPTIVE);
	report_count(search->report, "calls_up", search->plan->calls_up);
	report_count(search->report, "persons", search->stage->world.options.persons);
	report_count(search->report, "limit_us", search->plan->limit_ns / 1000);
}

static void report_kept(struct search *search, double rate)
{
	bool polls = search->stage->world.options.settings.engine.poll == POLL_ALWAYS;

	report_figure(search->report, "sustained_calls_per_s", rate);
	trial_report_latency(search->report, &search->trial);
	trial_report_waits(search->report, &search->trial);
	trial_report_cpu(search->report, &search->trial, polls);
	trial_report_truth(search->report, &search->trial);
}

// Three times at a rate, or at a lower one: a little lower when it was too much, a lot when the
// machine has no time for so much.
static bool confirm(struct search *search, double rate)
{
	while (rate >= RATE_LEAST && clock_mono_ns() < search->until_ns) {
		enum outcome outcome = OUTCOME_KEPT;

		begin_report(search);
		for (int i = 0; i < CONFIRMATIONS && outcome == OUTCOME_KEPT; i++) {
			outcome = settle(search, rate);
			if (outcome == OUTCOME_KEPT)
				report_kept(search, rate);
		}
		if (outcome == OUTCOME_KEPT)
			return true;
		rate *= outcome == OUTCOME_VOID ? 0.7 : 0.95;
	}
	return false;
}

static void say_why_not(const struct search *search)
{
	fprintf(stderr, "bench-calls: sustained: no rate held %d times. %u trials:", CONFIRMATIONS,
		search->trials);
	for (int i = 0; i < OUTCOMES; i++)
		fprintf(stderr, " %u %s%s", search->count[i], outcome_text[i],
			i + 1 < OUTCOMES ? ";" : "\n");
}

int case_sustained(const struct plan *plan)
{
	struct stage_options options = {
		.poll = POLL_ADAPTIVE,
		.persons = stage_persons(plan, 40000),
		.mix = plan->has_mix ? plan->mix : stage_only_answered,
	};
	struct report report;
	struct stage stage;
	static struct search search;
	double rate;
	int rc = stage_open(&stage, plan, &options);

	if (rc != 0)
		return rc;
	search = (struct search){.plan = plan, .stage = &stage, .report = &report};
	rc = stage_stand(&stage, plan);
	if (rc != 0)
		goto out;
	begin_report(&search);
	search.until_ns = clock_mono_ns() + SEARCH_S * NS_PER_S;
	rate = find(&search);
	search.until_ns += CONFIRMED_S * NS_PER_S;
	if (rate == 0 || !confirm(&search, rate)) {
		say_why_not(&search);
		begin_report(&search);
		report.missing = "sustained_calls_per_s";
	}
	report_count(&report, "trials", search.trials);
	report_count(&report, "void_trials", search.count[OUTCOME_VOID]);
	// Calls that went wrong, and no rate at which none did: the engine's fault, not the rate's.
	if (report.missing != NULL && search.count[OUTCOME_WRONG] > 0)
		rc = trial_complain("sustained", &search.trial);
	else
		report_print(&report);
out:
	stage_close(&stage);
	return rc;
}
