// SPDX-License-Identifier: Apache-2.0
// Requests that nobody answers: what they may have done is known only when time has passed.
#include "config/metric.h"
#include "presence/publication_state.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void initial_times_out(void **state)
{
	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	world_go(32 * S);
	world_busy(JOHN, false);
	world_fail(PUBLISH_TIMEOUT);
	assert_string_equal(world_state(JOHN), "orphan");
	assert_int_equal(metric_value("offhook_publication_orphans", NULL), 1);
	world_go(567 * S);
	assert_string_equal(world_state(JOHN), "orphan");
	assert_true(world_stored(JOHN)->there);
	world_go(2 * S);
	assert_string_equal(world_state(JOHN), "gone");
	assert_int_equal(world.sent_count, 1); // never a remove without a publication
	assert_false(world_stored(JOHN)->there);
	assert_int_equal(metric_value("offhook_publication_orphans", NULL), 0);
	world_stop();
}

static void initial_is_lost_and_still_wanted(void **state)
{
	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	world_fail(PUBLISH_LOST);
	assert_int_equal(world.sent_count, 1);
	world_go(2 * S);
	world_assert_sent(2, PUBLISH_INITIAL, "");
	world_ok("a", 600);
	world_busy(JOHN, false);
	world_assert_sent(3, PUBLISH_REMOVE, "a");
	world_ok(NULL, 0);
	assert_string_equal(world_state(JOHN), "orphan"); // the first may still be there
	world_go(600 * S);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
}

static void refresh_times_out(void **state)
{
	(void)state;
	world_start_published();
	world_go(540 * S);
	world_assert_sent(2, PUBLISH_REFRESH, "a");
	world_go(32 * S);
	world_fail(PUBLISH_TIMEOUT);
	world_go(2 * S);
	world_assert_sent(3, PUBLISH_REFRESH, "a"); // the same tag
	world_ok("b", 600);
	assert_int_equal(metric_value("offhook_publication_orphans", NULL), 0);
	world_stop();
}

static void refresh_times_out_and_its_tag_is_gone(void **state)
{
	(void)state;
	world_start_published();
	world_go(540 * S);
	world_fail(PUBLISH_TIMEOUT);
	world_go(2 * S);
	world_refuse(412);
	world_go(5 * MS);
	world_assert_sent(4, PUBLISH_INITIAL, "");
	// The refresh may have been heard: then its new tag is known to nobody.
	assert_int_equal(metric_value("offhook_publication_orphans", NULL), 1);
	world_stop();
}

static void publication_expires_unrefreshed(void **state)
{
	(void)state;
	world_start_published();
	while (clock_mono_ns() < world.sent[0].at_ns + 650 * S) {
		world_go(100 * MS);
		if (world_open(JOHN) && world_last()->kind == PUBLISH_REFRESH)
			world_fail(PUBLISH_TIMEOUT);
		if (world_last()->kind == PUBLISH_INITIAL && world.sent_count > 1)
			break;
	}
	assert_int_equal(world_last()->kind, PUBLISH_INITIAL);
	assert_in_range(world_last()->at_ns - world.sent[0].at_ns, 600 * S, 640 * S);
	world_stop();
}

// The refresh may have been heard after all: then the lamp is lit under a tag that nobody knows.
static void call_ends_after_a_lost_refresh(void **state)
{
	(void)state;
	world_start_published();
	world_go(540 * S);
	world_assert_sent(2, PUBLISH_REFRESH, "a");
	world_fail(PUBLISH_TIMEOUT);
	world_busy(JOHN, false);
	while (clock_mono_ns() < world.sent[0].at_ns + 610 * S) {
		world_go(S);
		if (world_open(JOHN))
			world_fail(PUBLISH_TIMEOUT);
	}
	assert_string_equal(world_state(JOHN), "orphan");
	assert_true(world_stored(JOHN)->there);
	world_go(world.sent[1].at_ns + 599 * S - clock_mono_ns());
	assert_string_equal(world_state(JOHN), "orphan");
	world_go(2 * S);
	assert_string_equal(world_state(JOHN), "gone");
	assert_false(world_stored(JOHN)->there);
	world_stop();
}

static void expired_publication_is_not_removed(void **state)
{
	(void)state;
	world_start_published();
	world_busy(JOHN, false);
	while (clock_mono_ns() < world.sent[0].at_ns + 700 * S) {
		world_go(S);
		if (world_open(JOHN))
			world_fail(PUBLISH_TIMEOUT);
	}
	assert_true(world_last()->at_ns < world.sent[0].at_ns + 600 * S);
	assert_in_range(world_count(PUBLISH_REMOVE), 5, 15);
	assert_string_equal(world_state(JOHN), "gone");
	assert_false(world_stored(JOHN)->there);
	world_stop();
}

// A year of silence: asked every five minutes or so, and no more often in the end.
static void nobody_ever_answers(void **state)
{
	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	for (int i = 0; i < 300; i++) {
		size_t sent = world.sent_count;

		world_fail(PUBLISH_TIMEOUT);
		world_go(i < 9 ? 1 : 290 * S);
		assert_int_equal(world.sent_count, sent);
		world_go(400 * S);
		assert_int_equal(world.sent_count, sent + 1);
	}
	world_stop();
}

// What was heard after all is certain, and its later end is no orphan's.
static void refresh_is_answered_at_last(void **state)
{
	(void)state;
	world_start_published();
	world_go(540 * S);
	world_fail(PUBLISH_TIMEOUT);
	world_go(2 * S);
	world_ok("b", 600);
	publication_clear(world.publications, world_person(JOHN));
	world_refuse(412);
	assert_int_equal(metric_value("offhook_publication_orphans", NULL), 0);
	world_stop();
}

// An orphan is one until its end, whatever becomes of those beside it.
static void orphan_outlives_the_others(void **state)
{
	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	world_fail(PUBLISH_LOST);
	world_go(2 * S);
	world_ok(NULL, 30); // nobody can name it, but it is brief
	world_go(16 * S);
	world_ok("a", 600);
	publication_clear(world.publications, world_person(JOHN));
	world_refuse(412);
	world_go(5 * MS);
	world_ok("b", 600);
	world_busy(JOHN, false);
	world_ok(NULL, 0);
	world_go(world.sent[0].at_ns + 599 * S - clock_mono_ns());
	assert_string_equal(world_state(JOHN), "orphan");
	world_go(2 * S);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(initial_times_out),
		cmocka_unit_test(initial_is_lost_and_still_wanted),
		cmocka_unit_test(refresh_times_out),
		cmocka_unit_test(refresh_times_out_and_its_tag_is_gone),
		cmocka_unit_test(publication_expires_unrefreshed),
		cmocka_unit_test(call_ends_after_a_lost_refresh),
		cmocka_unit_test(expired_publication_is_not_removed),
		cmocka_unit_test(nobody_ever_answers),
		cmocka_unit_test(refresh_is_answered_at_last),
		cmocka_unit_test(orphan_outlives_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
