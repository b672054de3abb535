// SPDX-License-Identifier: Apache-2.0
// The engine on one poll core and on two, a queue each of the same capture, in turns. What two do
// is twice what one second of their CPU time does: with two CPUs in all, the rest of the engine and
// the bench itself take time from one of them.
#include "bench/figure.h"
#include "bench/wire/case.h"

#include <stdio.h>

enum { SPARE_BUFFERS = 8192 };

static int start(const struct bench *bench, const struct traffic *traffic, unsigned int cores,
		 struct subject *subject)
{
	char one[512], two[1100];
	struct subject_plan plan = {.mbufs = (unsigned int)traffic->count + SPARE_BUFFERS,
				    .two_cores = cores == 2};
	int err = case_write_capture(bench, traffic, one, sizeof(one));

	if (err)
		return err;
	// net_pcap has as many queues as files.
	snprintf(two, sizeof(two), "net_pcap0,rx_pcap=%s/wire-%s.pcap,%s", bench->dir,
		 traffic->name, one + sizeof("net_pcap0"));
	plan.port = cores == 2 ? two : one;
	err = subject_start(subject, SUBJECT_ENGINE, &plan, &bench->host);
	return err ? err : case_await_packets(subject);
}

static void print(const struct bench *bench, const struct traffic *traffic, struct contest *contest)
{
	double ratio[CONTEST_ROUNDS];

	for (unsigned int i = 0; i < contest->rounds; i++) {
		contest->packets_per_s[1][i] *= 2;
		ratio[i] = contest->packets_per_s[1][i] / contest->packets_per_s[0][i];
	}
	for (unsigned int cores = 1; cores <= SUBJECT_CORES; cores++) {
		figure_begin("bench-wire");
		figure_word("case", "cores");
		figure_word("mix", traffic->name);
		figure_count("poll_cores", cores);
		figure_of("packets_per_s", contest->packets_per_s[cores - 1], contest->rounds);
		if (cores > 1)
			figure_of("ratio_to_one_core", ratio, contest->rounds);
		figure_word("memory", bench->host.hugepages ? "hugepages" : "no-huge");
		figure_end();
	}
}

int case_cores(const struct bench *bench, const struct traffic *traffic)
{
	struct subject subject[SUBJECT_CORES];
	struct contest contest = {.rounds = bench->rounds, .slice_s = bench->slice_s};
	int err = 0;

	for (unsigned int i = 0; i < SUBJECT_CORES; i++)
		subject_clear(&subject[i]);
	for (unsigned int i = 0; i < SUBJECT_CORES && !err; i++) {
		err = start(bench, traffic, i + 1, &subject[i]);
		contest.subject[contest.count++] = &subject[i];
	}
	if (!err)
		err = contest_run(&contest);
	if (!err)
		print(bench, traffic, &contest);
	for (unsigned int i = 0; i < SUBJECT_CORES; i++) {
		int end_err = subject[i].pid > 0 ? subject_end(&subject[i]) : 0;

		err = err ? err : end_err;
		subject_free(&subject[i]);
	}
	return err;
}
