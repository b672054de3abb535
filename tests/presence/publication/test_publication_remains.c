// SPDX-License-Identifier: Apache-2.0
// What an earlier run has left, read when this run has published already: to be removed, as far as
// that is possible, beside what is ours.
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

// Calls go first when the store is away at start; what it says later is still cleaned up.
static void store_comes_late(void **state)
{
	(void)state;
	world_start(false);
	world_busy(JOHN, true);
	world_go(10 * S);
	world_assert_sent(1, PUBLISH_INITIAL, "");
	world_ok("new", 600);
	world_restore(JOHN, "old", 300 * S);
	world_assert_sent(2, PUBLISH_REMOVE, "old");
	world_ok(NULL, 0);
	assert_string_equal(world_state(JOHN), "published");
	world_busy(JOHN, false);
	world_assert_sent(3, PUBLISH_REMOVE, "new");
	world_ok(NULL, 0);
	world_stop();
}

// The store says what memory knows: that is nothing to be removed.
static void store_comes_late_with_what_is_ours(void **state)
{
	(void)state;
	world_start_published();
	world_restore(JOHN, "a", 600 * S);
	world_go(500 * S);
	assert_int_equal(world.sent_count, 1);
	world_stop();
}

static void store_comes_while_initial_is_in_flight(void **state)
{
	(void)state;
	world_start(false);
	world_busy(JOHN, true);
	world_go(10 * S);
	world_assert_sent(1, PUBLISH_INITIAL, "");
	world_restore(JOHN, "old", 300 * S);
	world_ok("new", 600);
	world_assert_sent(2, PUBLISH_REMOVE, "old");
	world_ok(NULL, 0);
	assert_string_equal(world_state(JOHN), "published");
	world_stop();
}

// What an earlier run has left can't be removed: that must not keep what is ours from its refresh.
static void refused_remains_are_left(void **state)
{
	static const uint16_t statuses[] = {400, 401, 403, 404, 412, 423, 489};

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		world_start_published();
		world_restore(JOHN, "old", 86400 * S);
		world_assert_sent(2, PUBLISH_REMOVE, "old");
		world_refuse(statuses[i]);
		assert_string_equal(world_state(JOHN), "published");
		world_go(540 * S);
		world_assert_sent(3, PUBLISH_REFRESH, "a");
		world_stop();
	}
}

// The server was in trouble for a moment: once more.
static void remains_get_a_second_chance(void **state)
{
	static const uint16_t statuses[] = {408, 500, 503};

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		world_start_published();
		world_restore(JOHN, "old", 600 * S);
		world_refuse(statuses[i]);
		world_go(2 * S);
		world_assert_sent(3, PUBLISH_REMOVE, "old");
		world_ok(NULL, 0);
		world_go(540 * S);
		world_assert_sent(4, PUBLISH_REFRESH, "a");
		world_stop();
	}
}

// Remains that end while the registrar wants to be left alone.
static void remains_end_by_themselves(void **state)
{
	struct publish_answer busy = {.status = 503, .retry_after_s = 60};

	(void)state;
	world_start_published();
	world_restore(JOHN, "old", 30 * S);
	world_assert_sent(2, PUBLISH_REMOVE, "old");
	world_answer(world_open(JOHN), &busy);
	world_go(500 * S);
	assert_int_equal(world.sent_count, 2);
	world_go(40 * S);
	world_assert_sent(3, PUBLISH_REFRESH, "a");
	world_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(store_comes_late),
		cmocka_unit_test(store_comes_late_with_what_is_ours),
		cmocka_unit_test(store_comes_while_initial_is_in_flight),
		cmocka_unit_test(refused_remains_are_left),
		cmocka_unit_test(remains_get_a_second_chance),
		cmocka_unit_test(remains_end_by_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
