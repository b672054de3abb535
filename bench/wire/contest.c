// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/contest.h"

#include "bench/wire/generator.h"
#include "bench/wire/subject.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct reading {
	uint64_t packets, cpu_ns;
};

static void pause_for(double seconds)
{
	struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

	nanosleep(&time, NULL);
}

// Lets subject `index` run for a slice. Its packets are asked for just before it is stopped.
static struct reading run_slice(struct contest *contest, size_t index)
{
	struct subject *subject = contest->subject[index];
	struct generator_report report;
	struct reading reading;

	subject_resume(subject);
	if (contest->generator)
		generator_begin(
			contest->generator,
			&(struct generator_order){.port = (uint32_t)index, .frames = UINT64_MAX});
	pause_for(contest->slice_s);
	reading.packets = subject_packets(subject);
	subject_pause(subject);
	reading.cpu_ns = subject_cpu_ns(subject);
	if (contest->generator) {
		generator_stop(contest->generator);
		generator_wait(contest->generator, &report);
	}
	return reading;
}

static void complain(const struct contest *contest, size_t index, const struct reading *before,
		     const struct reading *after)
{
	const struct subject *subject = contest->subject[index];

	fprintf(stderr, "bench-wire: %s stands still or died: %g ms of CPU time in %g ms\n",
		subject->kind == SUBJECT_ENGINE ? "an engine" : "dpdk-testpmd",
		((double)after->cpu_ns - (double)before->cpu_ns) / 1e6, contest->slice_s * 1e3);
}

int contest_run(struct contest *contest)
{
	struct reading before[CONTEST_SUBJECTS], after;

	for (size_t i = 0; i < contest->count; i++)
		before[i] = run_slice(contest, i);
	for (unsigned int round = 0; round < contest->rounds; round++) {
		for (size_t i = 0; i < contest->count; i++) {
			after = run_slice(contest, i);
			if (after.cpu_ns <= before[i].cpu_ns ||
			    after.packets <= before[i].packets) {
				complain(contest, i, &before[i], &after);
				return -EIO;
			}
			contest->packets_per_s[i][round] =
				(double)(after.packets - before[i].packets) * 1e9 /
				(double)(after.cpu_ns - before[i].cpu_ns);
			before[i] = after;
		}
	}
	return 0;
}
