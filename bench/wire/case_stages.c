// SPDX-License-Identifier: Apache-2.0
// Ablation by traffic: the same frames, altered at one place each so that the engine, as it is,
// lets them go one stage further. A stage's cost is the difference to the stage before, the first
// one's the difference to testpmd. All run in turn, in one contest.
#include "bench/figure.h"
#include "bench/wire/case.h"

#include <errno.h>
#include <stdio.h>

enum { SPARE_BUFFERS = 4096 };

static const char *const stage_names[STAGE_COUNT] = {
	[STAGE_RTP] = "rtp",     [STAGE_FRAME] = "frame", [STAGE_GATE] = "gate",
	[STAGE_PARSE] = "parse", [STAGE_EVENT] = "event",
};

static void print_stage(const struct bench *bench, const char *mix, double bytes, const char *stage,
			double *ns, unsigned int rounds)
{
	double cycles[CONTEST_ROUNDS];

	for (unsigned int i = 0; i < rounds; i++)
		cycles[i] = ns[i] * bench->host.tsc_hz / 1e9;
	figure_begin("bench-wire");
	figure_word("case", "stages");
	figure_word("mix", mix);
	figure_word("stage", stage);
	figure_value("frame_bytes", bytes);
	figure_of("ns_per_packet", ns, rounds);
	if (bench->host.tsc_hz > 0)
		figure_of("cycles_per_packet", cycles, rounds);
	figure_end();
}

static void print_all(const struct bench *bench, const struct contest *contest, const char *mix,
		      double bytes)
{
	double ns[CONTEST_ROUNDS];

	for (unsigned int i = 0; i < contest->rounds; i++)
		ns[i] = 1e9 / contest->packets_per_s[0][i];
	print_stage(bench, mix, bytes, "rx", ns, contest->rounds);
	for (size_t stage = 0; stage + 1 < contest->count; stage++) {
		for (unsigned int i = 0; i < contest->rounds; i++)
			ns[i] = 1e9 / contest->packets_per_s[stage + 1][i] -
				1e9 / contest->packets_per_s[stage][i];
		print_stage(bench, mix, bytes, stage_names[stage], ns, contest->rounds);
	}
}

// Subject 0 is testpmd, i + 1 the engine with frames that leave at stage i.
static int start_subject(const struct bench *bench, const struct sample_set *set, size_t index,
			 struct subject *subject, struct traffic *traffic)
{
	enum traffic_stage stage = index == 0 ? STAGE_EVENT : (enum traffic_stage)(index - 1);
	enum subject_kind kind = index == 0 ? SUBJECT_TESTPMD : SUBJECT_ENGINE;
	char port[512];
	int err = traffic_make_stage(traffic, set, stage, bench->rtp_bytes);

	if (!err)
		err = case_write_capture(bench, traffic, port, sizeof(port));
	if (err)
		return err;
	err = subject_start(
		subject, kind,
		&(struct subject_plan){.port = port,
				       .mbufs = (unsigned int)traffic->count + SPARE_BUFFERS},
		&bench->host);
	return err ? err : case_await_packets(subject);
}

static int run(const struct bench *bench, const struct sample_set *set, size_t stages,
	       const char *mix)
{
	struct contest contest = {.rounds = bench->rounds, .slice_s = bench->slice_s};
	struct subject subject[CONTEST_SUBJECTS];
	struct traffic traffic[CONTEST_SUBJECTS] = {0};
	int err = 0;

	for (size_t i = 0; i <= stages; i++)
		subject_clear(&subject[i]);
	for (size_t i = 0; i <= stages && !err; i++) {
		err = start_subject(bench, set, i, &subject[i], &traffic[i]);
		contest.subject[contest.count++] = &subject[i];
	}
	if (!err)
		err = contest_run(&contest);
	if (!err)
		print_all(bench, &contest, mix,
			  (double)traffic[0].bytes / (double)traffic[0].count);
	for (size_t i = 0; i <= stages; i++) {
		if (i > 0 && !err) {
			err = subject_end(&subject[i]);
			if (!err && !case_counts_right(&subject[i], &traffic[i]))
				err = -EBADMSG;
		}
		subject_free(&subject[i]);
		traffic_fini(&traffic[i]);
	}
	return err;
}

int case_stages(const struct bench *bench)
{
	int err = run(bench, NULL, STAGE_RTP + 1, "rtp");

	return err ? err : run(bench, bench->set, STAGE_COUNT, "answers");
}
