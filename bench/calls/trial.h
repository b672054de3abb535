// SPDX-License-Identifier: Apache-2.0
// Calls at one rate through a world, from the first one until all is over and told, and what came
// of it: latencies, CPU time, and whether the registrar showed the truth.
#pragma once

#include "bench/calls/generator.h"
#include "bench/calls/report.h"
#include "bench/calls/world.h"

#include <stdbool.h>

struct trial {
	struct lamps_result result;
	struct histogram latency[LATENCY_COUNT];
	struct generator_totals totals;
	struct world_cpu cpu;
	struct waits waits; // in this time, of each thread
	uint64_t worker_ns, store_ns, wall_ns, redis, publishes, refused;
	bool settled;
};

void trial_run(struct world *world, struct generator *generator, double rate, uint64_t calls,
	       struct trial *trial);
// Every start and end was confirmed, and nothing else was shown.
bool trial_is_right(const struct trial *trial);
int trial_complain(const char *what, const struct trial *trial); // -EIO
double trial_p99_ns(const struct trial *trial);
double trial_late_p99_ns(const struct trial *trial); // of the generator

// Its figures, one sample each.
void trial_report_latency(struct report *report, const struct trial *trial);
void trial_report_waits(struct report *report, const struct trial *trial); // what is the machine's
void trial_report_truth(struct report *report, const struct trial *trial);
void trial_report_cpu(struct report *report, const struct trial *trial, bool polling);
