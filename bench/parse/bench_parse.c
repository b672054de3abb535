// SPDX-License-Identifier: Apache-2.0
// How long one SIP message takes, in nanoseconds and in instructions: the fast parser with each
// kernel, the reference parser, libosip2, sofia-sip, libre, and what none of them is faster than,
// on the same bytes in one interleaved run, after all of them found the same (bench/README.md).
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/parse/agree.h"
#include "bench/parse/batch.h"
#include "bench/parse/clock.h"
#include "bench/parse/cold.h"
#include "bench/parse/corpus.h"
#include "bench/parse/count.h"
#include "bench/parse/parsers.h"
#include "bench/parse/result.h"

enum {
	ROUNDS = 11,
	LEAST_ROUNDS = 3,       // of a large corpus, if the user doesn't say
	MOST_MESSAGES = 500000, // in all rounds but those; half a minute with all parsers
	MAX_ROUNDS = 1001,
	COLD_ROUNDS = 3,
};

struct options {
	const char *corpus;
	const char *only;
	const char *pass; // the part of it that runs under callgrind
	bool json;
	bool by[BATCH_KEYS];
	bool leave_out, strict;
	bool count_only;
	int rounds; // 0: not said
};

static int usage(void)
{
	fprintf(stderr,
		"usage: bench-parse [--corpus FILE.pcap|DIR] [--json] [--by KEY[,KEY]] [--rounds "
		"N]\n"
		"                   [--only PARSER[,PARSER]] [--strict] [--instructions]\n"
		"  --corpus        messages of a capture, or one a file; else made-up calls\n"
		"  --json          one object a line instead of a table\n"
		"  --by            also by kind, size, headers (lines), cache (hot, cold), "
		"message\n"
		"  --rounds        repetitions, %d (%d of a large corpus); the figure is their "
		"median\n"
		"  --only          not all parsers\n"
		"  --strict        measure nothing unless all parsers read all messages alike; "
		"else those\n"
		"                  that they don't are left out of a --corpus, and counted\n"
		"  --leave-out     the same of made-up calls\n"
		"  --instructions  only count, as `NAME COUNT` lines for bench/guard\n",
		ROUNDS, LEAST_ROUNDS);
	return 2;
}

static bool take_keys(struct options *options, char *list)
{
	const char *name;

	while ((name = strsep(&list, ",")) != NULL) {
		enum batch_key key = batch_key_find(name);

		if (key == BATCH_WHOLE)
			return false;
		options->by[key] = true;
	}
	return true;
}

static int number_of(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	return *end == '\0' && number >= 1 && number <= MAX_ROUNDS ? (int)number : -1;
}

static bool take_options(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{"corpus", required_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'},
		{"by", required_argument, NULL, 'b'},     {"rounds", required_argument, NULL, 'r'},
		{"only", required_argument, NULL, 'o'},   {"leave-out", no_argument, NULL, 'l'},
		{"strict", no_argument, NULL, 's'},       {"instructions", no_argument, NULL, 'i'},
		{"pass", required_argument, NULL, 'p'},   {0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'c': options->corpus = optarg; break;
		case 'j': options->json = true; break;
		case 'b':
			if (!take_keys(options, optarg))
				return false;
			break;
		case 'r': options->rounds = number_of(optarg); break;
		case 'o': options->only = optarg; break;
		case 'l': options->leave_out = true; break;
		case 's': options->strict = true; break;
		case 'i': options->count_only = true; break;
		case 'p': options->pass = optarg; break;
		default: return false;
		}
	}
	options->leave_out = (options->leave_out || options->corpus != NULL) && !options->strict;
	return optind == argc && options->rounds >= 0;
}

static void measure_batch(const struct batch *batch, struct result *results)
{
	for (int i = 0; i < PARSERS; i++) {
		double ns;

		if (!parser_takes_part(&parsers[i]))
			continue;
		ns = batch->cold == COLD_NOTHING ? clock_warm(&parsers[i], batch)
						 : cold_time(&parsers[i], batch, batch->cold);
		if (ns > 0)
			result_add(&results[i], ns);
	}
}

// Every parser once a round, one after the other, so that what else the machine does meets all.
static void measure(const struct batch_list *list, int rounds, struct result *results)
{
	for (int round = 0; round < rounds; round++) {
		for (size_t k = 0; k < list->count; k++) {
			if (list->batches[k].cold != COLD_ALL || round < COLD_ROUNDS)
				measure_batch(&list->batches[k], &results[k * PARSERS]);
		}
	}
}

static int rounds_for(const struct options *options, size_t messages)
{
	size_t most = MOST_MESSAGES / messages;

	if (options->rounds > 0)
		return options->rounds;
	if (most >= ROUNDS)
		return ROUNDS;
	return most > LEAST_ROUNDS ? (int)most : LEAST_ROUNDS;
}

static int report(const struct batch_list *list, const struct options *options, size_t left_out)
{
	struct counted *counted = calloc(list->count, sizeof(*counted));
	struct result *results = calloc(list->count * PARSERS, sizeof(*results));
	int ret = 1;

	if (counted == NULL || results == NULL)
		goto out;
	count_instructions(list, options->only, counted);
	if (options->count_only) {
		ret = result_print_counts(&counted[0]);
		goto out;
	}
	measure(list, rounds_for(options, list->batches[0].count), results);
	for (size_t k = 0; k < list->count; k++) {
		if (options->json)
			result_print_json(&list->batches[k], &results[k * PARSERS], &counted[k],
					  left_out);
		else
			result_print_table(&list->batches[k], &results[k * PARSERS], &counted[k]);
	}
	ret = 0;
out:
	for (size_t i = 0; results != NULL && i < list->count * PARSERS; i++)
		result_fini(&results[i]);
	free(results);
	free(counted);
	return ret;
}

static void tell_unusual(const struct sample_set *set)
{
	size_t unusual = 0;

	for (size_t i = 0; i < set->count; i++)
		unusual += fast_hands_on(set->samples[i].text, set->samples[i].len);
	if (unusual > 0)
		fprintf(stderr,
			"bench-parse: %zu of %zu messages are unusual: the fast parser gives them "
			"to "
			"the reference parser\n",
			unusual, set->count);
}

// What is measured is what all read alike; that our own parsers do is no matter of taste.
static bool is_agreed(const struct agreement *agreement, const struct options *options,
		      size_t messages)
{
	if (agreement->faults > 0)
		fprintf(stderr,
			"bench-parse: our own parsers read %zu of %zu messages differently: "
			"nothing "
			"is measured, please report it\n",
			agreement->faults, messages);
	else if (agreement->different > 0 && !options->leave_out)
		fprintf(stderr,
			"bench-parse: %zu of %zu messages are not read alike: nothing is "
			"measured\n",
			agreement->different, messages);
	else if (agreement->different > 0)
		fprintf(stderr, "bench-parse: %zu of %zu messages are left out, not read alike\n",
			agreement->different, messages);
	return agreement->faults == 0 && (agreement->different == 0 || options->leave_out);
}

static int run(const struct options *options, struct corpus *corpus)
{
	struct batch_list list = {0};
	size_t messages = corpus->set.count;
	struct agreement agreement = agree_check(corpus, options->leave_out);
	int ret = 1;

	if (!is_agreed(&agreement, options, messages))
		return 1;
	if (corpus->set.count == 0) {
		fprintf(stderr, "bench-parse: no message is left\n");
		return 1;
	}
	tell_unusual(&corpus->set);
	if (batch_whole(&list, &corpus->set) != 0)
		goto out;
	for (int key = BATCH_KIND; key < BATCH_KEYS; key++) {
		if (options->by[key] && batch_split(&list, corpus, key) != 0)
			goto out;
	}
	ret = report(&list, options, agreement.different);
out:
	batch_list_fini(&list);
	return ret;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct corpus corpus;
	int ret;

	if (!take_options(&options, argc, argv))
		return usage();
	if (parsers_init(options.only) != 0)
		return 2;
	if (options.pass != NULL)
		return count_passes(options.pass) == 0 ? 0 : 1;
	if (corpus_load(&corpus, options.corpus) != 0)
		return 1;
	ret = run(&options, &corpus);
	corpus_fini(&corpus);
	return ret;
}
