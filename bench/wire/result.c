// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TITLES_BYTES = 1024, ROW_BYTES = 2048 };

static struct {
	bool as_json;
	char printed[TITLES_BYTES]; // titles of the row before
	char titles[TITLES_BYTES];
	char row[ROW_BYTES];
} result;

void result_as_json(bool as_json)
{
	result.as_json = as_json;
}

__attribute__((format(printf, 3, 4))) static void append(char *to, size_t size, const char *format,
							 ...)
{
	size_t used = strlen(to);
	va_list args;

	va_start(args, format);
	vsnprintf(to + used, size - used, format, args);
	va_end(args);
}

void result_begin(void)
{
	result.titles[0] = '\0';
	strcpy(result.row, result.as_json ? "{" : "");
}

static void put(const char *key, const char *value, bool quoted)
{
	int width = (int)strlen(key);

	if (result.as_json) {
		append(result.row, ROW_BYTES, quoted ? "%s\"%s\":\"%s\"" : "%s\"%s\":%s",
		       result.row[1] ? "," : "", key, value);
		return;
	}
	width = width > 10 ? width : 10;
	append(result.titles, TITLES_BYTES, "%-*s  ", width, key);
	append(result.row, ROW_BYTES, "%-*s  ", width, value);
}

void result_text(const char *key, const char *value)
{
	put(key, value, true);
}

void result_number(const char *key, double value, int decimals)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*f", decimals, value);
	put(key, text, false);
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

double median(double *samples, size_t count)
{
	qsort(samples, count, sizeof(samples[0]), compare);
	return count % 2 ? samples[count / 2] : (samples[count / 2 - 1] + samples[count / 2]) / 2;
}

void result_spread(const char *key, double *samples, size_t count, int decimals)
{
	char name[64];

	result_number(key, median(samples, count), decimals);
	if (!result.as_json)
		return;
	snprintf(name, sizeof(name), "%s_min", key);
	result_number(name, samples[0], decimals);
	snprintf(name, sizeof(name), "%s_max", key);
	result_number(name, samples[count - 1], decimals);
}

void result_end(void)
{
	if (result.as_json) {
		printf("%s}\n", result.row);
	} else {
		if (strcmp(result.titles, result.printed) != 0)
			printf("\n%s\n", result.titles);
		strcpy(result.printed, result.titles);
		printf("%s\n", result.row);
	}
	fflush(stdout);
}
