// SPDX-License-Identifier: Apache-2.0
// Quantiles of a histogram against those of the sorted values, from 1 ns to centuries.
#include "bench/histogram.h"
#include "bench/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { VALUES = 20000 };

static int order(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void small_values_are_exact(void **state)
{
	static struct histogram histogram;

	(void)state;
	assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
	for (uint64_t i = 1; i <= 64; i++)
		histogram_add(&histogram, i);
	assert_int_equal(histogram_quantile(&histogram, 0), 1);
	assert_int_equal(histogram_quantile(&histogram, 0.5), 32);
	assert_int_equal(histogram_quantile(&histogram, 1), 64);
	assert_int_equal(histogram.sum, 64 * 65 / 2);
}

static void large_values_are_within_a_64th(void **state)
{
	static const double shares[] = {0, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
	static uint64_t value[VALUES];
	static struct histogram histogram, half;
	uint64_t random = 42;

	(void)state;
	for (int i = 0; i < VALUES; i++) {
		value[i] = random_next(&random) >> random_next(&random) % 64;
		histogram_add(i % 2 == 0 ? &histogram : &half, value[i]);
	}
	histogram_merge(&histogram, &half);
	qsort(value, VALUES, sizeof(value[0]), order);
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		size_t rank = (size_t)(shares[i] * VALUES);
		uint64_t is = value[rank > 0 ? rank - 1 : 0];
		uint64_t told = histogram_quantile(&histogram, shares[i]);

		assert_true(told >= is);
		assert_true(told - is <= is / 64);
	}
	assert_int_equal(histogram.max, value[VALUES - 1]);
	histogram_clear(&histogram);
	assert_int_equal(histogram_quantile(&histogram, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(large_values_are_within_a_64th),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
