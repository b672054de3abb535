// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/report.h"

#include "bench/figure.h"

#include <stdlib.h>
#include <string.h>

void report_word(struct report *report, const char *key, const char *word)
{
	report->word[report->words].key = key;
	report->word[report->words++].text = word;
}

void report_count(struct report *report, const char *key, uint64_t count)
{
	report->word[report->words].key = key;
	report->word[report->words].is_count = true;
	report->word[report->words++].count = count;
}

void report_figure(struct report *report, const char *key, double sample)
{
	unsigned int i = 0;

	while (i < report->figures && strcmp(report->figure[i].key, key) != 0)
		i++;
	if (i == REPORT_KEYS || report->figure[i].samples == REPORT_SAMPLES)
		abort();
	if (i == report->figures) {
		report->figure[i].key = key;
		report->figure[i].samples = 0;
		report->figures++;
	}
	report->figure[i].sample[report->figure[i].samples++] = sample;
}

void report_print(struct report *report)
{
	figure_begin("bench-calls");
	for (unsigned int i = 0; i < report->words; i++) {
		if (report->word[i].is_count)
			figure_count(report->word[i].key, report->word[i].count);
		else
			figure_word(report->word[i].key, report->word[i].text);
	}
	for (unsigned int i = 0; i < report->figures; i++)
		figure_of(report->figure[i].key, report->figure[i].sample,
			  report->figure[i].samples);
	if (report->missing)
		figure_none(report->missing);
	figure_end();
}
