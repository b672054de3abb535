// SPDX-License-Identifier: Apache-2.0
// Truth against registrar: what counts as wrong, from when a latency counts, what is confirmed.
#include "bench/calls/lamps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct lamps *lamps;
static struct lamps_result result;
static struct histogram latency[LATENCY_COUNT];

static int begin(void **state)
{
	(void)state;
	lamps = lamps_new(4);
	return lamps == NULL;
}

static int end(void **state)
{
	(void)state;
	lamps_free(lamps);
	return 0;
}

static void a_call_is_late_at_both_ends(void **state)
{
	(void)state;
	lamps_start(lamps, 1, 100, 110); // sent 10 behind its time
	assert_int_equal(lamps_differing(lamps), 1);
	lamps_shown(lamps, 1, true, 150);
	lamps_answered(lamps, 1, 155);
	assert_int_equal(lamps_differing(lamps), 0);
	lamps_end(lamps, 1, 1000, 1000, false);
	lamps_shown(lamps, 1, false, 1030);
	lamps_take(lamps, 2000, &result, latency);
	assert_int_equal(result.starts, 1);
	assert_int_equal(result.starts_shown, 1);
	assert_int_equal(result.ends, 1);
	assert_int_equal(result.ends_shown, 1);
	assert_int_equal(result.busy_ns, 890);
	assert_int_equal(result.wrong_ns, 40 + 30);
	assert_int_equal(latency[LATENCY_START].max, 50);
	assert_int_equal(latency[LATENCY_START_SENT].max, 40);
	assert_int_equal(latency[LATENCY_ANSWER].max, 55);
	assert_int_equal(latency[LATENCY_END].max, 30);
}

static void only_what_was_alone_counts_as_such(void **state)
{
	(void)state;
	lamps_start(lamps, 0, 100, 100);
	lamps_shown(lamps, 0, true, 130);
	lamps_alone(lamps, 0);
	lamps_start(lamps, 1, 200, 270);
	lamps_shown(lamps, 1, true, 290);
	lamps_alone(lamps, 260);
	lamps_alone(lamps, 0); // nothing new
	lamps_take(lamps, 2000, &result, latency);
	assert_int_equal(latency[LATENCY_START].count, 2);
	assert_int_equal(latency[LATENCY_START_ALONE].count, 1);
	assert_int_equal(latency[LATENCY_START_ALONE].max, 30);
}

static void many_calls_are_one_lamp(void **state)
{
	(void)state;
	lamps_start(lamps, 0, 100, 100);
	lamps_shown(lamps, 0, true, 110);
	lamps_start(lamps, 0, 200, 200);
	lamps_end(lamps, 0, 300, 300, false);
	assert_true(lamps_is_busy(lamps, 0));
	lamps_end(lamps, 0, 400, 400, false);
	lamps_shown(lamps, 0, false, 405);
	lamps_take(lamps, 500, &result, latency);
	assert_int_equal(result.busy_ns, 300);
	assert_int_equal(result.wrong_ns, 15);
	assert_int_equal(result.starts, 1);
}

// The end of one call is published after the next has begun.
static void a_gap_counts(void **state)
{
	(void)state;
	lamps_start(lamps, 2, 100, 100);
	lamps_shown(lamps, 2, true, 100);
	lamps_end(lamps, 2, 200, 200, false);
	lamps_start(lamps, 2, 210, 210);
	lamps_shown(lamps, 2, false, 220);
	lamps_shown(lamps, 2, true, 250);
	lamps_take(lamps, 300, &result, latency);
	assert_int_equal(result.wrong_ns, 10 + 30);
	assert_int_equal(result.starts, 2);
	assert_int_equal(result.starts_shown, 2);
	assert_int_equal(result.unasked, 0);
	assert_int_equal(latency[LATENCY_START].max, 40);
}

static void what_was_too_brief_may_be_shown_late(void **state)
{
	(void)state;
	lamps_start(lamps, 0, 100, 100);
	lamps_end(lamps, 0, 105, 105, false);
	lamps_shown(lamps, 0, true, 110);
	lamps_shown(lamps, 0, false, 120);
	lamps_take(lamps, 200, &result, latency);
	assert_int_equal(result.brief, 1);
	assert_int_equal(result.unasked, 1);
	assert_int_equal(result.starts_shown, 0);
	assert_int_equal(result.wrong_ns, 5 + 10);
}

static void ends_that_nobody_saw_are_counted_apart(void **state)
{
	(void)state;
	lamps_start(lamps, 3, 100, 100);
	lamps_shown(lamps, 3, true, 101);
	lamps_end(lamps, 3, 200, 200, true);
	// Not over when it is asked for: goes on counting.
	lamps_take(lamps, 300, &result, latency);
	assert_int_equal(result.unseen_ns, 100);
	assert_int_equal(result.wrong_ns, 101);
	lamps_shown(lamps, 3, false, 450);
	lamps_take(lamps, 500, &result, latency);
	assert_int_equal(result.unseen_ns, 150);
	assert_int_equal(result.wrong_ns, 150);
	assert_int_equal(latency[LATENCY_END].count, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_is_late_at_both_ends),
		TEST(only_what_was_alone_counts_as_such),
		TEST(many_calls_are_one_lamp),
		TEST(a_gap_counts),
		TEST(what_was_too_brief_may_be_shown_late),
		TEST(ends_that_nobody_saw_are_counted_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
