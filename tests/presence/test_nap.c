// SPDX-License-Identifier: Apache-2.0
// When the worker may be woken again, on a clock that is written down.
#include "presence/nap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint64_t start_ns = 1000 * NS_PER_S;

// Wake-ups at a distance, after a pause; the nap after each of them.
static uint64_t nap_after(unsigned int wakes, uint64_t distance_ns)
{
	struct nap nap = {0};

	for (unsigned int i = 0; i + 1 < wakes; i++)
		nap_owe(&nap, start_ns + i * distance_ns);
	nap_owe(&nap, start_ns + (wakes - 1) * distance_ns);
	return nap_left_ns(&nap, start_ns + (wakes - 1) * distance_ns);
}

static void test_the_first_after_a_pause_are_free(void **state)
{
	assert_int_equal(nap_left_ns(&(struct nap){0}, start_ns), 0);
	for (unsigned int wakes = 1; wakes <= NAP_FREE; wakes++)
		assert_int_equal(nap_after(wakes, 0), 0);
	assert_int_equal(nap_after(NAP_FREE + 1, 0), NAP_NS);
}

static void test_seldom_is_never_paid_for(void **state)
{
	assert_int_equal(nap_after(100000, NAP_NS), 0);
	assert_int_equal(nap_after(100000, NAP_NS + 1), 0);
	// A little too often takes a while to be noticed.
	assert_int_equal(nap_after(2 * NAP_FREE - 1, NAP_NS / 2), 0);
	assert_in_range(nap_after(2 * NAP_FREE, NAP_NS / 2), 1, NAP_NS);
}

static void test_is_never_longer_than_one(void **state)
{
	assert_int_equal(nap_after(100000, 0), NAP_NS);
	assert_int_equal(nap_after(100000, NAP_NS / 100), NAP_NS);
}

static void test_passes_with_time_and_is_free_again(void **state)
{
	struct nap nap = {0};
	uint64_t now_ns = start_ns;

	for (int i = 0; i < 100; i++)
		nap_owe(&nap, now_ns);
	assert_int_equal(nap_left_ns(&nap, now_ns + NAP_NS / 4), NAP_NS - NAP_NS / 4);
	assert_int_equal(nap_left_ns(&nap, now_ns + NAP_NS), 0);
	assert_int_equal(nap_left_ns(&nap, now_ns + NAP_NS + 1), 0);
	now_ns += (NAP_FREE + 1) * NAP_NS;
	for (int i = 0; i < NAP_FREE; i++) {
		nap_owe(&nap, now_ns);
		assert_int_equal(nap_left_ns(&nap, now_ns), 0);
	}
	nap_owe(&nap, now_ns);
	assert_int_equal(nap_left_ns(&nap, now_ns), NAP_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_after_a_pause_are_free),
		cmocka_unit_test(test_seldom_is_never_paid_for),
		cmocka_unit_test(test_is_never_longer_than_one),
		cmocka_unit_test(test_passes_with_time_and_is_free_again),
	};

	return cmocka_run_group_tests_name("nap", tests, NULL, NULL);
}
