// SPDX-License-Identifier: Apache-2.0
// The life of one publication, answer by answer.
#include "config/metric.h"
#include "presence/publication_state.h"
#include "world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define JOHN "sip:john@x"
#define S    NS_PER_S
#define MS   NS_PER_MS

static void assert_sent(size_t count, enum publish_kind kind, const char *etag)
{
	assert_int_equal(world.sent_count, count);
	assert_int_equal(world_last()->kind, kind);
	assert_string_equal(world_last()->etag, etag);
}

// On the phone and published with tag "a" for 600 s.
static void start_published(void)
{
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	assert_sent(1, PUBLISH_INITIAL, "");
	assert_int_equal(world_last()->expires_s, 600);
	world_ok("a", 600);
	assert_string_equal(world_state(JOHN), "published");
}

static void one_call(void **state)
{
	(void)state;
	start_published();
	assert_true(world_stored(JOHN)->there);
	assert_string_equal(world_stored(JOHN)->record.etag, "a");
	assert_true(world_stored(JOHN)->record.wanted);
	assert_int_equal(world_stored(JOHN)->record.expires_wall_ns, world_last()->at_ns + 600 * S);
	world_go(60 * S);
	world_busy(JOHN, false);
	assert_false(world_stored(JOHN)->record.wanted);
	assert_sent(2, PUBLISH_REMOVE, "a");
	world_ok(NULL, 0);
	world_go(MS);
	assert_false(world_stored(JOHN)->there);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
}

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
	assert_sent(1, PUBLISH_INITIAL, "");
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

// RFC 3903 4.3 and the rule of this engine: 25 minutes at 600 s are two refreshes, each in time,
// whatever the jitter.
static void long_call(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		uint64_t start;

		start_published();
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
		assert_sent(4, PUBLISH_REMOVE, "r3");
		world_ok(NULL, 0);
		world_stop();
	}
}

static void shorter_lifetime_is_followed(void **state)
{
	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	world_ok("a", 120);
	world_go(56 * S); // lead at most half of it, jitter at most 5 % earlier
	assert_int_equal(world.sent_count, 1);
	world_go(4 * S);
	assert_sent(2, PUBLISH_REFRESH, "a");
	world_stop();
}

static const struct {
	const char *name;
	uint32_t expires_s;
	uint64_t least_s, most_s; // until the refresh
} lifetimes[] = {
	{"as asked", 600, 509, 536},
	{"longer than asked", 4000000000u, 509, 536},
	{"half a minute", 30, 14, 15},
	{"two seconds", 2, 1, 1},
	{"one second: a refresh a second at most", 1, 1, 1},
};

static void lifetimes_are_bounded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lifetimes) / sizeof(lifetimes[0]); i++) {
		struct publication *publication;
		uint64_t wait;

		world_start(true);
		world_busy(JOHN, true);
		world_go(5 * MS);
		world_ok("a", lifetimes[i].expires_s);
		publication = world_person(JOHN)->publication;
		wait = publication->refresh_ns - publication->sent_ns;
		assert_in_range(wait, lifetimes[i].least_s * S * 95 / 100, lifetimes[i].most_s * S);
		assert_true(publication->expires_ns <= publication->sent_ns + 600 * S);
		world_stop();
	}
}

static void granted_nothing(void **state)
{
	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	world_ok("a", 0);
	assert_string_equal(world_state(JOHN), "waiting");
	assert_int_equal(world.sent_count, 1);
	world_go(2 * S);
	assert_sent(2, PUBLISH_INITIAL, "");
	world_ok("b", 0); // and again: asked less and less often
	world_go(1900 * MS);
	assert_int_equal(world.sent_count, 2);
	world_go(500 * MS);
	assert_sent(3, PUBLISH_INITIAL, "");
	world_ok("c", 600);
	world_stop();
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
	assert_sent(2, PUBLISH_REMOVE, "a");
	assert_int_equal(world_last()->at_ns, clock_mono_ns());
	world_ok(NULL, 0);
	world_stop();
}

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
	assert_sent(2, PUBLISH_INITIAL, "");
	world_ok("a", 600);
	world_busy(JOHN, false);
	assert_sent(3, PUBLISH_REMOVE, "a");
	world_ok(NULL, 0);
	assert_string_equal(world_state(JOHN), "orphan"); // the first may still be there
	world_go(600 * S);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
}

static void refresh_times_out(void **state)
{
	(void)state;
	start_published();
	world_go(540 * S);
	assert_sent(2, PUBLISH_REFRESH, "a");
	world_go(32 * S);
	world_fail(PUBLISH_TIMEOUT);
	world_go(2 * S);
	assert_sent(3, PUBLISH_REFRESH, "a"); // the same tag
	world_ok("b", 600);
	assert_int_equal(metric_value("offhook_publication_orphans", NULL), 0);
	world_stop();
}

static void refresh_times_out_and_its_tag_is_gone(void **state)
{
	(void)state;
	start_published();
	world_go(540 * S);
	world_fail(PUBLISH_TIMEOUT);
	world_go(2 * S);
	world_refuse(412);
	world_go(5 * MS);
	assert_sent(4, PUBLISH_INITIAL, "");
	// The refresh may have been heard: then its new tag is known to nobody.
	assert_int_equal(metric_value("offhook_publication_orphans", NULL), 1);
	world_stop();
}

static void publication_expires_unrefreshed(void **state)
{
	(void)state;
	start_published();
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
	start_published();
	world_go(540 * S);
	assert_sent(2, PUBLISH_REFRESH, "a");
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
	start_published();
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

static void tag_is_unknown(void **state)
{
	(void)state;
	start_published();
	world_go(540 * S);
	assert_sent(2, PUBLISH_REFRESH, "a");
	world_refuse(412);
	world_go(5 * MS);
	assert_sent(3, PUBLISH_INITIAL, ""); // at once
	world_refuse(412);
	world_go(900 * MS);
	assert_int_equal(world.sent_count, 3); // but not in a loop
	world_go(S);
	assert_sent(4, PUBLISH_INITIAL, "");
	world_ok("b", 600);
	world_stop();
}

static void tag_is_unknown_and_nobody_cares(void **state)
{
	(void)state;
	start_published();
	world_busy(JOHN, false);
	world_refuse(412);
	world_go(MS);
	assert_sent(2, PUBLISH_REMOVE, "a");
	assert_string_equal(world_state(JOHN), "gone");
	assert_false(world_stored(JOHN)->there);
	world_stop();
}

static void always_412(void **state)
{
	(void)state;
	start_published();
	world_go(540 * S);
	for (int i = 0; i < 3600; i++) {
		if (world_open(JOHN))
			world_refuse(412);
		world_go(S);
	}
	// doubled from 1 s to 5 min: 9 in the first 8.5 minutes, then one in 5 minutes or more
	assert_in_range(world.sent_count, 10, 24);
	world_stop();
}

// Kamailio says 500 for a tag that is not of its form.
static void foreign_tag_gets_500(void **state)
{
	(void)state;
	start_published();
	world_go(540 * S);
	world_refuse(500);
	world_go(2 * S);
	assert_sent(3, PUBLISH_REFRESH, "a"); // it may have been in trouble for a moment
	world_refuse(500);
	world_go(5 * MS);
	assert_sent(4, PUBLISH_INITIAL, "");
	world_ok("b", 600);
	world_stop();
}

// A server that says when it will be well again knows the tag, for all that can be told.
static void retry_after_500(void **state)
{
	struct publish_answer answer = {.status = 500, .retry_after_s = 20};

	(void)state;
	start_published();
	world_go(530 * S);
	for (size_t sent = 2; sent < 4; sent++) {
		assert_sent(sent, PUBLISH_REFRESH, "a");
		world_answer(world_open(JOHN), &answer);
		world_go(19 * S);
		assert_int_equal(world.sent_count, sent);
		world_go(2 * S);
	}
	assert_sent(4, PUBLISH_REFRESH, "a");
	world_stop();
}

static void too_brief(void **state)
{
	struct publish_answer answer = {.status = 423, .min_expires_s = 1800};

	(void)state;
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	world_answer(world_open(JOHN), &answer);
	world_go(5 * MS);
	assert_sent(2, PUBLISH_INITIAL, "");
	assert_int_equal(world_last()->expires_s, 1800);
	assert_true(world_stored(JOHN)->record.expires_wall_ns >= world_last()->at_ns + 1795 * S);
	answer.min_expires_s = 3600;
	world_answer(world_open(JOHN), &answer); // moves the goal: not at once
	world_go(500 * MS);
	assert_int_equal(world.sent_count, 2);
	world_stop();
}

// The operator asks for more than the registrar's least, and then for less.
static void too_brief_for_the_settings(void **state)
{
	struct publish_answer answer = {.status = 423, .min_expires_s = 900};
	static const uint32_t set_s[] = {1800, 600}, expected_s[] = {1800, 900};

	(void)state;
	start_published();
	publication_clear(world.publications, world_person(JOHN));
	world_answer(world_open(JOHN), &answer);
	assert_int_equal(world_last()->expires_s, 900);
	world_ok("b", 900);
	for (size_t i = 0; i < 2; i++) {
		world.settings.registrar.expires_ns = set_s[i] * S;
		publication_clear(world.publications, world_person(JOHN));
		assert_int_equal(world_last()->expires_s, expected_s[i]);
		world_ok("c", expected_s[i]);
	}
	world_stop();
}

static void absurd_min_expires(void **state)
{
	static const uint32_t values[] = {0, 1, 600, 86401, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct publish_answer answer = {.status = 423, .min_expires_s = values[i]};

		world_start(true);
		world_busy(JOHN, true);
		world_go(5 * MS);
		world_answer(world_open(JOHN), &answer);
		world_go(500 * MS);
		assert_int_equal(world.sent_count, 1);
		world_go(2 * S);
		assert_int_equal(world.sent_count, 2);
		assert_int_equal(world_last()->expires_s, 600);
		world_stop();
	}
}

static void retry_after(void **state)
{
	static const struct {
		uint16_t status;
		uint32_t retry_s;
		uint64_t wait_s;
	} table[] = {
		{503, 30, 30}, {480, 7, 7}, {486, 9, 9}, {600, 20, 20}, {503, UINT32_MAX, 3600},
		{503, 0, 1},   {408, 0, 1}, {400, 0, 1}, {301, 0, 1},   {999, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct publish_answer answer = {.status = table[i].status,
						.retry_after_s = table[i].retry_s};

		world_start(true);
		world_busy(JOHN, true);
		world_go(5 * MS);
		world_answer(world_open(JOHN), &answer);
		assert_false(world_stored(JOHN)->there); // the intent came to nothing
		world_go(table[i].wait_s * S - 10 * MS);
		assert_int_equal(world.sent_count, 1);
		world_go(200 * MS);
		assert_int_equal(world.sent_count, 2);
		world_stop();
	}
}

static void refused_person_is_suspended(void **state)
{
	static const uint16_t statuses[] = {403, 404, 415, 489};

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		world_start(true);
		world_busy(JOHN, true);
		world_go(5 * MS);
		world_refuse(statuses[i]);
		assert_string_equal(world_state(JOHN), "suspended");
		assert_int_equal(metric_value("offhook_publication_suspended", NULL), 1);
		world_busy(JOHN, false);
		world_go(60 * S);
		world_busy(JOHN, true); // the next call does not try again
		world_go(3400 * S);
		assert_int_equal(world.sent_count, 1);
		world_go(200 * S);
		assert_sent(2, PUBLISH_INITIAL, "");
		assert_int_equal(metric_value("offhook_publication_suspended", NULL), 0);
		world_stop();
	}
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
	assert_sent(2, PUBLISH_INITIAL, "");
	world_ok("a", 600);
	publication_clear(world.publications, world_person(JOHN));
	assert_sent(3, PUBLISH_MODIFY, "a");
	world_ok("b", 600);
	world_stop();
}

static void no_usable_tag(void **state)
{
	(void)state;
	for (int refused = 0; refused < 2; refused++) {
		struct publish_answer answer = {
			.status = 200, .expires_s = 600, .etag_refused = refused == 1};

		world_start(true);
		world_busy(JOHN, true);
		world_go(5 * MS);
		world_answer(world_open(JOHN), &answer);
		assert_string_equal(world_state(JOHN), "published");
		world_go(500 * S);
		assert_int_equal(world.sent_count, 1);
		world_go(90 * S);
		assert_sent(2, PUBLISH_INITIAL, "");
		world_answer(world_open(JOHN), &answer);
		world_busy(JOHN, false);
		world_go(510 * S);
		assert_int_equal(world.sent_count, 2); // nothing to remove it by
		assert_non_null(world_person(JOHN));
		world_go(60 * S);
		assert_string_equal(world_state(JOHN), "gone");
		world_stop();
	}
}

// A server that forgets the tag in the answer to a refresh: the old one may still do.
static void refresh_without_a_new_tag(void **state)
{
	(void)state;
	start_published();
	world_go(540 * S);
	assert_sent(2, PUBLISH_REFRESH, "a");
	world_ok(NULL, 600);
	world_busy(JOHN, false);
	assert_sent(3, PUBLISH_REMOVE, "a");
	world_refuse(412); // it had given out another one
	world_go(S);
	assert_string_equal(world_state(JOHN), "orphan");
	world_go(600 * S);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
}

// While nobody has a turn, what is published at the registrar ends there by itself.
static void expires_while_it_waits_for_its_turn(void **state)
{
	(void)state;
	start_published();
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
	assert_sent(2, PUBLISH_INITIAL, "");
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
	assert_sent(2, PUBLISH_REMOVE, "a");
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
	assert_sent(1, PUBLISH_INITIAL, "");
	world_stop();
}

static void restore_of(const char *person, const char *etag, uint64_t expires_ns)
{
	struct store_publication record = {.display = "John Doe", .wanted = true};

	snprintf(record.person, sizeof(record.person), "%s", person);
	snprintf(record.etag, sizeof(record.etag), "%s", etag);
	record.expires_wall_ns = clock_wall_ns() + expires_ns;
	store_save_publication(NULL, &record, 0, NULL, NULL);
	publication_restore(world.publications, &record);
}

static void restore(const char *etag, uint64_t expires_ns)
{
	restore_of(JOHN, etag, expires_ns);
}

// Written down at once: nothing is waited for, and the record is the same.
static void intent_in_a_file(void **state)
{
	(void)state;
	world_start(true);
	world.intents = true;
	world_busy(JOHN, true);
	assert_sent(1, PUBLISH_INITIAL, "");
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
	restore("tag", 600 * S);
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
	assert_sent(1, PUBLISH_REMOVE, "tag");
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

static void restart_still_busy(void **state)
{
	(void)state;
	world_start(false);
	restore("old", 300 * S);
	world_busy(JOHN, true);
	world_go(S);
	assert_int_equal(world.sent_count, 0); // the store is still being read
	publications_loaded(world.publications);
	world_go(1100 * MS);
	assert_sent(1, PUBLISH_MODIFY, "old");
	world_ok("new", 600);
	world_go(540 * S);
	assert_sent(2, PUBLISH_REFRESH, "new");
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
			restore_of(records[i].person, "tag", records[i].left_s * S);
			world_busy(records[i].person, true);
		}
		world_go(reading_s * S);
		publications_loaded(world.publications);
		world_go(1100 * MS);
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
	restore("old", 300 * S);
	world_busy(JOHN, true);
	publications_loaded(world.publications);
	world_go(1100 * MS);
	assert_sent(1, PUBLISH_MODIFY, "old");
	world_refuse(412);
	assert_true(world_person(JOHN)->publication->orphaned);
	world_go(5 * MS);
	assert_sent(2, PUBLISH_INITIAL, "");
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

// The call ended while a refresh was open: killed then, its tag may be a dead one, too.
static void call_ends_while_refresh_is_in_flight(void **state)
{
	(void)state;
	start_published();
	world_go(540 * S);
	assert_sent(2, PUBLISH_REFRESH, "a");
	world_busy(JOHN, false);
	assert_true(world_stored(JOHN)->record.wanted);
	world_ok("b", 600);
	assert_false(world_stored(JOHN)->record.wanted);
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
	store_save_publication(NULL, &record, 0, NULL, NULL);
	publication_restore(world.publications, &record);
	publications_loaded(world.publications);
	world_go(1100 * MS);
	assert_sent(1, PUBLISH_REMOVE, "a");
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
	store_save_publication(NULL, &record, 0, NULL, NULL);
	publication_restore(world.publications, &record);
	publications_loaded(world.publications);
	world_go(1100 * MS);
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
	publications_loaded(world.publications);
	world_go(1100 * MS);
	assert_sent(1, PUBLISH_MODIFY, "a");
	world_stop();
}

static void restart_call_is_over(void **state)
{
	(void)state;
	world_start(false);
	restore("old", 300 * S);
	publications_loaded(world.publications);
	world_go(1100 * MS);
	assert_sent(1, PUBLISH_REMOVE, "old");
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
	restore("a", 300 * S);
	for (int i = 0; i < 10; i++) {
		world_go(3 * S);
		publications_reading(world.publications);
	}
	assert_int_equal(world.sent_count, 0);
	world_busy(JOHN, true);
	publications_loaded(world.publications);
	world_go(1100 * MS);
	assert_sent(1, PUBLISH_MODIFY, "a");
	world_stop();
}

// The store took so long to begin that calls went first; what it says then waits for its end.
static void restart_reads_late(void **state)
{
	(void)state;
	world_start(false);
	world_go(10 * S);
	restore("a", 300 * S);
	world_go(3 * S);
	assert_int_equal(world.sent_count, 0);
	world_busy(JOHN, true);
	publications_loaded(world.publications);
	world_go(1100 * MS);
	assert_sent(1, PUBLISH_MODIFY, "a");
	world_stop();
}

static void restart_with_an_intent(void **state)
{
	(void)state;
	world_start(false);
	restore("", 300 * S);
	publications_loaded(world.publications);
	world_go(299 * S);
	assert_string_equal(world_state(JOHN), "orphan");
	world_go(2 * S);
	assert_string_equal(world_state(JOHN), "gone");
	assert_int_equal(world.sent_count, 0);
	assert_false(world_stored(JOHN)->there);
	world_stop();
}

static void restart_too_late(void **state)
{
	(void)state;
	world_start(false);
	restore("old", 0);
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
	assert_sent(1, PUBLISH_INITIAL, "");
	world_ok("new", 600);
	restore("old", 300 * S);
	assert_sent(2, PUBLISH_REMOVE, "old");
	world_ok(NULL, 0);
	assert_string_equal(world_state(JOHN), "published");
	world_busy(JOHN, false);
	assert_sent(3, PUBLISH_REMOVE, "new");
	world_ok(NULL, 0);
	world_stop();
}

// What an earlier run has left can't be removed: that must not keep what is ours from its refresh.
static void refused_remains_are_left(void **state)
{
	static const uint16_t statuses[] = {400, 401, 403, 404, 412, 423, 489};

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		start_published();
		restore("old", 86400 * S);
		assert_sent(2, PUBLISH_REMOVE, "old");
		world_refuse(statuses[i]);
		assert_string_equal(world_state(JOHN), "published");
		world_go(540 * S);
		assert_sent(3, PUBLISH_REFRESH, "a");
		world_stop();
	}
}

// The server was in trouble for a moment: once more.
static void remains_get_a_second_chance(void **state)
{
	static const uint16_t statuses[] = {408, 500, 503};

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		start_published();
		restore("old", 600 * S);
		world_refuse(statuses[i]);
		world_go(2 * S);
		assert_sent(3, PUBLISH_REMOVE, "old");
		world_ok(NULL, 0);
		world_go(540 * S);
		assert_sent(4, PUBLISH_REFRESH, "a");
		world_stop();
	}
}

static void stop(void **state)
{
	(void)state;
	start_published();
	world_busy("sip:jane@x", true);
	world_go(5 * MS);
	publications_remove_all(world.publications);
	assert_false(publications_settled(world.publications));
	assert_sent(3, PUBLISH_REMOVE, "a");
	world_ok(NULL, 0);
	assert_false(publications_settled(world.publications)); // Jane's initial is in flight
	world_answer(world_open("sip:jane@x"),
		     &(struct publish_answer){.status = 200, .etag = "j", .expires_s = 600});
	assert_sent(4, PUBLISH_REMOVE, "j");
	world_busy("sip:jack@x", true); // too late
	world_answer(world_open("sip:jane@x"), &(struct publish_answer){.status = 200});
	assert_true(publications_settled(world.publications));
	assert_int_equal(world.sent_count, 4);
	world_stop();
}

static void lost_store_is_told_again(void **state)
{
	(void)state;
	start_published();
	world_stored(JOHN)->there = false;
	publications_reassert(world.publications);
	assert_true(world_stored(JOHN)->there);
	assert_string_equal(world_stored(JOHN)->record.etag, "a");
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
	world_stop();
}

static void memory(void **state)
{
	(void)state;
	assert_in_range(sizeof(struct publication), 1, 300 - 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_call),
		cmocka_unit_test(intent_is_stored_first),
		cmocka_unit_test(call_ends_before_the_intent_is_stored),
		cmocka_unit_test(long_call),
		cmocka_unit_test(shorter_lifetime_is_followed),
		cmocka_unit_test(lifetimes_are_bounded),
		cmocka_unit_test(granted_nothing),
		cmocka_unit_test(call_ends_while_initial_is_in_flight),
		cmocka_unit_test(initial_times_out),
		cmocka_unit_test(initial_is_lost_and_still_wanted),
		cmocka_unit_test(refresh_times_out),
		cmocka_unit_test(refresh_times_out_and_its_tag_is_gone),
		cmocka_unit_test(publication_expires_unrefreshed),
		cmocka_unit_test(call_ends_after_a_lost_refresh),
		cmocka_unit_test(expired_publication_is_not_removed),
		cmocka_unit_test(tag_is_unknown),
		cmocka_unit_test(tag_is_unknown_and_nobody_cares),
		cmocka_unit_test(always_412),
		cmocka_unit_test(foreign_tag_gets_500),
		cmocka_unit_test(retry_after_500),
		cmocka_unit_test(too_brief),
		cmocka_unit_test(too_brief_for_the_settings),
		cmocka_unit_test(absurd_min_expires),
		cmocka_unit_test(retry_after),
		cmocka_unit_test(refused_person_is_suspended),
		cmocka_unit_test(operator_clears),
		cmocka_unit_test(no_usable_tag),
		cmocka_unit_test(refresh_without_a_new_tag),
		cmocka_unit_test(expires_while_it_waits_for_its_turn),
		cmocka_unit_test(flapping),
		cmocka_unit_test(turn_is_given_back),
		cmocka_unit_test(registrar_unreachable),
		cmocka_unit_test(intent_in_a_file),
		cmocka_unit_test(restart_with_an_intent_alone),
		cmocka_unit_test(restart_with_an_intent_and_a_tag),
		cmocka_unit_test(restart_with_an_intent_read_late),
		cmocka_unit_test(restart_still_busy),
		cmocka_unit_test(restart_in_the_order_of_ends),
		cmocka_unit_test(restart_with_an_old_tag),
		cmocka_unit_test(restart_with_an_orphan),
		cmocka_unit_test(restart_of_the_machine),
		cmocka_unit_test(restart_with_a_new_call),
		cmocka_unit_test(restart_with_nothing_but_an_orphan),
		cmocka_unit_test(call_ends_while_refresh_is_in_flight),
		cmocka_unit_test(restart_call_is_over),
		cmocka_unit_test(restart_reads_for_long),
		cmocka_unit_test(restart_reads_late),
		cmocka_unit_test(restart_with_an_intent),
		cmocka_unit_test(restart_too_late),
		cmocka_unit_test(store_comes_late),
		cmocka_unit_test(refused_remains_are_left),
		cmocka_unit_test(remains_get_a_second_chance),
		cmocka_unit_test(stop),
		cmocka_unit_test(lost_store_is_told_again),
		cmocka_unit_test(delays_are_measured),
		cmocka_unit_test(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
