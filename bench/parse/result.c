// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/parse/batch.h"
#include "bench/parse/count.h"
#include "bench/parse/parsers.h"

void result_add(struct result *result, double ns)
{
	double *grown = realloc(result->ns, (result->count + 1) * sizeof(*grown));

	if (grown == NULL)
		exit(1);
	result->ns = grown;
	grown[result->count++] = ns;
}

void result_fini(struct result *result)
{
	free(result->ns);
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

struct spread {
	double median, min, max;
};

// All 0: never measured.
static struct spread spread_of(const double *values, size_t count)
{
	struct spread spread = {0};
	double *sorted;

	if (count == 0)
		return spread;
	sorted = calloc(count, sizeof(*sorted));
	if (sorted == NULL)
		exit(1);
	memcpy(sorted, values, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	spread = (struct spread){sorted[count / 2], sorted[0], sorted[count - 1]};
	free(sorted);
	return spread;
}

// Of the ratios of each round, which what else the machine did in it hardly changes.
static struct spread ratio_of(const struct result *result, const struct result *to)
{
	struct spread spread = {0};
	double *ratios;

	if (to == NULL || result->count == 0 || to->count != result->count)
		return spread;
	ratios = calloc(result->count, sizeof(*ratios));
	if (ratios == NULL)
		exit(1);
	for (size_t i = 0; i < result->count; i++)
		ratios[i] = result->ns[i] / to->ns[i];
	spread = spread_of(ratios, result->count);
	free(ratios);
	return spread;
}

static const struct result *result_of(const char *name, const struct result *results)
{
	for (int i = 0; i < PARSERS; i++) {
		if (strcmp(parsers[i].name, name) == 0)
			return results[i].count > 0 ? &results[i] : NULL;
	}
	return NULL;
}

static void print_spread(const char *key, int digits, struct spread spread)
{
	if (spread.median == 0)
		return;
	printf(",\"%s\":%.*f,\"%s_min\":%.*f,\"%s_max\":%.*f", key, digits, spread.median, key,
	       digits, spread.min, key, digits, spread.max);
}

void result_print_json(const struct batch *batch, const struct result *results,
		       const struct counted *counted, size_t left_out)
{
	const struct result *memchr_result = result_of("memchr", results);

	for (int i = 0; i < PARSERS; i++) {
		if (results[i].count == 0)
			continue;
		printf("{\"parser\":\"%s\"", parsers[i].name);
		if (batch->key != BATCH_WHOLE)
			printf(",\"%s\":\"%s\"", batch_key_name(batch->key), batch->value);
		print_spread("ns_per_message", 1, spread_of(results[i].ns, results[i].count));
		print_spread("ratio_to_memchr", 3, ratio_of(&results[i], memchr_result));
		if (counted->instructions[i] > 0)
			printf(",\"instructions_per_message\":%.1f,\"messages_counted\":%zu",
			       counted->instructions[i], counted->messages);
		else
			printf(",\"instructions_per_message\":null");
		printf(",\"messages\":%zu,\"bytes\":%zu,\"messages_left_out\":%zu"
		       ",\"repetitions\":%zu}\n",
		       batch->count, batch->bytes, left_out, results[i].count);
	}
}

void result_print_table(const struct batch *batch, const struct result *results,
			const struct counted *counted)
{
	const struct result *memchr_result = result_of("memchr", results);

	printf("%s%s%s: %zu messages, mean %.1f bytes\n",
	       batch->key == BATCH_WHOLE ? "corpus" : batch_key_name(batch->key),
	       batch->key == BATCH_WHOLE ? "" : " ", batch->value, batch->count,
	       (double)batch->bytes / (double)batch->count);
	printf("%-12s %8s %10s %10s .. %-10s %12s %10s\n", "parser", "x memchr", "ns/message",
	       "min", "max", "instructions", "million/s");
	for (int i = 0; i < PARSERS; i++) {
		struct spread ns = spread_of(results[i].ns, results[i].count);
		struct spread ratio = ratio_of(&results[i], memchr_result);
		char instructions[32] = "-", times[32] = "-";

		if (results[i].count == 0)
			continue;
		if (counted->instructions[i] > 0)
			snprintf(instructions, sizeof(instructions), "%.1f",
				 counted->instructions[i]);
		if (ratio.median > 0)
			snprintf(times, sizeof(times), "%.2f", ratio.median);
		printf("%-12s %8s %10.1f %10.1f .. %-10.1f %12s %10.2f\n", parsers[i].name, times,
		       ns.median, ns.min, ns.max, instructions, 1e3 / ns.median);
	}
	printf("\n");
}

int result_print_counts(const struct counted *counted)
{
	int ret = 0;

	for (int i = 0; i < PARSERS; i++) {
		if (!parser_takes_part(&parsers[i]))
			continue;
		if (counted->instructions[i] > 0)
			printf("%s %.1f\n", parsers[i].name, counted->instructions[i]);
		else
			ret = 1;
	}
	return ret;
}
