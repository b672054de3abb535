// SPDX-License-Identifier: Apache-2.0
// The repetitions of one figure, and how figures are printed: as a table, or as JSON, one object a
// line.
#pragma once

#include <stddef.h>

struct batch;
struct counted;

struct result {
	double *ns;
	size_t count;
};

void result_add(struct result *result, double ns);
void result_fini(struct result *result);

// results: one for each of the parsers.
void result_print_json(const struct batch *batch, const struct result *results,
		       const struct counted *counted, size_t left_out);
void result_print_table(const struct batch *batch, const struct result *results,
			const struct counted *counted);
// `NAME COUNT` lines. 1 when one is missing.
int result_print_counts(const struct counted *counted);
