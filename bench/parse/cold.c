// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/cold.h"

#ifdef __x86_64__

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench/parse/batch.h"
#include "bench/parse/clock.h"
#include "bench/parse/parsers.h"
#include "bench/sample_calls.h"

enum {
	CACHE_LINE = 64,
	// What takes the place of data: four times the second level cache, which is 2 MB where the
	// C library can't tell.
	EVICT_TIMES = 4,
	EVICT_DEFAULT = 2 << 20,
	CALIBRATE_NS = 20 * 1000 * 1000,
	BLANKS = 1001,
	// An interrupt costs microseconds: the dearest messages in a hundred are left out.
	KEPT_PERCENT = 95,
	RANGES = 64,
};

struct range {
	const char *start, *end;
};

// Nothing before it is still running, nothing behind it has begun.
static inline uint64_t ticks(void)
{
	uint64_t now;

	_mm_mfence();
	_mm_lfence();
	now = __rdtsc();
	_mm_lfence();
	return now;
}

static double ns_per_tick(void)
{
	static double ratio;
	double start;
	uint64_t first;

	if (ratio == 0) {
		start = clock_ns(CLOCK_MONOTONIC);
		first = ticks();
		while (clock_ns(CLOCK_MONOTONIC) - start < CALIBRATE_NS)
			continue;
		ratio = (clock_ns(CLOCK_MONOTONIC) - start) / (double)(ticks() - first);
	}
	return ratio;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

// What two readings with nothing between them are apart.
static uint64_t blank_ticks(void)
{
	static uint64_t blank[BLANKS];

	if (blank[0] == 0) {
		for (int i = 0; i < BLANKS; i++) {
			uint64_t start = ticks();

			blank[i] = ticks() - start;
		}
		qsort(blank, BLANKS, sizeof(blank[0]), compare);
	}
	return blank[BLANKS / 2];
}

static void flush(const char *at, const char *end)
{
	for (; at < end; at += CACHE_LINE)
		_mm_clflush(at);
}

// Where the code and the constants of all parsers lie: this program and the libraries they are of.
static size_t code_find(struct range ranges[RANGES])
{
	static const char *const files[] = {"/bench-parse", "/libosip", "/libsofia", "/libre.",
					    "/libc.so"};
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	size_t count = 0;
	char line[512], mode[8];

	while (maps != NULL && count < RANGES && fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, mode) != 3 || mode[0] != 'r' ||
		    mode[1] == 'w')
			continue;
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			if (strstr(line, files[i]) != NULL) {
				ranges[count++] = (struct range){(const char *)start,
								 (const char *)end};
				break;
			}
		}
	}
	if (maps != NULL)
		fclose(maps);
	return count;
}

// Flushing reaches the instruction cache, too, which no amount of other data would.
static void code_flush(void)
{
	static struct range ranges[RANGES];
	static size_t count;

	if (count == 0)
		count = code_find(ranges);
	for (size_t i = 0; i < count; i++)
		flush(ranges[i].start, ranges[i].end);
}

// Stack and heap leave the caches of this core when other data takes their place.
static void data_evict(void)
{
	static volatile char *others;
	static size_t size;

	if (others == NULL) {
		long level2 = sysconf(_SC_LEVEL2_CACHE_SIZE);

		size = (size_t)(level2 > 0 ? level2 : EVICT_DEFAULT) * EVICT_TIMES;
		others = malloc(size);
		if (others == NULL)
			exit(1);
		memset((char *)others, 1, size); // pages of its own, not the zero page
	}
	for (size_t i = 0; i < size; i += CACHE_LINE)
		(void)others[i];
}

double cold_time(const struct parser *parser, const struct batch *batch, enum cold_what what)
{
	uint64_t *took = calloc(batch->count, sizeof(*took)), sum = 0;
	size_t kept = (batch->count * KEPT_PERCENT + 99) / 100;
	uint64_t blank = blank_ticks();
	struct fields fields;

	if (took == NULL)
		exit(1);
	parser_select(parser);
	for (size_t i = 0; i < batch->count; i++) {
		const struct sample *sample = batch->message[i];
		uint64_t start;

		if (what == COLD_ALL) {
			code_flush();
			data_evict();
		}
		flush(sample->text, sample->text + sample->len);
		_mm_clflush(sample->text + sample->len - 1);
		start = ticks();
		parser->parse(sample->text, sample->len, &fields);
		parser->release();
		took[i] = ticks() - start;
	}
	qsort(took, batch->count, sizeof(*took), compare);
	for (size_t i = 0; i < kept; i++)
		sum += took[i] > blank ? took[i] - blank : 0;
	free(took);
	return (double)sum / (double)kept * ns_per_tick();
}

#else

double cold_time(const struct parser *parser, const struct batch *batch, enum cold_what what)
{
	return 0;
}

#endif
