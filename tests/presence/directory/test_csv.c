// SPDX-License-Identifier: Apache-2.0
#include "presence/directory/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *line, *fields; // fields: each in brackets; or the reason
} lines[] = {
	{"a,b,c", "[a][b][c]"},
	{"a", "[a]"},
	{"", "[]"},
	{",", "[][]"},
	{" a , b\t, c d ", "[a][b][c d]"},
	{"\"a\",\"b,c\"", "[a][b,c]"},
	{"\"a \"\"b\"\" c\"", "[a \"b\" c]"},
	{"\"\"", "[]"},
	{"\"\",\"\"", "[][]"},
	{"\"\"\"\"", "[\"]"},
	{" \"a\" , b", "[a][b]"},
	{"\" a \"", "[ a ]"},
	{"a,\"b", "a quote is not closed"},
	{"\"a\"\"", "a quote is not closed"},
	{"\"a\"b", "text behind a closing quote"},
	{"a\"b\"", "a quote inside a field that does not begin with one"},
	{"1,2,3,4,5", "too many fields"},
};

static void lines_are_split(void **state)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[64], got[128] = "", *field[4];
		const char *reason = NULL;

		snprintf(line, sizeof(line), "%s", lines[i].line);
		int count = csv_split(line, field, 4, &reason);
		for (int at = 0; at < count; at++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "[%s]", field[at]);
		if (count < 0)
			snprintf(got, sizeof(got), "%s", reason);
		if (strcmp(got, lines[i].fields) != 0)
			fail_msg("%s: %s", lines[i].line, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lines_are_split)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
