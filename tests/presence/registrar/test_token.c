// SPDX-License-Identifier: Apache-2.0
#include "presence/registrar/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 1000 }; // several times the stock

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void all_differ(void **state)
{
	static char token[MANY][TOKEN_BYTES];
	struct tokens tokens = {0};

	for (int i = 0; i < MANY; i++) {
		token_write(&tokens, token[i]);
		assert_int_equal(strlen(token[i]), 32);
		assert_int_equal(strspn(token[i], "0123456789abcdef"), 32);
	}
	qsort(token, MANY, sizeof(token[0]), compare);
	for (int i = 1; i < MANY; i++)
		assert_string_not_equal(token[i - 1], token[i]);
}

// Nobody finds in memory what was used.
static void used_is_wiped(void **state)
{
	static const unsigned char zeros[16];
	struct tokens tokens = {0};
	char token[TOKEN_BYTES];

	token_write(&tokens, token);
	assert_memory_equal(tokens.random + tokens.left, zeros, sizeof(zeros));
}

static void branches_bear_the_cookie(void **state)
{
	struct tokens tokens = {0};
	char branch[TOKEN_BRANCH];

	token_write_branch(&tokens, branch);
	assert_memory_equal(branch, "z9hG4bK", 7);
	assert_int_equal(strlen(branch), 39);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_differ),
		cmocka_unit_test(used_is_wiped),
		cmocka_unit_test(branches_bear_the_cookie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
