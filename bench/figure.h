// SPDX-License-Identifier: Apache-2.0
// A bench's results: for each case what it was (words and counts), then figures with the median and
// the spread of their repetitions. As one flat JSON object a line, or as a block for people.
//   figure_begin("bench-store"); figure_word("store", "embedded");
//   figure_of("records_per_s", values, 5); figure_end();
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void figure_init(bool json);
void figure_begin(const char *bench);
void figure_word(const char *key, const char *word);
void figure_count(const char *key, uint64_t count);
void figure_value(const char *key, double value); // measured once
void figure_none(const char *key);                // null: it can't be had
// KEY is the median, KEY_min and KEY_max the spread; the unit is in the key. Sorts the values.
void figure_of(const char *key, double *values, size_t repetitions);
void figure_end(void);

// Sorts; 0 <= share <= 1, the value that so many are not above (nearest rank). 0 of nothing.
double figure_quantile(double *values, size_t count, double share);
