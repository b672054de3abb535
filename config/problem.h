// SPDX-License-Identifier: Apache-2.0
// What is wrong with a settings file: gathered from all checks, printed in the order of the file,
// so that an operator repairs everything in one round.
#pragma once

#include <stdio.h>

enum { PROBLEM_LIMIT = 200 }; // a file with more is no settings file; it is said how many more

struct problem;

struct problems {
	struct problem *first;
	unsigned int count; // also those beyond PROBLEM_LIMIT
};

void problem_add(struct problems *problems, unsigned int line, unsigned int column, const char *fmt,
		 ...) __attribute__((format(printf, 4, 5)));
// `path:line:column: text`, one a line.
void problems_print(const struct problems *problems, const char *path, FILE *out);
void problems_free(struct problems *problems);
