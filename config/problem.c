// SPDX-License-Identifier: Apache-2.0
// A list kept in the order of the file; two problems at one place keep the order of their
// discovery.

#include "config/problem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

enum { PROBLEM_TEXT_BYTES = 512 };

struct problem {
	struct problem *next;
	unsigned int line, column;
	char text[PROBLEM_TEXT_BYTES];
};

static bool problem_is_after(const struct problem *problem, unsigned int line, unsigned int column)
{
	return problem->line > line || (problem->line == line && problem->column > column);
}

// Texts may quote the file: nothing in it may move the terminal's cursor.
static void text_mask(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

void problem_add(struct problems *problems, unsigned int line, unsigned int column, const char *fmt,
		 ...)
{
	struct problem **place = &problems->first;
	struct problem *problem;
	va_list args;

	if (problems->count++ >= PROBLEM_LIMIT)
		return;
	problem = malloc(sizeof(*problem));
	if (!problem)
		return;
	problem->line = line;
	problem->column = column;
	va_start(args, fmt);
	vsnprintf(problem->text, sizeof(problem->text), fmt, args);
	va_end(args);
	text_mask(problem->text);
	while (*place && !problem_is_after(*place, line, column))
		place = &(*place)->next;
	problem->next = *place;
	*place = problem;
}

void problems_print(const struct problems *problems, const char *path, FILE *out)
{
	for (const struct problem *problem = problems->first; problem; problem = problem->next)
		fprintf(out, "%s:%u:%u: %s\n", path, problem->line, problem->column, problem->text);
	if (problems->count > PROBLEM_LIMIT)
		fprintf(out, "%s: %u more problems\n", path, problems->count - PROBLEM_LIMIT);
}

void problems_free(struct problems *problems)
{
	while (problems->first) {
		struct problem *problem = problems->first;

		problems->first = problem->next;
		free(problem);
	}
}
