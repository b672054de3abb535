// SPDX-License-Identifier: Apache-2.0
// One result: what was measured, and figures with one sample for each repetition. As a flat JSON
// object in a line (KEY the median, KEY_min, KEY_max), or as a block for people.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { REPORT_KEYS = 64, REPORT_SAMPLES = 32 };

struct report {
	unsigned int words, figures;
	struct {
		const char *key;
		char text[64];
		bool quoted;
	} word[16];
	struct {
		const char *key;
		int decimals;
		unsigned int samples;
		double sample[REPORT_SAMPLES];
	} figure[REPORT_KEYS];
};

void report_word(struct report *report, const char *key, const char *word);
void report_count(struct report *report, const char *key, uint64_t count);
void report_figure(struct report *report, const char *key, double sample, int decimals);
void report_print(struct report *report, bool as_json); // sorts the samples
