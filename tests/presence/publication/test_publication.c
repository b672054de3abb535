// SPDX-License-Identifier: Apache-2.0
// The life of one publication while all goes well. Answers that say something else:
// test_publication_answer.c; no answer: test_publication_unanswered.c; restarts:
// test_publications.c.
#include "config/metric.h"
#include "presence/publication_state.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void one_call(void **state)
{
	(void)state;
	world_start_published();
	assert_true(world_stored(JOHN)->there);
	assert_string_equal(world_stored(JOHN)->record.etag, "a");
	assert_true(world_stored(JOHN)->record.wanted);
	assert_int_equal(world_stored(JOHN)->record.expires_wall_ns, world_last()->at_ns + 600 * S);
	world_go(60 * S);
	world_busy(JOHN, false);
	assert_false(world_stored(JOHN)->record.wanted);
	world_assert_sent(2, PUBLISH_REMOVE, "a");
	world_ok(NULL, 0);
	world_go(MS);
	assert_false(world_stored(JOHN)->there);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
}

// RFC 3903 4.3 and the rule of this engine: 25 minutes at 600 s are two refreshes, each in time,
// whatever the jitter.
static void long_call(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		uint64_t start;

		world_start_published();
		publication_random(world.publications, 1); // other jitter each round
		for (int i = 0; i < round; i++)
			publication_random(world.publications, 1);
		start = clock_mono_ns();
		while (clock_mono_ns() < start + 1500 * S) {
			world_go(S);
			if (world_open(JOHN)) {
				char etag[8];

				assert_int_equal(world_last()->kind, PUBLISH_REFRESH);
				assert_true(world_last()->at_ns -
						    world.sent[world.sent_count - 2].at_ns <=
					    536 * S);
				snprintf(etag, sizeof(etag), "r%zu", world.sent_count);
				world_ok(etag, 600);
			}
		}
		world_busy(JOHN, false);
		assert_int_equal(world_count(PUBLISH_REFRESH), 2);
		world_assert_sent(4, PUBLISH_REMOVE, "r3");
		world_ok(NULL, 0);
		world_stop();
	}
}

static void call_ends_while_initial_is_in_flight(void **state)
{
	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	world_busy(JOHN, false);
	world_go(S);
	assert_int_equal(world.sent_count, 1);
	world_ok("a", 600);
	world_assert_sent(2, PUBLISH_REMOVE, "a");
	assert_int_equal(world_last()->at_ns, clock_mono_ns());
	world_ok(NULL, 0);
	world_stop();
}

static void operator_clears(void **state)
{
	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	world_refuse(404);
	publication_clear(world.publications, world_person(JOHN));
	world_go(5 * MS);
	world_assert_sent(2, PUBLISH_INITIAL, "");
	world_ok("a", 600);
	publication_clear(world.publications, world_person(JOHN));
	world_assert_sent(3, PUBLISH_MODIFY, "a");
	world_ok("b", 600);
	world_stop();
}

// While nobody has a turn, what is published at the registrar ends there by itself.
static void expires_while_it_waits_for_its_turn(void **state)
{
	(void)state;
	world_start_published();
	world.hold_turns = true;
	world_busy("sip:jane@x", true);
	world_busy(JOHN, false);
	assert_int_equal(world.queued, 2);
	world_go(601 * S);
	assert_string_equal(world_state(JOHN), "gone");
	assert_int_equal(world.queued, 1);
	assert_false(world_stored(JOHN)->there);
	world_turns();
	world_go(5 * MS);
	world_assert_sent(2, PUBLISH_INITIAL, "");
	assert_string_equal(world_last()->person, "sip:jane@x");
	world_stop();
}

// A server that needs 5 s and ten changes meanwhile: the last state is what counts.
static void flapping(void **state)
{
	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	for (int i = 0; i < 10; i++) {
		world_busy(JOHN, i % 2);
		world_go(450 * MS);
	}
	world_ok("a", 600); // on the phone, and so is he
	world_go(60 * S);
	assert_int_equal(world.sent_count, 1);
	for (int i = 0; i < 11; i++)
		world_busy(JOHN, i % 2);
	world_assert_sent(2, PUBLISH_REMOVE, "a");
	world_go(5 * S);
	world_ok(NULL, 0);
	world_go(60 * S);
	assert_int_equal(world.sent_count, 2);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
}

static void turn_is_given_back(void **state)
{
	(void)state;
	world_start(true);
	world.hold_turns = true;
	world_busy(JOHN, true);
	assert_int_equal(world.queued, 1);
	world_busy(JOHN, false);
	assert_int_equal(world.queued, 0);
	world_go(MS);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
}

static uint64_t observations(const char *name)
{
	char line[256];
	uint64_t count = 0;
	size_t len = strlen(name);
	FILE *out = tmpfile();

	assert_non_null(out);
	metric_write(out);
	rewind(out);
	while (fgets(line, sizeof(line), out)) {
		if (strncmp(line, name, len) == 0 && strncmp(line + len, "_count ", 7) == 0)
			count = strtoull(line + len + 7, NULL, 10);
	}
	fclose(out);
	return count;
}

// Only what the wire caused counts: not the refresh, not the operator, and a retry only once.
static void delays_are_measured(void **state)
{
	uint64_t sent = observations("offhook_event_to_publish_seconds");
	uint64_t published = observations("offhook_event_to_published_seconds");

	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	assert_int_equal(observations("offhook_event_to_publish_seconds"), sent + 1);
	world_refuse(503);
	assert_int_equal(observations("offhook_event_to_published_seconds"), published);
	world_go(3 * S);
	world_ok("a", 600);
	world_go(540 * S);
	world_ok("b", 600);
	assert_int_equal(observations("offhook_event_to_publish_seconds"), sent + 1);
	assert_int_equal(observations("offhook_event_to_published_seconds"), published + 1);
	world_busy(JOHN, false);
	world_ok(NULL, 0);
	assert_int_equal(observations("offhook_event_to_publish_seconds"), sent + 2);
	assert_int_equal(observations("offhook_event_to_published_seconds"), published + 2);
	// A call that was read back is not of now.
	world_change(JOHN, true, CAUSE_RESTORED);
	world_go(5 * MS);
	world_ok("c", 600);
	assert_int_equal(observations("offhook_event_to_publish_seconds"), sent + 2);
	// What an earlier run left is not what the wire caused.
	world.hold_turns = true;
	world_busy(JOHN, false);
	world_restore(JOHN, "old", 300 * S);
	world_turns();
	assert_string_equal(world_last()->etag, "old");
	assert_int_equal(observations("offhook_event_to_publish_seconds"), sent + 2);
	world_ok(NULL, 0);
	world_turns();
	assert_string_equal(world_last()->etag, "c");
	assert_int_equal(observations("offhook_event_to_publish_seconds"), sent + 3);
	world_stop();
}

static void memory(void **state)
{
	(void)state;
	assert_in_range(sizeof(struct publication), 1, 300 - 32);
}

// A tenth of a long lifetime is more than the least lead.
static void long_lifetime_has_a_long_lead(void **state)
{
	struct publication *publication;

	(void)state;
	world_start(true);
	world.settings.registrar.expires_ns = 3600 * S;
	world_busy(JOHN, true);
	world_go(5 * MS);
	world_ok("a", 3600);
	publication = world_person(JOHN)->publication;
	assert_in_range(publication->refresh_ns - publication->sent_ns, 3240 * S * 95 / 100,
			3240 * S);
	world_stop();
}

static void operator_clears_what_has_no_name(void **state)
{
	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	world_ok(NULL, 600);
	publication_clear(world.publications, world_person(JOHN));
	world_go(5 * MS);
	world_assert_sent(2, PUBLISH_INITIAL, "");
	world_ok("a", 600);
	world_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_call),
		cmocka_unit_test(long_call),
		cmocka_unit_test(call_ends_while_initial_is_in_flight),
		cmocka_unit_test(operator_clears),
		cmocka_unit_test(expires_while_it_waits_for_its_turn),
		cmocka_unit_test(flapping),
		cmocka_unit_test(turn_is_given_back),
		cmocka_unit_test(delays_are_measured),
		cmocka_unit_test(memory),
		cmocka_unit_test(long_lifetime_has_a_long_lead),
		cmocka_unit_test(operator_clears_what_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
