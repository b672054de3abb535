// SPDX-License-Identifier: Apache-2.0
// What media liveness adds to each RTP frame: bursts of many calls' RTP through what a poll core
// does with them, with and without a table of a million addresses, in one interleaved run. Time
// passes as it would with 50 packets a second of each stream.
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/figure.h"
#include "config/clock.h"
#include "dataplane/frame.h"
#include "dataplane/media.h"
#include "dataplane/rtp.h"
#include "link/counters.h"
#include "link/media_table.h"

enum {
	STREAMS = 20000,
	BURST = 32,
	PASSES = 54,        // of 20 ms: each stream has had its turn twice
	FRAME_BYTES = 214,  // G.711, 20 ms
	FRAME_STRIDE = 256, // frames of a port's buffers don't share lines
	MAX_REPETITIONS = 1001,
};

struct kind {
	const char *name;
	bool has_table, of_calls;
	double ns[MAX_REPETITIONS]; // a frame
};

static struct kind kinds[] = {
	{.name = "off"},
	{.name = "calls", .has_table = true, .of_calls = true},
	{.name = "strangers", .has_table = true},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const struct siphash_key key = {{1, 2}};
static const struct tunnel_port no_tunnels;
static uint8_t frames[2][STREAMS][FRAME_STRIDE]; // of calls, of strangers
static uint32_t order[STREAMS];

// Between one host and many, as at an SBC.
static void make_frame(uint8_t *at, uint32_t number, bool stranger)
{
	static const uint8_t head[] = {2,  0, 0,   0, 0, 1,    2, 0,  0,  0,   0, 2,  8,    0, 0x45,
				       0,  0, 200, 0, 0, 0x40, 0, 64, 17, 0,   0, 10, 1,    0, 0,
				       10, 0, 0,   1, 0, 0,    0, 0,  0,  180, 0, 0,  0x80, 8};
	uint32_t port = 6000 + number % 25000 * 2;

	memset(at, 0x55, FRAME_BYTES);
	memcpy(at, head, sizeof(head));
	at[27] = stranger ? 9 : 1;
	at[28] = (uint8_t)(number >> 8);
	at[29] = (uint8_t)number;
	at[33] = stranger ? 9 : 1;
	at[34] = 0x4e;
	at[35] = 0x20;
	at[36] = (uint8_t)(port >> 8);
	at[37] = (uint8_t)port;
}

static void make_frames(void)
{
	uint64_t random = 20261120;

	for (uint32_t i = 0; i < STREAMS; i++) {
		make_frame(frames[0][i], i, false);
		make_frame(frames[1][i], i, true);
		order[i] = i;
	}
	for (uint32_t i = STREAMS - 1; i > 0; i--) {
		random = random * 6364136223846793005 + 1442695040888963407;
		uint32_t other = (uint32_t)(random >> 33) % (i + 1), was = order[i];
		order[i] = order[other];
		order[other] = was;
	}
}

static struct media_table *make_table(void)
{
	struct media_table *table = media_table_new();
	struct frame frame;

	if (!table)
		abort();
	for (uint32_t i = 0; i < STREAMS; i++) {
		frame_walk(frames[0][i], FRAME_BYTES, &frame);
		media_table_add(table, media_table_hash(&key, 4, frame.target, frame.target_port));
	}
	for (uint32_t i = 0; table->entries < MEDIA_ENTRIES; i++) {
		uint8_t address[16] = {172, 16, (uint8_t)(i >> 22), (uint8_t)(i >> 14)};
		media_table_add(table, media_table_hash(&key, 4, address,
							(uint16_t)(i % (1 << 14) * 4 + 2)));
	}
	return table;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

// What pass_rtp() of dataplane/lcore.c does with a burst.
static uint32_t pass(struct media *media, struct wire_counters *counters, bool of_calls,
		     uint64_t at_ns)
{
	bool watched = false;
	uint32_t plain = 0;

	for (uint32_t i = 0; i < STREAMS; i++) {
		const uint8_t *data = frames[!of_calls][order[i]];

		if (i % BURST == 0) {
			media_flush_many(media, counters);
			watched = media_is_watched(media);
			for (uint32_t k = i; k < i + BURST && k < STREAMS; k++)
				__builtin_prefetch(frames[!of_calls][order[k]]);
		}
		if (!rtp_is_plain(data, FRAME_BYTES, &no_tunnels))
			continue;
		plain++;
		if (watched)
			media_see_plain(media, data, at_ns, counters);
	}
	media_flush(media, counters);
	return plain;
}

static void run(struct kind *kind, struct media_table *table, int repetition)
{
	static struct wire_counters counters;
	static struct media media;
	uint64_t at_ns = 1000 * NS_PER_S, plain = 0;

	memset(&counters, 0, sizeof(counters));
	media = (struct media){.table = kind->has_table ? table : NULL, .key = key};
	double start = now_ns();
	for (int i = 0; i < PASSES; i++, at_ns += 20 * NS_PER_MS)
		plain += pass(&media, &counters, kind->of_calls, at_ns);
	kind->ns[repetition] = (now_ns() - start) / ((double)PASSES * STREAMS);
	uint64_t found = counters.value[WIRE_MEDIA_FOUND];
	if (plain != (uint64_t)PASSES * STREAMS ||
	    (kind->has_table && kind->of_calls ? found < 2 * STREAMS : found > 0)) {
		fprintf(stderr, "%s: %llu of %llu frames found\n", kind->name,
			(unsigned long long)found, (unsigned long long)plain);
		exit(1);
	}
}

static void report(size_t repetitions)
{
	double ratio[KINDS][MAX_REPETITIONS];

	for (int i = 0; i < KINDS; i++)
		for (size_t k = 0; k < repetitions; k++)
			ratio[i][k] = kinds[i].ns[k] / kinds[0].ns[k];
	for (int i = 0; i < KINDS; i++) {
		figure_begin("bench-media");
		figure_word("case", kinds[i].name);
		figure_count("streams", STREAMS);
		figure_count("addresses", MEDIA_ENTRIES);
		figure_of("ns_per_frame", kinds[i].ns, repetitions);
		figure_of("ratio_to_off", ratio[i], repetitions);
		figure_end();
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
						{"repetitions", required_argument, NULL, 'r'},
						{0}};
	bool json = false;
	int repetitions = 11, option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j')
			json = true;
		else
			repetitions = option == 'r' ? atoi(optarg) : 0;
	}
	if (repetitions < 1 || repetitions > MAX_REPETITIONS || argc != optind) {
		fprintf(stderr, "usage: %s [--json] [--repetitions N]\n", argv[0]);
		return 2;
	}
	make_frames();
	struct media_table *table = make_table();
	for (int repetition = 0; repetition < repetitions; repetition++)
		for (int i = 0; i < KINDS; i++)
			run(&kinds[i], table, repetition);
	figure_init(json);
	report((size_t)repetitions);
	media_table_free(table);
	return 0;
}
