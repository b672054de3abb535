// SPDX-License-Identifier: Apache-2.0
// Times drawn from each distribution have its mean or median, and the same seed gives the same.
#include "bench/random.h"
#include "config/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { DRAWS = 100000 };

static const struct {
	const char *text;
	double mean_ms; // of 100,000 draws, within 3 %
	double below_20ms;
} spreads[] = {
	{"20ms", 20, 0},          {"0", 0, 1},
	{"10ms-30ms", 20, 0.5},   {"exp:20ms", 20, 0.632}, // 1 - 1/e
	{"log:20ms", 32.97, 0.5},                          // the mean is the median times sqrt(e)
};

static void draws_are_of_their_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spreads) / sizeof(spreads[0]); i++) {
		uint64_t random = 7, again = 7, below = 0;
		struct spread spread;
		double sum = 0;

		assert_int_equal(spread_parse(spreads[i].text, &spread), 0);
		for (int k = 0; k < DRAWS; k++) {
			uint64_t ns = spread_draw_ns(&spread, &random);

			assert_int_equal(ns, spread_draw_ns(&spread, &again));
			sum += (double)ns;
			below += ns < 20 * NS_PER_MS;
		}
		sum /= DRAWS * 1e6;
		if (sum < spreads[i].mean_ms * 0.97 || sum > spreads[i].mean_ms * 1.03 ||
		    (double)below / DRAWS < spreads[i].below_20ms - 0.01 ||
		    (double)below / DRAWS > spreads[i].below_20ms + 0.01)
			fail_msg("%s: mean %f ms, %f below 20 ms", spreads[i].text, sum,
				 (double)below / DRAWS);
	}
}

static void other_words_are_refused(void **state)
{
	static const char *const wrong[] = {
		"", "20", "20ms-10ms", "exp:", "exp:5", "-", "1s-", "x"};
	struct spread spread;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(spread_parse(wrong[i], &spread), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_are_of_their_kind),
		cmocka_unit_test(other_words_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
