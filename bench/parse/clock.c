// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/clock.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "bench/parse/batch.h"
#include "bench/parse/parsers.h"
#include "bench/sample_calls.h"

static double now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double clock_warm(const struct parser *parser, const struct batch *batch)
{
	struct fields fields;
	double start;

	parser_select(parser);
	// Of this process: what others do to the machine is not in it, but for shared caches.
	start = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (size_t k = 0; k < batch->repeats; k++) {
		for (size_t i = 0; i < batch->count; i++) {
			const struct sample *sample = batch->message[i];

			parser->parse(sample->text, sample->len, &fields);
			parser->release();
			__asm__ volatile("" : : "r"(&fields) : "memory");
		}
	}
	return (now_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / (double)(batch->count * batch->repeats);
}

#ifdef __x86_64__

enum {
	CACHE_LINE = 64,
	// Four times the private caches; 2 MB is the largest second level there is when the C
	// library can't tell.
	EVICT_TIMES = 4,
	EVICT_DEFAULT = 2 << 20,
	CALIBRATE_NS = 20 * 1000 * 1000,
	BLANKS = 1000,
	// An interrupt costs microseconds: the dearest messages in a hundred are left out.
	KEPT_PERCENT = 95,
};

bool clock_has_cold(void)
{
	return true;
}

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
		start = now_ns(CLOCK_MONOTONIC);
		first = ticks();
		while (now_ns(CLOCK_MONOTONIC) - start < CALIBRATE_NS)
			continue;
		ratio = (now_ns(CLOCK_MONOTONIC) - start) / (double)(ticks() - first);
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

// Code, tables, stack and heap leave the caches of this core when others take their place.
static void evict(void)
{
	static volatile char *others;
	static size_t size;

	if (others == NULL) {
		long level2 = sysconf(_SC_LEVEL2_CACHE_SIZE);

		size = (size_t)(level2 > 0 ? level2 : EVICT_DEFAULT) * EVICT_TIMES;
		others = malloc(size);
		if (others == NULL)
			exit(1);
		memset((char *)others, 1, size);
	}
	for (size_t i = 0; i < size; i += CACHE_LINE)
		others[i]++;
}

static void flush(const struct sample *sample)
{
	for (size_t i = 0; i < sample->len; i += CACHE_LINE)
		_mm_clflush(sample->text + i);
	_mm_clflush(sample->text + sample->len - 1);
}

double clock_cold(const struct parser *parser, const struct batch *batch)
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

		evict();
		flush(sample);
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

bool clock_has_cold(void)
{
	return false;
}

double clock_cold(const struct parser *parser, const struct batch *batch)
{
	return 0;
}

#endif
