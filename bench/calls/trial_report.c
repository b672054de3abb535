// SPDX-License-Identifier: Apache-2.0
// What a trial says of itself, in the keys that bench/README.md explains.
#include "bench/calls/trial.h"

void trial_report_latency(struct report *report, const struct trial *trial)
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
			      (double)histogram_quantile(&trial->latency[keys[i].latency],
							 keys[i].share) /
				      1e3);
	report_figure(report, "generator_late_us_p99",
		      (double)histogram_quantile(&trial->totals.late, 0.99) / 1e3);
}

void trial_report_waits(struct report *report, const struct trial *trial)
{
	const struct histogram *all = &trial->latency[LATENCY_START];
	const struct histogram *alone = &trial->latency[LATENCY_START_ALONE];
	double wall_ns = (double)trial->wall_ns;

	if (!waits_known(&trial->waits))
		return;
	report_figure(report, "latency_alone_us_p50", histogram_quantile(alone, 0.5) / 1e3);
	report_figure(report, "latency_alone_us_p99", histogram_quantile(alone, 0.99) / 1e3);
	report_figure(report, "latency_alone_us_p999", histogram_quantile(alone, 0.999) / 1e3);
	report_figure(report, "alone_percent", 100.0 * (double)alone->count / (double)all->count);
	report_figure(report, "worker_waits_percent",
		      100 * (double)trial->waits.ns[WAITS_WORKER] / wall_ns);
	report_figure(report, "generator_waits_percent",
		      100 * (double)trial->waits.ns[WAITS_WORLD] / wall_ns);
}

void trial_report_truth(struct report *report, const struct trial *trial)
{
	const struct lamps_result *result = &trial->result;

	report_figure(report, "starts", (double)result->starts);
	report_figure(report, "starts_confirmed", (double)result->starts_shown);
	report_figure(report, "ends_confirmed", (double)result->ends_shown);
	report_figure(report, "left_over", trial->settled ? 0 : (double)result->starts);
	report_figure(report, "busy_user_seconds", (double)result->busy_ns * 1e-9);
	report_figure(report, "wrong_user_seconds", (double)result->wrong_ns * 1e-9);
}

void trial_report_cpu(struct report *report, const struct trial *trial, bool polling)
{
	double calls = (double)trial->totals.calls;

	report_figure(report, "messages_per_call", (double)trial->totals.messages / calls);
	report_figure(report, "publishes_per_call", (double)trial->publishes / calls);
	report_figure(report, "cpu_us_per_call_wire", (double)trial->cpu.wire_ns / calls / 1e3);
	if (!polling) { // else it is as much as there is time
		report_figure(report, "cpu_us_per_call_worker",
			      (double)trial->worker_ns / calls / 1e3);
		report_figure(report, "one_core_calls_per_s",
			      calls * 1e9 / (double)trial->worker_ns);
	}
	if (trial->store_ns > 0)
		report_figure(report, "cpu_us_per_call_store",
			      (double)trial->store_ns / calls / 1e3);
	report_figure(report, "cpu_us_per_call_registrar",
		      (double)trial->cpu.registrar_ns / calls / 1e3);
	report_figure(report, "cpu_us_per_call_generator",
		      (double)trial->cpu.generator_ns / calls / 1e3);
	if (trial->redis > 0)
		report_figure(report, "redis_commands_per_call", (double)trial->redis / calls);
}
