// SPDX-License-Identifier: Apache-2.0
// How far words are apart, and what is near enough to be meant.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/suggest.h"

static void test_distance(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned int distance;
	} cases[] = {
		{"", "", 0},
		{"", "abc", 3},
		{"expires", "expires", 0},
		{"expire", "expires", 1},
		{"exxpires", "expires", 1},
		{"expores", "expires", 1},
		{"exipres", "expires", 1},
		{"EXPIRES", "expires", 0},
		{"kitten", "sitting", 3},
		{"ca", "abc", 3},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(suggest_distance(cases[i].a, cases[i].b), cases[i].distance);
		assert_int_equal(suggest_distance(cases[i].b, cases[i].a), cases[i].distance);
	}
}

static void test_long_words(void **state)
{
	char word[200];

	memset(word, 'a', sizeof(word));
	word[64] = '\0';
	assert_int_equal(suggest_distance(word, "a"), 63);
	word[64] = 'a';
	word[199] = '\0';
	assert_int_equal(suggest_distance(word, "a"), SUGGEST_FAR);
}

static void test_nearest(void **state)
{
	unsigned int nearest = SUGGEST_FAR;

	assert_false(suggest_is_nearer("zebra", "engine", &nearest));
	assert_int_equal(nearest, SUGGEST_FAR);
	assert_true(suggest_is_nearer("warning", "warn", &nearest));
	assert_true(suggest_is_nearer("warning", "warnings", &nearest));
	assert_int_equal(nearest, 1);
	assert_false(suggest_is_nearer("warning", "warninge", &nearest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_long_words),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
