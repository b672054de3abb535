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

// 0: never measured.
static double median(struct result *result)
{
	if (result->count == 0)
		return 0;
	qsort(result->ns, result->count, sizeof(result->ns[0]), compare);
	return result->ns[result->count / 2];
}

static double median_of(const char *name, struct result *results)
{
	for (int i = 0; i < PARSERS; i++) {
		if (strcmp(parsers[i].name, name) == 0)
			return median(&results[i]);
	}
	return 0;
}

void result_print_json(const struct batch *batch, struct result *results,
		       const struct counted *counted, size_t left_out)
{
	double memchr_ns = median_of("memchr", results);

	for (int i = 0; i < PARSERS; i++) {
		double ns = median(&results[i]);

		if (ns == 0)
			continue;
		printf("{\"parser\":\"%s\"", parsers[i].name);
		if (batch->key != BATCH_WHOLE)
			printf(",\"%s\":\"%s\"", batch_key_name(batch->key), batch->value);
		printf(",\"ns_per_message\":%.1f,\"ns_per_message_min\":%.1f"
		       ",\"ns_per_message_max\":%.1f",
		       ns, results[i].ns[0], results[i].ns[results[i].count - 1]);
		if (memchr_ns > 0)
			printf(",\"ratio_to_memchr\":%.3f", ns / memchr_ns);
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

void result_print_table(const struct batch *batch, struct result *results,
			const struct counted *counted)
{
	double memchr_ns = median_of("memchr", results);

	printf("%s%s%s: %zu messages, mean %.1f bytes\n",
	       batch->key == BATCH_WHOLE ? "corpus" : batch_key_name(batch->key),
	       batch->key == BATCH_WHOLE ? "" : " ", batch->value, batch->count,
	       (double)batch->bytes / (double)batch->count);
	printf("%-12s %10s %10s .. %-10s %8s %12s %10s\n", "parser", "ns/message", "min", "max",
	       "x memchr", "instructions", "million/s");
	for (int i = 0; i < PARSERS; i++) {
		double ns = median(&results[i]);
		char instructions[32] = "-", ratio[32] = "-";

		if (ns == 0)
			continue;
		if (counted->instructions[i] > 0)
			snprintf(instructions, sizeof(instructions), "%.1f",
				 counted->instructions[i]);
		if (memchr_ns > 0)
			snprintf(ratio, sizeof(ratio), "%.2f", ns / memchr_ns);
		printf("%-12s %10.1f %10.1f .. %-10.1f %8s %12s %10.2f\n", parsers[i].name, ns,
		       results[i].ns[0], results[i].ns[results[i].count - 1], ratio, instructions,
		       1e3 / ns);
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
