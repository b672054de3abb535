// SPDX-License-Identifier: Apache-2.0
// The ramp: polls first, then sleeps that double up to the limit; a packet starts it anew.
#include "dataplane/idle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_ramp(void **state)
{
	static const uint64_t expect[] = {1000, 2000, 4000, 5000, 5000};
	struct idle idle = {.max_sleep_ns = 5000};

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 10; i++)
			assert_false(idle_step(&idle, false));
		for (size_t i = 0; i < sizeof(expect) / sizeof(expect[0]); i++) {
			assert_true(idle_step(&idle, false));
			assert_int_equal(idle.sleep_ns, expect[i]);
		}
		assert_false(idle_step(&idle, true));
	}
}

static void test_always(void **state)
{
	struct idle idle = {.max_sleep_ns = 0};

	for (int i = 0; i < 1000; i++)
		assert_false(idle_step(&idle, false));
}

// A limit that a reload lowered holds at once.
static void test_lowered(void **state)
{
	struct idle idle = {.max_sleep_ns = 8000};

	for (int i = 0; i < 15; i++)
		idle_step(&idle, false);
	assert_int_equal(idle.sleep_ns, 8000);
	idle.max_sleep_ns = 2000;
	assert_true(idle_step(&idle, false));
	assert_int_equal(idle.sleep_ns, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ramp),
		cmocka_unit_test(test_always),
		cmocka_unit_test(test_lowered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
