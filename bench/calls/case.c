// SPDX-License-Identifier: Apache-2.0
// Calls at one rate, several times.
#include "bench/calls/case.h"

#include "bench/calls/stage.h"
#include "bench/calls/trial.h"

#include <string.h>

struct rated {
	const char *name;
	enum settings_poll poll;
	const double *mix;
	double overlap, rate;
	bool of_cpu;
};

static const double all_kinds[SCENE_COUNT] = {
	[SCENE_ANSWERED] = 70, [SCENE_REPEATED] = 5, [SCENE_CANCELLED] = 8, [SCENE_BUSY] = 5,
	[SCENE_FORKED] = 4,    [SCENE_TRANSFER] = 3, [SCENE_ATTENDED] = 3,  [SCENE_LOST_BYE] = 2,
};

static void report_trial(struct report *report, const struct trial *trial,
			 const struct rated *rated, const struct settings *settings)
{
	trial_report_latency(report, trial);
	trial_report_waits(report, trial);
	if (rated->of_cpu)
		trial_report_cpu(report, trial, settings->engine.poll == POLL_ALWAYS);
	trial_report_truth(report, trial);
	if (settings->calls.max_call_age_ns > 0)
		report_figure(report, "wrong_user_seconds_of_lost_ends",
			      (double)trial->result.unseen_ns * 1e-9);
}

static int run_at_rate(const struct plan *plan, const struct rated *rated)
{
	double rate = plan->rate > 0 ? plan->rate : rated->rate, mix[SCENE_COUNT];
	struct stage_options options = {
		.poll = rated->poll,
		.persons = stage_persons(plan, rate),
		.mix = mix,
		.overlap = rated->overlap,
	};
	static struct trial trial;
	struct report report;
	struct stage stage;
	int rc;

	memcpy(mix, plan->has_mix ? plan->mix : rated->mix, sizeof(mix));
	if (plan->calls_up > 0)
		mix[SCENE_LOST_BYE] = 0; // those that stand would be given up with them
	rc = stage_open(&stage, plan, &options);
	if (rc != 0)
		return rc;
	stage_report(&report, plan, rated->name, rated->poll);
	report_count(&report, "calls_per_s", (uint64_t)rate);
	report_count(&report, "calls_up", plan->calls_up);
	report_count(&report, "persons", stage.world.options.persons);
	rc = stage_stand(&stage, plan);
	// Once for nothing: memory is touched, connections are warm.
	if (rc == 0)
		trial_run(&stage.world, stage.generator, rate, (uint64_t)(rate / 2) + 1, &trial);
	for (unsigned int i = 0; i < plan->repetitions && rc == 0; i++) {
		trial_run(&stage.world, stage.generator, rate,
			  (uint64_t)(rate * (double)plan->seconds), &trial);
		if (!trial_is_right(&trial))
			rc = trial_complain(rated->name, &trial);
		report_trial(&report, &trial, rated, &stage.world.options.settings);
	}
	if (rc == 0)
		report_print(&report);
	stage_close(&stage);
	return rc;
}

int case_latency(const struct plan *plan)
{
	return run_at_rate(
		plan, &(struct rated){"latency", POLL_ALWAYS, stage_only_answered, 0, 1000, false});
}

int case_cpu(const struct plan *plan)
{
	return run_at_rate(
		plan, &(struct rated){"cpu", POLL_ADAPTIVE, stage_only_answered, 0, 5000, true});
}

int case_mixed(const struct plan *plan)
{
	return run_at_rate(plan,
			   &(struct rated){"mixed", POLL_ADAPTIVE, all_kinds, 0.2, 500, true});
}
