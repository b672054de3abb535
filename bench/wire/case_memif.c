// SPDX-License-Identifier: Apache-2.0
// net_memif between the generator's process and a receiver's. The generator is one core, too, and
// copies each frame.
#include "bench/figure.h"
#include "bench/wire/between.h"
#include "bench/wire/case.h"
#include "bench/wire/generator.h"
#include "bench/wire/search.h"
#include "bench/wire/trial.h"
#include "bench/wire/urgent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	BUFFERS = 16384,
	SEARCHES = 3, // for each receiver, in turns
	TRIES = 2,    // of a search that found no limit
};

// Of a longer trial the kernel would take a part for others (sched(7), sched_rt_runtime_us).
static const double urgent_most_s = 0.8;

// Of one receiver.
struct side {
	struct trial trial;
	double rate[SEARCHES];
	enum trial_verdict limit[SEARCHES];
	double between_ns[SEARCHES]; // from CPU to CPU
	unsigned int trials, undecided;
	bool is_urgent; // other programs had to wait
};

static enum trial_verdict try_rate(void *ctx, double packets_per_s)
{
	return trial_run(ctx, packets_per_s);
}

static int find_rate(struct side *side, unsigned int round)
{
	struct search search = {.try_rate = try_rate, .ctx = &side->trial};
	struct urgent urgent = {0};

	if (side->trial.seconds <= urgent_most_s)
		urgent_begin(&urgent, side->trial.host, side->trial.subject, side->trial.generator);
	side->between_ns[round] = between_ns(side->trial.host);
	// What goes through without a pause, and some more, as that is measured once. If nothing
	// was too much the machine has become faster since.
	for (int i = 0; i < TRIES && search.limit == TRIAL_NONE; i++) {
		search.highest = trial_highest(&side->trial) * 1.25;
		search_run(&search);
		side->trials += search.trials;
		side->undecided += search.undecided;
	}
	if (urgent.is_granted)
		urgent_end(&urgent);
	side->rate[round] = search.packets_per_s;
	side->limit[round] = search.limit;
	side->is_urgent = urgent.is_granted;
	if (search.highest > 0)
		return 0;
	fprintf(stderr, "bench-wire: the generator sends nothing\n");
	return -EIO;
}

// Of the search that found the median, too, why it found no more.
static void print_side(const struct side *side, const char *prefix)
{
	double sorted[SEARCHES], sorted_ns[SEARCHES], median;
	char key[48];

	memcpy(sorted, side->rate, sizeof(sorted));
	memcpy(sorted_ns, side->between_ns, sizeof(sorted_ns));
	median = figure_quantile(sorted, SEARCHES, 0.5);
	snprintf(key, sizeof(key), "%spackets_per_s", prefix);
	if (median > 0)
		figure_of(key, sorted, SEARCHES);
	else
		figure_none(key);
	snprintf(key, sizeof(key), "%scpu_to_cpu_ns", prefix);
	figure_of(key, sorted_ns, SEARCHES);
	snprintf(key, sizeof(key), "%slimit", prefix);
	for (unsigned int i = 0; i < SEARCHES; i++) {
		if (side->rate[i] == median) {
			figure_word(key, search_limit_name(side->limit[i]));
			break;
		}
	}
	snprintf(key, sizeof(key), "%strials", prefix);
	figure_count(key, side->trials);
	snprintf(key, sizeof(key), "%svoid_trials", prefix);
	figure_count(key, side->undecided);
}

// Of the rounds in which both found a rate, with the CPUs as far from each other. How many.
static size_t compare(const struct side *ours, const struct side *peer, double *ratio)
{
	size_t count = 0;

	for (unsigned int i = 0; i < SEARCHES; i++) {
		double farther = ours->between_ns[i] / peer->between_ns[i];
		if (ours->rate[i] > 0 && peer->rate[i] > 0 && farther > 0.8 && farther < 1.25)
			ratio[count++] = ours->rate[i] / peer->rate[i];
	}
	return count;
}

static void print(const struct bench *bench, const struct traffic *traffic, const struct side *ours,
		  const struct side *peer)
{
	double ratio[SEARCHES];
	size_t ratios = compare(ours, peer, ratio);

	figure_begin("bench-wire");
	figure_word("case", "memif-zero-loss");
	figure_word("mix", traffic->name);
	figure_value("frame_bytes", (double)traffic->bytes / (double)traffic->count);
	print_side(ours, "");
	print_side(peer, "testpmd_");
	if (ratios > 0)
		figure_of("ratio_to_testpmd", ratio, ratios);
	figure_value("trial_s", bench->trial_s);
	figure_count("confirmations", SEARCH_CONFIRMATIONS);
	figure_word("priority", ours->is_urgent && peer->is_urgent ? "real-time" : "ordinary");
	figure_word("memory", bench->host.hugepages ? "hugepages" : "no-huge");
	figure_end();
}

static int search_both(struct pair *pair, const struct bench *bench, const struct traffic *traffic,
		       struct generator *generator)
{
	struct side ours = {.trial = {.subject = &pair->engine,
				      .generator = generator,
				      .traffic = traffic,
				      .host = &bench->host,
				      .seconds = bench->trial_s}};
	struct side peer = ours;
	int err = 0;

	peer.trial.subject = &pair->testpmd;
	peer.trial.port = 1;
	for (unsigned int i = 0; i < SEARCHES && !err; i++) {
		err = find_rate(&ours, i);
		if (!err)
			err = find_rate(&peer, i);
	}
	if (!err)
		print(bench, traffic, &ours, &peer);
	return err;
}

int case_memif(const struct bench *bench, const struct traffic *traffic)
{
	struct generator *generator = generator_start(traffic, &bench->host);
	struct subject_plan ours = {.mbufs = BUFFERS}, peer = {.mbufs = BUFFERS};
	struct pair pair;

	if (!generator)
		return -EIO;
	ours.port = generator_device(generator, 0);
	peer.port = generator_device(generator, 1);
	int err = pair_start(&pair, &ours, &peer, generator, &bench->host);
	if (!err)
		err = pair_compare(&pair, bench, traffic, generator, "memif");
	if (!err)
		err = search_both(&pair, bench, traffic, generator);
	// Each order begins with the first frame, and the contest's end anywhere: the counters of
	// all of them together say nothing.
	int end_err = pair_end(&pair, NULL);
	generator_end(generator);
	return err ? err : end_err;
}
