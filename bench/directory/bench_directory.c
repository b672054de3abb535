// SPDX-License-Identifier: Apache-2.0
// Number -> person, as the worker asks for each party of a call: loading a CSV, memory a row, and
// look-ups by number, by number through rules, by address of record, and of nobody; without number
// rules and with two. Beside them the C library's bsearch() in a sorted list of the same numbers,
// asked in the same order, which has neither a URI to take apart nor rules to apply.
// Every answer is checked: a directory that finds somebody else fails.
#include "bench/figure.h"
#include "bench/scratch.h"
#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"
#include "presence/directory/directory.h"

#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef OFFHOOK_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

enum {
	LOOKUPS = 100000, // a round; in random order, so that most are not in the cache
	LOADS = 3,
	RULES = 2, // enough to make a national number an international one
	ROUNDS_MOST = 99,
	IDENTITY_BYTES = 64,
};

enum lookup { LOOKUP_HIT, LOOKUP_RULES, LOOKUP_AOR, LOOKUP_MISS, LOOKUP_PEER, LOOKUP_COUNT };

static const char *const lookup_name[LOOKUP_COUNT] = {
	[LOOKUP_HIT] = "number",
	[LOOKUP_RULES] = "number by rules",
	[LOOKUP_AOR] = "address of record",
	[LOOKUP_MISS] = "nobody",
	[LOOKUP_PEER] = "bsearch",
};

static struct settings settings;
static unsigned int rounds = 5;

// What people write: international, with the country's prefix, and as users of the registrar.
static const char *const lookup_form[LOOKUP_COUNT] = {
	[LOOKUP_HIT] = "sip:+4930%08u@sbc.example;user=phone",
	[LOOKUP_RULES] = "sip:030%08u@sbc.example;user=phone",
	[LOOKUP_AOR] = "sip:First.Last%u@sfb.example",
	[LOOKUP_MISS] = "sip:+4989%08u@sbc.example;user=phone",
	[LOOKUP_PEER] = "+4930%08u",
};

static uint64_t allocated_bytes(void)
{
#ifdef OFFHOOK_JEMALLOC
	uint64_t epoch = 1;
	size_t bytes = 0, len = sizeof(bytes);

	mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch)); // statistics of now
	mallctl("stats.allocated", &bytes, &len, NULL, 0);
	return bytes;
#else
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
#endif
}

static int csv_write(const char *path, unsigned int rows)
{
	FILE *out = fopen(path, "w");

	if (out == NULL)
		return -1;
	fputs("person,display name,number,number\n", out);
	for (unsigned int i = 0; i < rows; i++)
		fprintf(out, "sip:first.last%u@sfb.example,First Last %u,+4930%08u,%u\n", i, i, i,
			i + 100000000);
	return fclose(out);
}

struct search {
	unsigned int expected;
	unsigned int wrong;
};

static void found(void *ctx, uint64_t ticket, const struct directory_person *person)
{
	struct search *search = ctx;
	char aor[IDENTITY_BYTES];

	(void)ticket;
	snprintf(aor, sizeof(aor), "sip:first.last%u@sfb.example", search->expected);
	if (person == NULL || strcmp(person->aor, aor) != 0)
		search->wrong++;
}

static void found_any(void *ctx, uint64_t ticket, const struct directory_person *person)
{
	(void)ticket;
	*(unsigned int *)ctx += person != NULL;
}

static unsigned int row_random(uint64_t *state, unsigned int rows)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned int)((*state >> 33) % rows);
}

struct subject {
	struct directory *directory;
	char **peer;                      // the numbers, sorted
	char (*identity)[IDENTITY_BYTES]; // LOOKUPS of them
	unsigned int rows;
};

static void identities_write(struct subject *subject, enum lookup lookup)
{
	uint64_t state = 4711;

	for (unsigned int i = 0; i < LOOKUPS; i++)
		snprintf(subject->identity[i], IDENTITY_BYTES, lookup_form[lookup],
			 row_random(&state, subject->rows));
}

// Not in the time: is it the right person?
static bool answers_hold(struct subject *subject, enum lookup lookup)
{
	struct search search = {0};
	uint64_t state = 4711;

	for (unsigned int i = 0; i < LOOKUPS; i++) {
		search.expected = row_random(&state, subject->rows);
		directory_find(subject->directory, subject->identity[i],
			       strlen(subject->identity[i]), found, &search, 0);
	}
	return search.wrong == (lookup == LOOKUP_MISS ? LOOKUPS : 0);
}

// What others on the machine do is not ours.
static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static int number_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// Nanoseconds for one look-up; *hits: how many found somebody.
static double lookups_time(struct subject *subject, enum lookup lookup, unsigned int *hits)
{
	uint64_t start = cpu_ns();

	*hits = 0;
	for (unsigned int i = 0; i < LOOKUPS; i++) {
		char *identity = subject->identity[i];

		if (lookup == LOOKUP_PEER)
			*hits += bsearch(&identity, subject->peer, subject->rows,
					 sizeof(*subject->peer), number_order) != NULL;
		else
			directory_find(subject->directory, identity, strlen(identity), found_any,
				       hits, 0);
	}
	return (double)(cpu_ns() - start) / LOOKUPS;
}

static bool lookup_applies(enum lookup lookup)
{
	return lookup != LOOKUP_RULES || settings.directory.number_rule_count > 0;
}

static void lookups_report(const struct subject *subject, enum lookup lookup, double *ns,
			   const double *peer_ns)
{
	double per_s[ROUNDS_MOST], ratio[ROUNDS_MOST];

	for (unsigned int i = 0; i < rounds; i++) {
		per_s[i] = 1e9 / ns[i];
		ratio[i] = ns[i] / peer_ns[i];
	}
	figure_begin("directory");
	figure_word("case", "lookup");
	figure_word("lookup", lookup_name[lookup]);
	figure_count("rows", subject->rows);
	figure_count("rules", settings.directory.number_rule_count);
	figure_of("ratio_to_bsearch", ratio, rounds);
	figure_of("lookups_per_s", per_s, rounds);
	figure_of("ns_per_lookup", ns, rounds);
	figure_end();
}

static bool subject_measure(struct subject *subject)
{
	static double ns[LOOKUP_COUNT][ROUNDS_MOST];

	for (unsigned int round = 0; round < rounds; round++) {
		for (enum lookup lookup = 0; lookup < LOOKUP_COUNT; lookup++) {
			unsigned int hits;

			if (!lookup_applies(lookup))
				continue;
			identities_write(subject, lookup);
			if (round == 0 && lookup != LOOKUP_PEER && !answers_hold(subject, lookup)) {
				fprintf(stderr, "bench-directory: %s: wrong persons\n",
					lookup_name[lookup]);
				return false;
			}
			ns[lookup][round] = lookups_time(subject, lookup, &hits);
			if (hits != (lookup == LOOKUP_MISS ? 0 : LOOKUPS)) {
				fprintf(stderr, "bench-directory: %s: %u of %u found\n",
					lookup_name[lookup], hits, LOOKUPS);
				return false;
			}
		}
	}
	// The peer last: to report is to sort, and the rounds of a ratio belong together.
	for (enum lookup lookup = 0; lookup < LOOKUP_COUNT; lookup++)
		if (lookup_applies(lookup))
			lookups_report(subject, lookup, ns[lookup], ns[LOOKUP_PEER]);
	return true;
}

static bool peer_fill(struct subject *subject)
{
	subject->peer = calloc(subject->rows, sizeof(*subject->peer));
	if (subject->peer == NULL)
		return false;
	for (unsigned int i = 0; i < subject->rows; i++)
		if (asprintf(&subject->peer[i], lookup_form[LOOKUP_PEER], i) < 0)
			return false;
	qsort(subject->peer, subject->rows, sizeof(*subject->peer), number_order);
	return true;
}

static void peer_empty(struct subject *subject)
{
	for (unsigned int i = 0; subject->peer != NULL && i < subject->rows; i++)
		free(subject->peer[i]);
	free(subject->peer);
}

static struct directory *subject_load(unsigned int rows)
{
	double seconds[LOADS], rows_per_s[LOADS], bytes[LOADS];
	struct directory *directory = NULL;

	for (int i = 0; i < LOADS; i++) {
		uint64_t before, start;

		directory_free(directory);
		before = allocated_bytes();
		start = cpu_ns();
		directory = directory_new(&settings);
		if (directory == NULL)
			return NULL;
		seconds[i] = (double)(cpu_ns() - start) / 1e9;
		rows_per_s[i] = rows / seconds[i];
		bytes[i] = (double)(allocated_bytes() - before) / rows;
	}
	figure_begin("directory");
	figure_word("case", "load");
	figure_count("rows", rows);
	figure_count("numbers", directory_numbers(directory));
	figure_count("rules", settings.directory.number_rule_count);
	figure_of("load_s", seconds, LOADS);
	figure_of("rows_per_s", rows_per_s, LOADS);
	figure_of("bytes_per_row", bytes, LOADS);
	figure_end();
	return directory;
}

static bool subject_run(unsigned int rows, const char *scratch)
{
	struct subject subject = {.rows = rows};
	bool good = false;

	snprintf(settings.directory.file, SETTINGS_TEXT, "%s/%u.csv", scratch, rows);
	if (csv_write(settings.directory.file, rows) != 0) {
		perror("bench-directory: the CSV");
		return false;
	}
	subject.directory = subject_load(rows);
	subject.identity = calloc(LOOKUPS, IDENTITY_BYTES);
	if (subject.directory != NULL && subject.identity != NULL && peer_fill(&subject))
		good = subject_measure(&subject);
	peer_empty(&subject);
	free(subject.identity);
	directory_free(subject.directory);
	return good;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"rows", required_argument, NULL, 'r'},
		{"rounds", required_argument, NULL, 'n'},
		{NULL, 0, NULL, 0},
	};
	unsigned int size[] = {1000, 10000, 100000, 1000000}, sizes = 4;
	bool json = false, good = true;
	const char *scratch;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 'j': json = true; break;
		case 'r':
			size[0] = (unsigned int)strtoul(optarg, NULL, 10);
			sizes = 1;
			break;
		case 'n': rounds = (unsigned int)strtoul(optarg, NULL, 10); break;
		default: return 2;
		}
	}
	// Numbers have eight digits.
	if (optind < argc || rounds < 1 || rounds > ROUNDS_MOST || size[0] < 1 ||
	    size[0] > 99999999) {
		fprintf(stderr, "usage: bench-directory [--json] [--rows N] [--rounds N]\n");
		return 2;
	}
	figure_init(json);
	log_init("bench-directory", LOG_TO_STDERR, LOG_WARN);
	settings_default(&settings);
	settings.directory.number_rule[0] = (struct settings_rule){"00(.*)", "+\\1"};
	settings.directory.number_rule[1] = (struct settings_rule){"0([1-9].*)", "+49\\1"};
	scratch = scratch_directory();
	for (unsigned int i = 0; i < sizes; i++)
		for (unsigned int rules = 0; rules <= RULES && good; rules += RULES) {
			settings.directory.number_rule_count = rules;
			good = subject_run(size[i], scratch);
		}
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
