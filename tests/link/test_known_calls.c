// SPDX-License-Identifier: Apache-2.0
// Calls that were answered: found while they are up and after, and which are forgotten where there
// is no room.
#include "link/known_calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CALLS = 1000000 };

static const uint64_t second = 1000000000;

static struct known_calls *known_new(void)
{
	struct known_calls *known = aligned_alloc(64, sizeof(*known));

	assert_non_null(known);
	for (int i = 0; i < KNOWN_BUCKETS; i++)
		for (int k = 0; k < KNOWN_MARKS; k++)
			known->bucket[i].mark[k] = 0;
	return known;
}

// As a hash: splitmix64 (Steele, Lea, Flood 2014).
static uint64_t mixed(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static struct siphash128 key_of(uint64_t call)
{
	return (struct siphash128){{mixed(call * 2), mixed(call * 2 + 1)}};
}

// Call number i of those that share a bucket.
static struct siphash128 key_beside(uint64_t i)
{
	return (struct siphash128){{7, mixed(i)}};
}

static void test_up_and_over(void **state)
{
	struct known_calls *known = known_new();

	assert_false(known_calls_has(known, key_of(1)));
	known_calls_over(known, key_of(1)); // the end of none
	assert_false(known_calls_has(known, key_of(1)));
	known_calls_up(known, key_of(1), 0);
	known_calls_up(known, key_of(1), second);
	assert_true(known_calls_has(known, key_of(1)));
	assert_false(known_calls_has(known, key_of(2)));
	known_calls_over(known, key_of(1));
	assert_true(known_calls_has(known, key_of(1))); // its other leg may end later
	free(known);
}

static void test_who_is_forgotten(void **state)
{
	struct known_calls *known = known_new();

	for (uint64_t i = 0; i < KNOWN_MARKS; i++)
		known_calls_up(known, key_beside(i), (10 + i) * second);
	known_calls_over(known, key_beside(3));
	known_calls_up(known, key_beside(100), 100 * second); // one that is over goes
	assert_false(known_calls_has(known, key_beside(3)));
	for (uint64_t i = 0; i < KNOWN_MARKS; i++)
		assert_int_equal(known_calls_has(known, key_beside(i)), i != 3);
	known_calls_up(known, key_beside(0), 101 * second); // heard of again
	known_calls_up(known, key_beside(101), 102 * second);
	assert_true(known_calls_has(known, key_beside(0)));
	assert_false(known_calls_has(known, key_beside(1))); // the oldest goes
	free(known);
}

// A million calls up at a time, and as many that came and went before.
static void test_a_million(void **state)
{
	struct known_calls *known = known_new();
	unsigned int missing = 0, strangers = 0;

	for (uint64_t i = 0; i < 2 * CALLS; i++) {
		known_calls_up(known, key_of(i), i * 1000);
		if (i >= CALLS)
			known_calls_over(known, key_of(i - CALLS));
	}
	for (uint64_t i = CALLS; i < 2 * CALLS; i++)
		missing += !known_calls_has(known, key_of(i));
	for (uint64_t i = 2 * CALLS; i < 3 * CALLS; i++)
		strangers += known_calls_has(known, key_of(i));
	print_message("%u of a million missing, %u strangers\n", missing, strangers);
	assert_true(missing < CALLS / 100);
	assert_int_equal(strangers, 0);
	free(known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_and_over),
		cmocka_unit_test(test_who_is_forgotten),
		cmocka_unit_test(test_a_million),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
