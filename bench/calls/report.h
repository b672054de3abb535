// SPDX-License-Identifier: Apache-2.0
// One result while it is gathered: what was measured, and figures with one sample for each
// repetition. Printed as all benches print (bench/figure.h).
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { REPORT_KEYS = 64, REPORT_SAMPLES = 32 };

struct report {
	unsigned int words, figures;
	struct {
		const char *key, *text;
		uint64_t count;
		bool is_count;
	} word[16];
	struct {
		const char *key;
		unsigned int samples;
		double sample[REPORT_SAMPLES];
	} figure[REPORT_KEYS];
	const char *missing; // the key of a figure that could not be had; NULL: none
};

void report_word(struct report *report, const char *key, const char *word); // word lives on
void report_count(struct report *report, const char *key, uint64_t count);
void report_figure(struct report *report, const char *key, double sample);
void report_print(struct report *report); // sorts the samples
