// SPDX-License-Identifier: Apache-2.0
// net_memif between the generator's process and a receiver's. The generator is one core, too, and
// copies each frame.
#include "bench/figure.h"
#include "bench/wire/case.h"
#include "bench/wire/generator.h"
#include "link/counters.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
	BUFFERS = 16384,
	CONFIRMATIONS = 3,
	DRAIN_US = 20000,
	// A trial is void when other programs kept the receiver's poll core from its CPU for
	// longer.
	DISTURBED_NS = 50000,
	VOID_TRIALS = 20, // of a search; then each one counts
	STEPS_DOWN = 10,  // rates that are tried to be confirmed
};

static const double resolution = 0.02; // of the rate, where the search ends

struct trial {
	double packets_per_s; // as the generator managed it
	uint64_t lost;
	uint64_t waited_ns; // poll core for its CPU
	bool good;
};

static uint64_t events_shed(const struct subject *subject)
{
	return subject_counter(subject, WIRE_SHED_STARTS) +
	       subject_counter(subject, WIRE_SHED_ENDS);
}

// Lost is what the receiver's ring had no room for, what it did not count, and an event for which
// the engine had no room. A generator that did not keep its rate has shown nothing.
static struct trial try_rate(struct subject *subject, uint32_t port, struct generator *generator,
			     double rate, double seconds)
{
	struct generator_report report;
	struct trial trial;

	subject_resume(subject);
	usleep(DRAIN_US); // what was in the ring when it was stopped
	uint64_t before = subject_packets(subject);
	uint64_t waited_ns = subject_waited_ns(subject), shed = events_shed(subject);
	generator_begin(generator, &(struct generator_order){.port = port,
							     .packets_per_s = rate,
							     .frames = (uint64_t)(rate * seconds)});
	generator_wait(generator, &report);
	usleep(DRAIN_US);
	uint64_t received = subject_packets(subject) - before;
	shed = events_shed(subject) - shed;
	trial.waited_ns = subject_waited_ns(subject) - waited_ns;
	subject_pause(subject);
	trial.packets_per_s = (double)(report.sent + report.refused) / report.seconds;
	trial.lost = report.sent + report.refused - received + shed;
	trial.good = trial.lost == 0 && trial.packets_per_s > rate * 0.99;
	return trial;
}

struct search {
	struct subject *subject;
	struct generator *generator;
	uint32_t port;
	double packets_per_s;
	unsigned int trials, void_trials;
	uint64_t lost; // in the last trial that was not good
};

static bool is_good(struct search *search, double rate, double seconds)
{
	struct trial trial;

	for (;;) {
		trial = try_rate(search->subject, search->port, search->generator, rate, seconds);
		search->trials++;
		if (trial.good || trial.waited_ns <= DISTURBED_NS ||
		    search->void_trials == VOID_TRIALS)
			break;
		search->void_trials++;
	}
	if (!trial.good)
		search->lost = trial.lost;
	return trial.good;
}

static bool confirm(struct search *search, double seconds)
{
	for (int i = 0; i < CONFIRMATIONS; i++)
		if (!is_good(search, search->packets_per_s, seconds * 2))
			return false;
	return true;
}

// Halves the interval in the manner of RFC 2544 24; a rate counts when trials of twice the length
// confirm it, else the next one below is tried. 0: no rate was without loss.
static void find_rate(struct search *search, double highest, double seconds)
{
	double low = 0, high = highest;

	while (high - low > highest * resolution) {
		double rate = (low + high) / 2;
		*(is_good(search, rate, seconds) ? &low : &high) = rate;
	}
	for (int step = 0; step < STEPS_DOWN; step++) {
		search->packets_per_s = low - step * highest * resolution;
		if (search->packets_per_s > 0 && confirm(search, seconds))
			return;
	}
	search->packets_per_s = 0;
}

static void figure_rate(const char *key, double packets_per_s)
{
	if (packets_per_s > 0)
		figure_value(key, packets_per_s);
	else
		figure_none(key);
}

static int search_both(struct pair *pair, const struct bench *bench, const struct traffic *traffic,
		       struct generator *generator)
{
	const struct generator_order all_out = {.port = 0,
						.frames = (uint64_t)(bench->trial_s * 2e6)};
	struct search ours = {.subject = &pair->engine, .generator = generator, .port = 0};
	struct search peer = {.subject = &pair->testpmd, .generator = generator, .port = 1};
	struct generator_report report;

	// What goes through without a pause is the highest that could be without loss.
	subject_resume(&pair->engine);
	generator_begin(generator, &all_out);
	generator_wait(generator, &report);
	subject_pause(&pair->engine);
	double highest = (double)report.sent / report.seconds * 1.25;
	find_rate(&ours, highest, bench->trial_s);
	find_rate(&peer, highest, bench->trial_s);
	figure_begin("bench-wire");
	figure_word("case", "memif-zero-loss");
	figure_word("mix", traffic->name);
	figure_value("frame_bytes", (double)traffic->bytes / (double)traffic->count);
	figure_rate("packets_per_s", ours.packets_per_s);
	figure_rate("testpmd_packets_per_s", peer.packets_per_s);
	if (ours.packets_per_s > 0 && peer.packets_per_s > 0)
		figure_value("ratio_to_testpmd", ours.packets_per_s / peer.packets_per_s);
	figure_count("trials", ours.trials);
	figure_count("void_trials", ours.void_trials);
	figure_value("trial_s", bench->trial_s);
	figure_count("confirmations", CONFIRMATIONS);
	figure_count("lost_packets_above", ours.lost);
	figure_word("memory", bench->host.hugepages ? "hugepages" : "no-huge");
	figure_end();
	return 0;
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
	// Orders begin at different frames of the traffic: nothing to compare counters with.
	int end_err = pair_end(&pair, NULL);
	generator_end(generator);
	return err ? err : end_err;
}
