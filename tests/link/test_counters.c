// SPDX-License-Identifier: Apache-2.0
// Each counter has a name of its own and a line of help.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/counters.h"

static void test_names(void **state)
{
	for (unsigned int i = 0; i < WIRE_COUNTER_COUNT; i++) {
		const char *name = wire_counter_name(i);

		assert_non_null(name);
		assert_non_null(wire_counter_help(i));
		assert_true(strlen(wire_counter_help(i)) > 10);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
				 strlen(name));
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(name, wire_counter_name(j));
	}
	assert_null(wire_counter_name(WIRE_COUNTER_COUNT));
	assert_null(wire_counter_help(WIRE_COUNTER_COUNT));
}

static void test_blocks_share_no_cache_line(void **state)
{
	assert_int_equal(sizeof(struct wire_counters) % 64, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_blocks_share_no_cache_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
