// SPDX-License-Identifier: Apache-2.0
// What becomes of a publication, answer by answer.
#include "config/metric.h"
#include "presence/publication_state.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void tag_is_unknown(void **state)
{
	(void)state;
	world_start_published();
	world_go(540 * S);
	world_assert_sent(2, PUBLISH_REFRESH, "a");
	world_refuse(412);
	world_go(5 * MS);
	world_assert_sent(3, PUBLISH_INITIAL, ""); // at once
	world_refuse(412);
	world_go(900 * MS);
	assert_int_equal(world.sent_count, 3); // but not in a loop
	world_go(S);
	world_assert_sent(4, PUBLISH_INITIAL, "");
	world_ok("b", 600);
	world_stop();
}

static void tag_is_unknown_and_nobody_cares(void **state)
{
	(void)state;
	world_start_published();
	world_busy(JOHN, false);
	world_refuse(412);
	world_go(MS);
	world_assert_sent(2, PUBLISH_REMOVE, "a");
	assert_string_equal(world_state(JOHN), "gone");
	assert_false(world_stored(JOHN)->there);
	world_stop();
}

static void always_412(void **state)
{
	(void)state;
	world_start_published();
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
	world_start_published();
	world_go(540 * S);
	world_refuse(500);
	world_go(2 * S);
	world_assert_sent(3, PUBLISH_REFRESH, "a"); // it may have been in trouble for a moment
	world_refuse(500);
	world_go(5 * MS);
	world_assert_sent(4, PUBLISH_INITIAL, "");
	world_ok("b", 600);
	world_stop();
}

// A server that says when it will be well again knows the tag, for all that can be told.
static void retry_after_500(void **state)
{
	struct publish_answer answer = {.status = 500, .retry_after_s = 20};

	(void)state;
	world_start_published();
	world_go(530 * S);
	for (size_t sent = 2; sent < 4; sent++) {
		world_assert_sent(sent, PUBLISH_REFRESH, "a");
		world_answer(world_open(JOHN), &answer);
		world_go(19 * S);
		assert_int_equal(world.sent_count, sent);
		world_go(2 * S);
	}
	world_assert_sent(4, PUBLISH_REFRESH, "a");
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
	world_assert_sent(2, PUBLISH_INITIAL, "");
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
	world_start_published();
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
		world_assert_sent(2, PUBLISH_INITIAL, "");
		assert_int_equal(metric_value("offhook_publication_suspended", NULL), 0);
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
	world_assert_sent(2, PUBLISH_INITIAL, "");
	world_ok("b", 0); // and again: asked less and less often
	world_go(1900 * MS);
	assert_int_equal(world.sent_count, 2);
	world_go(500 * MS);
	world_assert_sent(3, PUBLISH_INITIAL, "");
	world_ok("c", 600);
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
		world_assert_sent(2, PUBLISH_INITIAL, "");
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
	world_start_published();
	world_go(540 * S);
	world_assert_sent(2, PUBLISH_REFRESH, "a");
	world_ok(NULL, 600);
	world_busy(JOHN, false);
	world_assert_sent(3, PUBLISH_REMOVE, "a");
	world_refuse(412); // it had given out another one
	world_go(S);
	assert_string_equal(world_state(JOHN), "orphan");
	world_go(600 * S);
	assert_string_equal(world_state(JOHN), "gone");
	world_stop();
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
	world_assert_sent(2, PUBLISH_REFRESH, "a");
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

// Only in a row: what is well in between begins anew.
static void answers_in_a_row_are_forgotten(void **state)
{
	struct publish_answer brief = {.status = 423, .min_expires_s = 900};

	(void)state;
	world_start_published();
	for (int round = 0; round < 2; round++) {
		size_t sent = world.sent_count;

		publication_clear(world.publications, world_person(JOHN));
		world_refuse(412);
		world_go(5 * MS);
		world_assert_sent(sent + 2, PUBLISH_INITIAL, "");
		world_ok("b", 600);
	}
	for (int round = 0; round < 2; round++) {
		world_go(900 * S);
		assert_int_equal(world_last()->kind, PUBLISH_REFRESH);
		brief.min_expires_s += world_last()->expires_s;
		world_answer(world_open(JOHN), &brief);
		world_go(5 * MS);
		assert_int_equal(world_last()->expires_s, brief.min_expires_s);
		world_ok("c", 600);
	}
	world_stop();
}

// Nothing is asked for that could be too brief.
static void removal_is_too_brief(void **state)
{
	struct publish_answer answer = {.status = 423, .min_expires_s = 900};

	(void)state;
	world_start_published();
	world_busy(JOHN, false);
	world_answer(world_open(JOHN), &answer);
	world_go(500 * MS);
	assert_int_equal(world.sent_count, 2);
	world_go(S);
	world_assert_sent(3, PUBLISH_REMOVE, "a");
	assert_int_equal(world_last()->expires_s, 0);
	world_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		cmocka_unit_test(granted_nothing),
		cmocka_unit_test(no_usable_tag),
		cmocka_unit_test(refresh_without_a_new_tag),
		cmocka_unit_test(shorter_lifetime_is_followed),
		cmocka_unit_test(lifetimes_are_bounded),
		cmocka_unit_test(answers_in_a_row_are_forgotten),
		cmocka_unit_test(removal_is_too_brief),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
