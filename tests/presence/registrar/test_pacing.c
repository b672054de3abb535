// SPDX-License-Identifier: Apache-2.0
#include "presence/registrar/pacing.h"

#include "config/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void urgent_ones_first(void **state)
{
	static const enum publish_kind asked[] = {PUBLISH_REFRESH, PUBLISH_INITIAL, PUBLISH_REMOVE,
						  PUBLISH_MODIFY,  PUBLISH_INITIAL, PUBLISH_REMOVE};
	static const int order[] = {2, 5, 1, 4, 3, 0};
	struct publish_turn turn[6] = {0};
	struct pacing pacing;

	(void)state;
	pacing_init(&pacing);
	for (int i = 0; i < 6; i++)
		pacing_add(&pacing, &turn[i], asked[i]);
	for (int i = 0; i < 6; i++)
		assert_ptr_equal(pacing_take(&pacing), &turn[order[i]]);
	assert_null(pacing_take(&pacing));
}

static void places_move_and_go(void **state)
{
	struct publish_turn a = {0}, b = {0}, c = {0};
	struct pacing pacing;

	(void)state;
	pacing_init(&pacing);
	pacing_add(&pacing, &a, PUBLISH_INITIAL);
	pacing_add(&pacing, &b, PUBLISH_INITIAL);
	pacing_add(&pacing, &a, PUBLISH_INITIAL); // keeps its place
	assert_int_equal(pacing.count, 2);
	pacing_add(&pacing, &b, PUBLISH_REMOVE); // the call has ended: more urgent now
	pacing_add(&pacing, &c, PUBLISH_INITIAL);
	pacing_remove(&pacing, &a);
	pacing_remove(&pacing, &a);
	assert_int_equal(pacing.count, 2);
	assert_ptr_equal(pacing_take(&pacing), &b);
	assert_ptr_equal(pacing_take(&pacing), &c);
	pacing_add(&pacing, &a, PUBLISH_REFRESH); // the tail was kept right
	assert_ptr_equal(pacing_take(&pacing), &a);
	assert_int_equal(pacing.count, 0);
}

static void bucket(void **state)
{
	uint64_t now = 1000 * NS_PER_S, next;
	unsigned int taken = 0;
	struct bucket one;

	(void)state;
	bucket_init(&one, 500, 100, now);
	for (int i = 0; i < 1000; i++)
		taken += bucket_take(&one, now);
	assert_int_equal(taken, 100);
	next = bucket_next_ns(&one, now);
	assert_in_range(next - now, 2 * NS_PER_MS, 2 * NS_PER_MS + 10);
	assert_true(bucket_take(&one, next));
	assert_false(bucket_take(&one, next));
	for (int ms = 0; ms < 10000; ms++) // ten seconds at most 5000 and what was left
		taken += bucket_take(&one, next + (uint64_t)ms * NS_PER_MS);
	assert_in_range(taken, 5050, 5101);
	bucket_change(&one, 1, 1, now + 100 * NS_PER_S);
	assert_true(bucket_take(&one, now + 200 * NS_PER_S));
	assert_false(bucket_take(&one, now + 200 * NS_PER_S));
}

// What left without asking is owed, but no more than a burst.
static void bucket_owes(void **state)
{
	uint64_t now = 1000 * NS_PER_S;
	struct bucket one;

	(void)state;
	bucket_init(&one, 10, 5, now);
	for (int i = 0; i < 1000; i++)
		bucket_charge(&one, now);
	assert_in_range(bucket_next_ns(&one, now) - now, 600 * NS_PER_MS, 600 * NS_PER_MS + 10);
	assert_false(bucket_take(&one, now + 599 * NS_PER_MS));
	assert_true(bucket_take(&one, now + 601 * NS_PER_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urgent_ones_first),
		cmocka_unit_test(places_move_and_go),
		cmocka_unit_test(bucket),
		cmocka_unit_test(bucket_owes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
