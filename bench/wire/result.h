// SPDX-License-Identifier: Apache-2.0
// One line a result: a flat JSON object, or a row of a table whose titles are printed when they
// change. Keys carry their unit.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void result_as_json(bool as_json);
void result_begin(void);
void result_text(const char *key, const char *value);
void result_number(const char *key, double value, int decimals);
// The median as KEY, the smallest and largest as KEY_min and KEY_max. Sorts the samples.
void result_spread(const char *key, double *samples, size_t count, int decimals);
void result_end(void);

double median(double *samples, size_t count); // sorts them
