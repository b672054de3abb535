// SPDX-License-Identifier: Apache-2.0
#include "bench/figure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool as_json;
static size_t most_repetitions;
static bool has_figures;
static const char *comma; // in front of the next key

static int order(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

double figure_quantile(double *values, size_t count, double share)
{
	size_t rank = (size_t)(share * (double)count);

	if ((double)rank < share * (double)count)
		rank++;
	qsort(values, count, sizeof(*values), order);
	return count == 0 ? 0 : values[rank > 0 ? rank - 1 : 0];
}

void figure_init(bool json)
{
	as_json = json;
	setvbuf(stdout, NULL, _IOLBF, 0); // a case is shown when it is measured
}

void figure_begin(const char *bench)
{
	most_repetitions = 0;
	has_figures = false;
	comma = "";
	printf("%s", as_json ? "{" : bench); // whoever keeps JSON knows which bench it was
}

void figure_word(const char *key, const char *word)
{
	if (as_json)
		printf("%s\"%s\": \"%s\"", comma, key, word);
	else
		printf("  %s: %s", key, word);
	comma = ", ";
}

void figure_count(const char *key, uint64_t count)
{
	if (as_json)
		printf("%s\"%s\": %" PRIu64, comma, key, count);
	else
		printf("  %s: %" PRIu64, key, count);
	comma = ", ";
}

// As many digits as a reader needs: four of a small number, no fractions of a large one.
static int digits(double value)
{
	double size = value < 0 ? -value : value;

	return size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 5;
}

void figure_value(const char *key, double value)
{
	if (as_json)
		printf("%s\"%s\": %.*f", comma, key, digits(value), value);
	else
		printf("\n    %-34s %14.*f", key, digits(value), value);
	comma = ", ";
}

void figure_none(const char *key)
{
	if (as_json)
		printf("%s\"%s\": null", comma, key);
	else
		printf("\n    %-34s %14s", key, "none");
	comma = ", ";
}

void figure_of(const char *key, double *values, size_t repetitions)
{
	double median = figure_quantile(values, repetitions, 0.5);
	double least = values[0], most = values[repetitions - 1];

	if (repetitions > most_repetitions)
		most_repetitions = repetitions;
	if (as_json)
		printf("%s\"%s\": %.*f, \"%s_min\": %.*f, \"%s_max\": %.*f", comma, key,
		       digits(median), median, key, digits(least), least, key, digits(most), most);
	else
		printf("\n    %-34s %14.*f   %.*f .. %.*f", key, digits(median), median,
		       digits(least), least, digits(most), most);
	has_figures = true;
	comma = ", ";
}

void figure_end(void)
{
	if (as_json && has_figures)
		printf(", \"repetitions\": %zu", most_repetitions);
	printf(as_json ? "}\n" : "\n");
}
