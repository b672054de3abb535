// SPDX-License-Identifier: Apache-2.0
// Restarts of the engine, the machine and the store, and the engine's stop: what an earlier run has
// left is found again, and nothing of this run is left.
#include "presence/publication_state.h"
#include "world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

// To its end, and the first requests have spread.
static void read_all(void)
{
	publications_loaded(world.publications);
	world_go(1100 * MS);
}

static void restart_still_busy(void **state)
{
	(void)state;
	world_start(false);
	world_restore(JOHN, "old", 300 * S);
	world_busy(JOHN, true);
	world_go(S);
	assert_int_equal(world.sent_count, 0); // the store is still being read
	read_all();
	world_assert_sent(1, PUBLISH_MODIFY, "old");
	world_ok("new", 600);
	world_go(540 * S);
	world_assert_sent(2, PUBLISH_REFRESH, "new");
	world_stop();
}

// Who would go dark first is asked for first: turns are few after a restart. Also when the store
// took its time, and with a lifetime that nobody here would have asked for.
static void restart_in_the_order_of_ends(void **state)
{
	static const struct {
		const char *person;
		uint64_t left_s;
	} records[] = {
		{"sip:c@x", 300}, {"sip:a@x", 40},  {"sip:f@x", 80000},
		{"sip:b@x", 299}, {"sip:e@x", 599}, {"sip:d@x", 301},
	};
	static const char *const order[] = {"sip:a@x", "sip:b@x", "sip:c@x",
					    "sip:d@x", "sip:e@x", "sip:f@x"};

	for (uint64_t reading_s = 0; reading_s <= 3; reading_s += 3) {
		world_start(false);
		for (size_t i = 0; i < 6; i++) {
			world_restore(records[i].person, "tag", records[i].left_s * S);
			world_busy(records[i].person, true);
		}
		world_go(reading_s * S);
		read_all();
		assert_int_equal(world.sent_count, 6);
		for (size_t i = 0; i < 6; i++)
			assert_string_equal(world.sent[i].person, order[i]);
		world_stop();
	}
}

// Killed between the answer to a refresh and its record: the new tag is nobody's.
static void restart_with_an_old_tag(void **state)
{
	(void)state;
	world_start(false);
	world_restore(JOHN, "old", 300 * S);
	world_busy(JOHN, true);
	read_all();
	world_assert_sent(1, PUBLISH_MODIFY, "old");
	world_refuse(412);
	assert_true(world_person(JOHN)->publication->orphaned);
	world_go(5 * MS);
	world_assert_sent(2, PUBLISH_INITIAL, "");
	world_ok("new", 600);
	// It is remembered beside what is published.
	assert_string_equal(world_stored(JOHN)->record.etag, "new");
	assert_true(world_stored(JOHN)->record.orphan_wall_ns > clock_wall_ns() + 590 * S);
	world_busy(JOHN, false);
	world_go(5 * MS);
	world_ok(NULL, 0);
	assert_string_equal(world_state(JOHN), "orphan");
	world_go(600 * S);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
}

// An orphan of one run before the last.
static void restart_with_an_orphan(void **state)
{
	struct store_publication record = {.person = JOHN, .etag = "a"};

	(void)state;
	world_start(false);
	record.expires_wall_ns = clock_wall_ns() + 300 * S;
	record.orphan_wall_ns = clock_wall_ns() + 400 * S;
	world_restore_record(&record);
	read_all();
	world_assert_sent(1, PUBLISH_REMOVE, "a");
	world_ok(NULL, 0);
	assert_string_equal(world_state(JOHN), "orphan");
	assert_true(world_stored(JOHN)->there);
	world_go(400 * S);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
}

// What had a name is over, the orphan beside it is not.
static void restart_with_nothing_but_an_orphan(void **state)
{
	struct store_publication record = {.person = JOHN, .etag = "a"};

	(void)state;
	world_start(false);
	record.expires_wall_ns = clock_wall_ns() - S;
	record.orphan_wall_ns = clock_wall_ns() + 400 * S;
	world_restore_record(&record);
	read_all();
	assert_int_equal(world.sent_count, 0);
	assert_string_equal(world_state(JOHN), "orphan");
	world_go(400 * S);
	assert_string_equal(world_state(JOHN), "gone");
	assert_false(world_stored(JOHN)->there);
	world_stop();
}

// What had a name was over before the machine started: no instant of the monotonic clock. Both
// clocks are the machine's here, because the tests' one can't have that.
static void restart_of_the_machine(void **state)
{
	struct store_publication record = {.person = JOHN, .etag = "a", .expires_wall_ns = S};
	struct publication_view view;

	(void)state;
	world_start(false);
	clock_release();
	record.orphan_wall_ns = clock_wall_ns() + 400 * S;
	publication_restore(world.publications, &record);
	publication_view(world_person(JOHN), &view);
	assert_string_equal(view.state, "orphan");
	assert_true(view.orphan_until_ns <= clock_mono_ns() + 400 * S);
	world_stop();
}

// The last call was over, but the next one has begun before the store was read.
static void restart_with_a_new_call(void **state)
{
	struct store_publication record = {.person = JOHN, .etag = "a"};

	(void)state;
	world_start(false);
	record.expires_wall_ns = clock_wall_ns() + 300 * S;
	store_save_publication(NULL, &record, 0, NULL, NULL);
	world_busy(JOHN, true);
	publication_restore(world.publications, &record);
	assert_true(world_stored(JOHN)->record.wanted);
	read_all();
	world_assert_sent(1, PUBLISH_MODIFY, "a");
	world_stop();
}

static void restart_call_is_over(void **state)
{
	(void)state;
	world_start(false);
	world_restore(JOHN, "old", 300 * S);
	read_all();
	world_assert_sent(1, PUBLISH_REMOVE, "old");
	world_ok(NULL, 0);
	world_go(MS);
	assert_string_equal(world_state(JOHN), "gone");
	assert_false(world_stored(JOHN)->there);
	world_stop();
}

// A large estate takes longer than the patience with a store that says nothing: who goes on talking
// must not be taken for somebody who has hung up, because his call comes later than his
// publication.
static void restart_reads_for_long(void **state)
{
	(void)state;
	world_start(false);
	world_restore(JOHN, "a", 300 * S);
	for (int i = 0; i < 10; i++) {
		world_go(3 * S);
		publications_reading(world.publications);
	}
	assert_int_equal(world.sent_count, 0);
	world_busy(JOHN, true);
	read_all();
	world_assert_sent(1, PUBLISH_MODIFY, "a");
	world_stop();
}

// The store took so long to begin that calls went first; what it says then waits for its end.
static void restart_reads_late(void **state)
{
	(void)state;
	world_start(false);
	world_go(10 * S);
	world_restore(JOHN, "a", 300 * S);
	world_go(3 * S);
	assert_int_equal(world.sent_count, 0);
	world_busy(JOHN, true);
	read_all();
	world_assert_sent(1, PUBLISH_MODIFY, "a");
	world_stop();
}

static void restart_too_late(void **state)
{
	(void)state;
	world_start(false);
	world_restore(JOHN, "old", 0);
	publications_loaded(world.publications);
	world_go(S);
	assert_int_equal(world.sent_count, 0);
	assert_string_equal(world_state(JOHN), "gone");
	assert_false(world_stored(JOHN)->there);
	world_stop();
}

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

static void registrar_unreachable(void **state)
{
	(void)state;
	world_start(true);
	world.send_error = -ENOTCONN;
	world_busy(JOHN, true);
	world_go(100 * S);
	assert_int_equal(world.sent_count, 0);
	assert_string_equal(world_state(JOHN), "waiting");
	assert_false(world_stored(JOHN)->there); // nothing can be published
	world.send_error = 0;
	publication_reachable(world.publications);
	world_go(5 * MS);
	world_assert_sent(1, PUBLISH_INITIAL, "");
	world_stop();
}

static void stop(void **state)
{
	(void)state;
	world_start_published();
	world_busy("sip:jane@x", true);
	world_go(5 * MS);
	publications_remove_all(world.publications);
	assert_false(publications_settled(world.publications));
	world_assert_sent(3, PUBLISH_REMOVE, "a");
	world_ok(NULL, 0);
	assert_false(publications_settled(world.publications)); // Jane's initial is in flight
	world_answer(world_open("sip:jane@x"),
		     &(struct publish_answer){.status = 200, .etag = "j", .expires_s = 600});
	world_assert_sent(4, PUBLISH_REMOVE, "j");
	world_busy("sip:jack@x", true); // too late
	world_answer(world_open("sip:jane@x"), &(struct publish_answer){.status = 200});
	assert_true(publications_settled(world.publications));
	assert_int_equal(world.sent_count, 4);
	world_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restart_still_busy),
		cmocka_unit_test(restart_in_the_order_of_ends),
		cmocka_unit_test(restart_with_an_old_tag),
		cmocka_unit_test(restart_with_an_orphan),
		cmocka_unit_test(restart_with_nothing_but_an_orphan),
		cmocka_unit_test(restart_of_the_machine),
		cmocka_unit_test(restart_with_a_new_call),
		cmocka_unit_test(restart_call_is_over),
		cmocka_unit_test(restart_reads_for_long),
		cmocka_unit_test(restart_reads_late),
		cmocka_unit_test(restart_too_late),
		cmocka_unit_test(store_comes_late),
		cmocka_unit_test(refused_remains_are_left),
		cmocka_unit_test(remains_get_a_second_chance),
		cmocka_unit_test(registrar_unreachable),
		cmocka_unit_test(stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
