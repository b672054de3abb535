// SPDX-License-Identifier: Apache-2.0
// Time stands still when told to, and goes on when released.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "config/clock.h"

static void test_machine_time(void **state)
{
	uint64_t mono_ns = clock_mono_ns();

	assert_true(clock_mono_ns() >= mono_ns);
	assert_in_range(clock_wall_ns() / NS_PER_S, (uint64_t)time(NULL) - 1,
			(uint64_t)time(NULL) + 1);
}

static void test_manual_time(void **state)
{
	clock_set(5 * NS_PER_S);
	assert_true(clock_mono_ns() == 5 * NS_PER_S);
	assert_true(clock_wall_ns() == 5 * NS_PER_S);
	clock_set(4 * NS_PER_S);
	assert_true(clock_mono_ns() == 5 * NS_PER_S);
	clock_set(6 * NS_PER_S);
	assert_true(clock_mono_ns() == 6 * NS_PER_S);
	assert_true(clock_mono_to_wall(7) == 7);
	clock_release();
	assert_true(clock_wall_ns() > 1000000 * NS_PER_S);
	// A new beginning may be earlier than the end of the one before.
	clock_set(NS_PER_S);
	assert_true(clock_mono_ns() == NS_PER_S);
	clock_release();
}

static void test_translation(void **state)
{
	uint64_t mono_ns = clock_mono_ns(), wall_ns = clock_mono_to_wall(mono_ns);
	int64_t error_ns = (int64_t)(clock_wall_to_mono(wall_ns) - mono_ns);

	assert_in_range(wall_ns / NS_PER_S, (uint64_t)time(NULL) - 5, (uint64_t)time(NULL) + 1);
	// Both readings of the machine's clocks lie apart by what this thread was held up.
	assert_true(error_ns < (int64_t)NS_PER_S && error_ns > -(int64_t)NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine_time),
		cmocka_unit_test(test_manual_time),
		cmocka_unit_test(test_translation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
