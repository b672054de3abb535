// SPDX-License-Identifier: Apache-2.0
// What the store is told of a publication and when, and what an intent alone means after a restart.
#include "presence/publication_state.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void intent_is_stored_first(void **state)
{
	(void)state;
	world_start(true);
	world.store_away = true;
	world_busy(JOHN, true);
	assert_int_equal(world.sent_count, 0);
	assert_true(world_stored(JOHN)->there);
	assert_string_equal(world_stored(JOHN)->record.etag, "");
	assert_int_equal(world_stored(JOHN)->record.expires_wall_ns, clock_wall_ns() + 600 * S);
	world_go(19 * MS);
	assert_int_equal(world.sent_count, 0);
	world_go(MS);
	world_assert_sent(1, PUBLISH_INITIAL, "");
	world_stop();
}

static void call_ends_before_the_intent_is_stored(void **state)
{
	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	world_busy(JOHN, false);
	world_go(30 * MS);
	assert_int_equal(world.sent_count, 0);
	assert_false(world_stored(JOHN)->there);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
}

// Written down at once: nothing is waited for, and the record is the same.
static void intent_in_a_file(void **state)
{
	(void)state;
	world_start(true);
	world.intents = true;
	world_busy(JOHN, true);
	world_assert_sent(1, PUBLISH_INITIAL, "");
	assert_int_equal(world.waiters, 0);
	assert_true(world_stored(JOHN)->there);
	assert_string_equal(world_stored(JOHN)->record.etag, "");
	assert_true(world_stored(JOHN)->record.expires_wall_ns == clock_wall_ns() + 600 * S);
	// The store has lost all: what is under way is told once more.
	world_stored(JOHN)->there = false;
	publications_reassert(world.publications);
	assert_true(world_stored(JOHN)->there);
	assert_true(world_stored(JOHN)->record.wanted);
	world_ok("a", 600);
	assert_string_equal(world_stored(JOHN)->record.etag, "a");
	world_stop();
}

// The call ended while a refresh was open: killed then, its tag may be a dead one, too.
static void call_ends_while_refresh_is_in_flight(void **state)
{
	(void)state;
	world_start_published();
	world_go(540 * S);
	world_assert_sent(2, PUBLISH_REFRESH, "a");
	world_busy(JOHN, false);
	assert_true(world_stored(JOHN)->record.wanted);
	world_ok("b", 600);
	assert_false(world_stored(JOHN)->record.wanted);
	world_stop();
}

static void restart_with_an_intent(void **state)
{
	(void)state;
	world_start(false);
	world_restore(JOHN, "", 300 * S);
	publications_loaded(world.publications);
	world_go(299 * S);
	assert_string_equal(world_state(JOHN), "orphan");
	world_go(2 * S);
	assert_string_equal(world_state(JOHN), "gone");
	assert_int_equal(world.sent_count, 0);
	assert_false(world_stored(JOHN)->there);
	world_stop();
}

// An intent that never got to the store: nobody knows whether the PUBLISH left.
static void restart_with_an_intent_alone(void **state)
{
	uint64_t until;

	(void)state;
	world_start(false);
	until = clock_wall_ns() + 500 * S;
	publication_restore_intent(world.publications, JOHN, until);
	assert_string_equal(world_state(JOHN), "orphan");
	assert_true(world_stored(JOHN)->there);
	assert_true(world_stored(JOHN)->record.expires_wall_ns == until);
	assert_false(world_stored(JOHN)->record.wanted);
	publications_loaded(world.publications);
	world_go(499 * S);
	assert_int_equal(world.sent_count, 0);
	assert_string_equal(world_state(JOHN), "orphan");
	world_go(2 * S);
	assert_string_equal(world_state(JOHN), "gone");
	assert_false(world_stored(JOHN)->there);
	world_stop();
}

// Its 2xx was stored behind it: known by its tag. But one beside an older tag is an orphan, and one
// that has run out is nothing.
static void restart_with_an_intent_and_a_tag(void **state)
{
	(void)state;
	world_start(false);
	world_restore(JOHN, "tag", 600 * S);
	publication_restore_intent(world.publications, JOHN, clock_wall_ns() + 600 * S);
	assert_false(world_person(JOHN)->publication->orphaned);
	publication_restore_intent(world.publications, JOHN, clock_wall_ns() + 700 * S);
	assert_true(world_person(JOHN)->publication->orphaned);
	assert_string_equal(world_stored(JOHN)->record.etag, "tag");
	assert_true(world_stored(JOHN)->record.orphan_wall_ns == clock_wall_ns() + 700 * S);
	publication_restore_intent(world.publications, "sip:jane@x", clock_wall_ns());
	assert_string_equal(world_state("sip:jane@x"), "gone");
	publications_loaded(world.publications);
	world_go(1100 * MS);
	world_assert_sent(1, PUBLISH_REMOVE, "tag");
	world_ok(NULL, 0);
	world_go(700 * S);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
}

// Read after this run has published: what was under way then is another one.
static void restart_with_an_intent_read_late(void **state)
{
	(void)state;
	world_start(true);
	world.intents = true;
	world_busy(JOHN, true);
	publication_restore_intent(world.publications, JOHN, clock_wall_ns() + 300 * S);
	assert_true(world_person(JOHN)->publication->orphaned);
	// The record of the one that is open must not end sooner for it.
	assert_true(world_stored(JOHN)->record.expires_wall_ns == clock_wall_ns() + 600 * S);
	world_ok("a", 600);
	assert_true(world_stored(JOHN)->record.orphan_wall_ns == clock_wall_ns() + 300 * S);
	world_stop();
}

static void lost_store_is_told_again(void **state)
{
	(void)state;
	world_start_published();
	world_stored(JOHN)->there = false;
	publications_reassert(world.publications);
	assert_true(world_stored(JOHN)->there);
	assert_string_equal(world_stored(JOHN)->record.etag, "a");
	world_stop();
}

static void stop_before_the_intent_is_stored(void **state)
{
	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	assert_int_equal(world.waiters, 1);
	world_stop(); // who waits is gone, and is not called
}

// An older orphan that ends later: a record has room for it, an intent has not.
static void intent_beside_an_orphan(void **state)
{
	(void)state;
	world_start(false);
	publication_restore_intent(world.publications, JOHN, clock_wall_ns() + 700 * S);
	world_busy(JOHN, true);
	publications_loaded(world.publications);
	world_go(0);
	assert_int_equal(world.waiters, 1);
	assert_true(world_stored(JOHN)->record.expires_wall_ns == clock_wall_ns() + 700 * S);
	world_stop();
}

// Cut, it would be somebody else's.
static void no_record_of_a_name_too_long(void **state)
{
	char person[STORE_TEXT + 8];

	(void)state;
	memset(person, 'x', sizeof(person) - 1);
	memcpy(person, "sip:", 4);
	person[sizeof(person) - 1] = '\0';
	world_start(true);
	world_busy(person, true);
	world_assert_sent(1, PUBLISH_INITIAL, "");
	world_answer(&world.sent[0],
		     &(struct publish_answer){.status = 200, .etag = "a", .expires_s = 600});
	assert_int_equal(world.store[0].saves, 0);
	world_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intent_is_stored_first),
		cmocka_unit_test(call_ends_before_the_intent_is_stored),
		cmocka_unit_test(intent_in_a_file),
		cmocka_unit_test(call_ends_while_refresh_is_in_flight),
		cmocka_unit_test(restart_with_an_intent),
		cmocka_unit_test(restart_with_an_intent_alone),
		cmocka_unit_test(restart_with_an_intent_and_a_tag),
		cmocka_unit_test(restart_with_an_intent_read_late),
		cmocka_unit_test(lost_store_is_told_again),
		cmocka_unit_test(stop_before_the_intent_is_stored),
		cmocka_unit_test(intent_beside_an_orphan),
		cmocka_unit_test(no_record_of_a_name_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
