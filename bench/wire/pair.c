// SPDX-License-Identifier: Apache-2.0
// The engine beside testpmd.
#include "bench/figure.h"
#include "bench/wire/case.h"
#include "bench/wire/generator.h"
#include "link/counters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { FIRST_STEPS = 5000, STEP_US = 1000, FIRST_FRAMES = 256 };

int case_await_packets(struct subject *subject)
{
	for (int i = 0; i < FIRST_STEPS; i++) {
		if (subject_packets(subject) > 0) {
			subject_pause(subject);
			return 0;
		}
		usleep(STEP_US);
	}
	fprintf(stderr, "bench-wire: nothing is received\n");
	return -EIO;
}

static int start_one(struct subject *subject, enum subject_kind kind,
		     const struct subject_plan *plan, struct generator *generator, uint32_t port,
		     const struct host *host)
{
	struct generator_report report;
	int err = subject_start(subject, kind, plan, host);

	if (err)
		return err;
	// Its first frames say that it is connected.
	if (generator)
		generator_begin(generator,
				&(struct generator_order){.port = port, .frames = FIRST_FRAMES});
	err = case_await_packets(subject);
	if (generator) {
		generator_stop(generator);
		generator_wait(generator, &report);
	}
	return err;
}

int pair_start(struct pair *pair, const struct subject_plan *engine,
	       const struct subject_plan *testpmd, struct generator *generator,
	       const struct host *host)
{
	subject_clear(&pair->engine);
	subject_clear(&pair->testpmd);
	subject_clear(&pair->before);
	int err = start_one(&pair->engine, SUBJECT_ENGINE, engine, generator, 0, host);

	return err ? err : start_one(&pair->testpmd, SUBJECT_TESTPMD, testpmd, generator, 1, host);
}

bool case_counts_right(const struct subject *engine, const struct traffic *traffic)
{
	uint64_t frames = subject_counter(engine, WIRE_RX_FRAMES);
	uint64_t messages = subject_counter(engine, WIRE_SIP_MESSAGES);
	uint64_t events = subject_counter(engine, WIRE_EVENTS);

	if (messages == traffic_messages(traffic, frames) &&
	    events == traffic_events(traffic, frames))
		return true;
	fprintf(stderr,
		"bench-wire: of %" PRIu64 " frames of %s the engine counts %" PRIu64
		" messages and %" PRIu64 " events, there were %" PRIu64 " and %" PRIu64 "\n",
		frames, traffic->name, messages, events, traffic_messages(traffic, frames),
		traffic_events(traffic, frames));
	return false;
}

int pair_end(struct pair *pair, const struct traffic *traffic)
{
	int err = subject_end(&pair->engine);

	if (!err && traffic && !case_counts_right(&pair->engine, traffic))
		err = -EBADMSG;
	subject_free(&pair->engine);
	subject_free(&pair->testpmd);
	subject_free(&pair->before);
	return err;
}

// Of a hundred events, those that found the ring full and took the longer way.
static double overflowed_percent(const struct subject *engine)
{
	uint64_t events = subject_counter(engine, WIRE_EVENTS);

	return events ? 100.0 * (double)subject_counter(engine, WIRE_OVERFLOWED) / (double)events
		      : 0;
}

static void print(const struct bench *bench, const struct traffic *traffic, const char *name,
		  struct contest *contest)
{
	double ratio[CONTEST_ROUNDS], *ours = contest->packets_per_s[0];
	double *peer = contest->packets_per_s[1], *before = contest->packets_per_s[2];
	double change[CONTEST_ROUNDS];
	unsigned int rounds = contest->rounds;

	for (unsigned int i = 0; i < rounds; i++) {
		ratio[i] = ours[i] / peer[i];
		change[i] = contest->count == 3 ? ours[i] / before[i] : 0;
	}
	figure_begin("bench-wire");
	figure_word("case", name);
	figure_word("mix", traffic->name);
	figure_value("frame_bytes", (double)traffic->bytes / (double)traffic->count);
	figure_of("packets_per_s", ours, rounds);
	figure_of("testpmd_packets_per_s", peer, rounds);
	figure_of("ratio_to_testpmd", ratio, rounds);
	if (contest->count == 3)
		figure_of("ratio_to_before", change, rounds);
	figure_value("ns_per_packet", 1e9 / figure_quantile(ours, rounds, 0.5));
	figure_value("testpmd_ns_per_packet", 1e9 / figure_quantile(peer, rounds, 0.5));
	figure_value("overflowed_percent", overflowed_percent(contest->subject[0]));
	figure_word("memory", bench->host.hugepages ? "hugepages" : "no-huge");
	figure_end();
}

int pair_compare(struct pair *pair, const struct bench *bench, const struct traffic *traffic,
		 struct generator *generator, const char *name)
{
	struct contest contest = {.rounds = bench->rounds,
				  .slice_s = bench->slice_s,
				  .generator = generator,
				  .count = pair->before.pid > 0 ? 3 : 2,
				  .subject = {&pair->engine, &pair->testpmd, &pair->before}};
	int err = contest_run(&contest);

	if (!err)
		print(bench, traffic, name, &contest);
	return err;
}
