// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report_word(struct report *report, const char *key, const char *word)
{
	report->word[report->words].key = key;
	report->word[report->words].quoted = true;
	snprintf(report->word[report->words++].text, 64, "%s", word);
}

void report_count(struct report *report, const char *key, uint64_t count)
{
	report->word[report->words].key = key;
	report->word[report->words].quoted = false;
	snprintf(report->word[report->words++].text, 64, "%" PRIu64, count);
}

void report_figure(struct report *report, const char *key, double sample, int decimals)
{
	unsigned int i = 0;

	while (i < report->figures && strcmp(report->figure[i].key, key) != 0)
		i++;
	if (i == REPORT_KEYS || report->figure[i].samples == REPORT_SAMPLES)
		abort();
	if (i == report->figures) {
		report->figure[i].key = key;
		report->figure[i].decimals = decimals;
		report->figure[i].samples = 0;
		report->figures++;
	}
	report->figure[i].sample[report->figure[i].samples++] = sample;
}

static int order(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(const double *sample, unsigned int count)
{
	return count % 2 == 1 ? sample[count / 2] : (sample[count / 2 - 1] + sample[count / 2]) / 2;
}

void report_print(struct report *report, bool as_json)
{
	unsigned int repetitions = 0;

	for (unsigned int i = 0; i < report->words; i++) {
		const char *mark = report->word[i].quoted && as_json ? "\"" : "";

		printf(as_json ? "%s\"%s\": %s%s%s" : "%s%s %s%s%s",
		       i > 0     ? ", "
		       : as_json ? "{"
				 : "",
		       report->word[i].key, mark, report->word[i].text, mark);
	}
	for (unsigned int i = 0; i < report->figures; i++) {
		unsigned int count = report->figure[i].samples;
		double *sample = report->figure[i].sample;
		const char *key = report->figure[i].key;
		int decimals = report->figure[i].decimals;

		qsort(sample, count, sizeof(*sample), order);
		repetitions = count > repetitions ? count : repetitions;
		if (as_json)
			printf(", \"%s\": %.*f, \"%s_min\": %.*f, \"%s_max\": %.*f", key, decimals,
			       median(sample, count), key, decimals, sample[0], key, decimals,
			       sample[count - 1]);
		else
			printf("\n    %-36s %14.*f   %.*f .. %.*f", key, decimals,
			       median(sample, count), decimals, sample[0], decimals,
			       sample[count - 1]);
	}
	if (as_json)
		printf(", \"repetitions\": %u}\n", repetitions);
	else
		printf("\n\n");
	fflush(stdout);
}
