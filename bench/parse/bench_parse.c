// SPDX-License-Identifier: Apache-2.0
// How long one SIP message takes: the fast parser with each kernel, the reference parser, libosip2,
// and two floors that no parser gets under, on the same bytes in one interleaved run. Before
// anything is timed all parsers must give the same fields for every message (bench/README.md).
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/parse/corpus.h"
#include "bench/parse/fields.h"
#include "sip/line_index.h"
#include "sip/msg.h"

enum { MAX_ROUNDS = 1001 };

// Keeps the compiler from leaving out a call whose result nobody uses.
static inline void used(const void *result)
{
	__asm__ volatile("" : : "r"(result) : "memory");
}

static void run_fast(const struct sample *sample)
{
	struct sip_msg msg;

	sip_msg_parse(sample->text, sample->len, &msg);
	used(&msg);
}

static void run_reference(const struct sample *sample)
{
	struct sip_msg msg;

	sip_msg_parse_reference(sample->text, sample->len, &msg);
	used(&msg);
}

static void run_osip(const struct sample *sample)
{
	fields_osip_parse(sample->text, sample->len);
}

// The least that splitting the headers costs: one memchr() a line.
static void run_memchr(const struct sample *sample)
{
	const char *line = sample->text, *end = sample->text + sample->len, *lf;
	size_t lines = 0;

	while ((lf = memchr(line, '\n', (size_t)(end - line))) != NULL && lf - line > 1) {
		line = lf + 1;
		lines++;
	}
	used(&lines);
}

static void run_memcpy(const struct sample *sample)
{
	static char copy[SIP_MAX_BYTES];

	memcpy(copy, sample->text, sample->len);
	used(copy);
}

struct parser {
	const char *name;
	enum line_kernel kernel;
	void (*run)(const struct sample *sample);
	double ns[MAX_ROUNDS]; // a message, of each round
};

static struct parser parsers[] = {
	{.name = "fast-scalar", .kernel = LINE_KERNEL_SCALAR, .run = run_fast},
	{.name = "fast-sse42", .kernel = LINE_KERNEL_SSE42, .run = run_fast},
	{.name = "fast-avx2", .kernel = LINE_KERNEL_AVX2, .run = run_fast},
	{.name = "fast-avx512", .kernel = LINE_KERNEL_AVX512, .run = run_fast},
	{.name = "reference", .kernel = LINE_KERNEL_AUTO, .run = run_reference},
	{.name = "osip2", .kernel = LINE_KERNEL_AUTO, .run = run_osip},
	{.name = "memchr", .kernel = LINE_KERNEL_AUTO, .run = run_memchr},
	{.name = "memcpy", .kernel = LINE_KERNEL_AUTO, .run = run_memcpy},
};

enum { PARSER_COUNT = sizeof(parsers) / sizeof(parsers[0]) };

static bool same_fields(const struct sample *sample)
{
	static char osip[FIELDS_BYTES], other[FIELDS_BYTES];

	if (!fields_osip(sample->text, sample->len, osip))
		return false;
	if (!fields_reference(sample->text, sample->len, other) || strcmp(osip, other) != 0)
		return false;
	for (int kernel = LINE_KERNEL_SCALAR; kernel < LINE_KERNEL_COUNT; kernel++) {
		if (line_index_select(kernel) != 0)
			continue;
		if (!fields_fast(sample->text, sample->len, other) || strcmp(osip, other) != 0)
			return false;
	}
	return true;
}

// How many messages of the set aren't read alike by all parsers.
static size_t differences(const struct sample_set *set)
{
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++) {
		if (same_fields(&set->samples[i]))
			continue;
		if (count++ == 0)
			fprintf(stderr, "the parsers differ on:\n%.*s\n", (int)set->samples[i].len,
				set->samples[i].text);
	}
	return count;
}

static double now_ns(void)
{
	struct timespec now;

	// Of this process: what others do to the machine is not in it, but for shared caches.
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void run_round(const struct sample_set *set, struct parser *parser, int round)
{
	double start;

	if (line_index_select(parser->kernel) != 0)
		return;
	start = now_ns();
	for (size_t i = 0; i < set->count; i++)
		parser->run(&set->samples[i]);
	parser->ns[round] = (now_ns() - start) / (double)set->count;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void report(const struct sample_set *set, struct parser *parser, int rounds, bool json)
{
	double median;

	if (!line_kernel_supported(parser->kernel))
		return;
	qsort(parser->ns, (size_t)rounds, sizeof(parser->ns[0]), compare);
	median = parser->ns[rounds / 2];
	if (json)
		printf("{\"parser\":\"%s\",\"ns_per_message\":%.1f,\"messages\":%zu,\"bytes\":%zu}"
		       "\n",
		       parser->name, median, set->count, set->bytes);
	else
		printf("%-12s %10.1f %10.1f .. %-10.1f %10.2f\n", parser->name, median,
		       parser->ns[0], parser->ns[rounds - 1], 1e3 / median);
}

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--json] [--rounds N] [FOLDER | CAPTURE.pcap]\n"
		"  Nanoseconds a SIP message for each parser, median of N (11) rounds.\n"
		"  Without a corpus: made-up calls of several vendors.\n",
		program);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {"rounds", required_argument, NULL, 'r'}, {0}};
	struct sample_set set;
	bool json = false;
	size_t different;
	int rounds = 11, option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j')
			json = true;
		else if (option == 'r')
			rounds = atoi(optarg);
		else
			return usage(argv[0]);
	}
	if (rounds < 1 || rounds > MAX_ROUNDS || argc - optind > 1)
		return usage(argv[0]);
	fields_osip_init();
	if (corpus_load(&set, argv[optind]) != 0)
		return 1;
	different = differences(&set);
	if (different > 0) {
		fprintf(stderr, "%zu of %zu messages differ: nothing measured\n", different,
			set.count);
		sample_set_fini(&set);
		return 1;
	}
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < PARSER_COUNT; i++)
			run_round(&set, &parsers[i], round);
	}
	if (!json)
		printf("%zu messages, mean %.1f bytes, %d rounds\n%-12s %10s %10s .. %-10s %10s\n",
		       set.count, (double)set.bytes / (double)set.count, rounds, "parser",
		       "ns/message", "min", "max", "million/s");
	for (int i = 0; i < PARSER_COUNT; i++)
		report(&set, &parsers[i], rounds, json);
	sample_set_fini(&set);
	return 0;
}
