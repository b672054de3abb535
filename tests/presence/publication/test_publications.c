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

// A record that was not wanted any more had no open request whose answer could be lost.
static void restart_with_a_dead_tag(void **state)
{
	struct store_publication record = {.person = JOHN, .etag = "a"};

	(void)state;
	world_start(false);
	record.expires_wall_ns = clock_wall_ns() + 300 * S;
	world_restore_record(&record);
	read_all();
	world_assert_sent(1, PUBLISH_REMOVE, "a");
	world_refuse(412);
	world_go(MS);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
}

// The wall clock was far ahead: no record makes a publication live for longer than a day.
static void restart_with_a_wrong_clock(void **state)
{
	struct publication_view view;

	(void)state;
	world_start(false);
	world_restore(JOHN, "a", 30 * 86400 * S);
	publication_view(world_person(JOHN), &view);
	assert_true(view.expires_ns == clock_mono_ns() + 86400 * S);
	world_stop();
}

// The end of the store's reading is no reason to ask before the registrar wants to be asked.
static void restart_obeys_retry_after(void **state)
{
	struct publish_answer busy = {.status = 503, .retry_after_s = 60};

	(void)state;
	world_start(false);
	world_go(10 * S); // without the store
	world_busy(JOHN, true);
	world_restore(JOHN, "a", 300 * S);
	world_go(3 * S);
	assert_int_equal(world.sent_count, 1);
	world_ok("b", 600);
	world_restore("sip:jane@x", "j", 300 * S);
	world_busy("sip:jane@x", true);
	world_go(2 * S);
	assert_int_equal(world_last()->kind, PUBLISH_MODIFY);
	world_answer(world_open("sip:jane@x"), &busy);
	publications_loaded(world.publications);
	publication_reachable(world.publications);
	world_go(50 * S);
	assert_int_equal(world_open("sip:jane@x"), NULL);
	world_go(11 * S);
	assert_non_null(world_open("sip:jane@x"));
	world_stop();
}

// Whom the registrar refuses can't be waited for, and back-off is of no use any more.
static void stop_in_trouble(void **state)
{
	struct publish_answer busy = {.status = 503, .retry_after_s = 60};

	(void)state;
	world_start_published();
	publication_clear(world.publications, world_person(JOHN));
	world_answer(world_open(JOHN), &busy);
	publications_remove_all(world.publications);
	world_assert_sent(3, PUBLISH_REMOVE, "a");
	assert_false(publications_settled(world.publications));
	world_refuse(403);
	assert_true(publications_settled(world.publications));
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
		cmocka_unit_test(registrar_unreachable),
		cmocka_unit_test(stop),
		cmocka_unit_test(restart_with_a_dead_tag),
		cmocka_unit_test(restart_with_a_wrong_clock),
		cmocka_unit_test(restart_obeys_retry_after),
		cmocka_unit_test(stop_in_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
