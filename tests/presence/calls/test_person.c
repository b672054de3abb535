// SPDX-License-Identifier: Apache-2.0
#include "presence/person.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/clock.h"

static struct persons *persons;
static unsigned int changes;
static struct person_change last;
static uint32_t last_calls;
static bool keep; // as if a publication hung on the person

static void sink(void *ctx, const struct person_change *change)
{
	assert_ptr_equal(ctx, &changes);
	changes++;
	last = *change;
	last_calls = change->person->calls;
	if (keep)
		change->person->publication = (struct publication *)&keep;
	else
		person_release(persons, change->person); // too early is no harm
}

static int setup(void **state)
{
	clock_set(1000);
	persons = persons_new(sink, &changes);
	changes = 0;
	keep = false;
	return persons == NULL;
}

static int teardown(void **state)
{
	persons_free(persons);
	return 0;
}

static void apply(struct person *person, bool up, bool counts, enum person_cause cause)
{
	struct person_event event = {cause, "call", 500};

	person_apply(persons, person, up, counts, &event);
}

static void first_and_last_party_are_told(void **state)
{
	struct person *person = person_get(persons, "sip:john@sfb.example", "John");

	apply(person, true, true, CAUSE_ANSWERED);
	assert_int_equal(changes, 1);
	assert_true(last.busy);
	assert_int_equal(last.cause, CAUSE_ANSWERED);
	assert_string_equal(last.call_id, "call");
	assert_int_equal(last.event_ns, 500);
	assert_int_equal(last_calls, 1);
	assert_int_equal(persons_busy(persons), 1);
	assert_int_equal(person->busy_since_ns, clock_mono_ns());
	apply(person, true, true, CAUSE_ANSWERED);
	apply(person, true, false, CAUSE_ANSWERED); // a fork
	assert_int_equal(person->calls, 2);
	assert_int_equal(person->parties, 3);
	apply(person, false, true, CAUSE_BYE);
	apply(person, false, false, CAUSE_BYE);
	assert_int_equal(changes, 1);
	apply(person, false, true, CAUSE_GONE);
	assert_int_equal(changes, 2);
	assert_false(last.busy);
	assert_int_equal(last.cause, CAUSE_GONE);
	assert_int_equal(last_calls, 0);
	assert_int_equal(persons_busy(persons), 0);
	assert_int_equal(persons_count(persons), 0);
}

static void a_publication_keeps_the_person(void **state)
{
	struct person *person = person_get(persons, "sip:john@sfb.example", "John");

	keep = true;
	apply(person, true, true, CAUSE_ANSWERED);
	apply(person, false, true, CAUSE_BYE);
	assert_ptr_equal(person_find(persons, "sip:john@sfb.example"), person);
	assert_int_equal(person->busy_since_ns, 0);
	person->publication = NULL;
	person_release(persons, person);
	assert_null(person_find(persons, "sip:john@sfb.example"));
}

static void a_display_name_comes_later(void **state)
{
	struct person *person = person_get(persons, "sip:john@sfb.example", NULL);

	assert_string_equal(person->display, "");
	assert_ptr_equal(person_get(persons, "sip:john@sfb.example", "John"), person);
	assert_string_equal(person->display, "John");
	person_get(persons, "sip:john@sfb.example", "Jack");
	assert_string_equal(person->display, "John");
	person_release(persons, person);
}

static void release_one(void *ctx, struct person *person)
{
	unsigned int *count = ctx;

	++*count;
	person_release(persons, person);
}

static void many_persons_are_small(void **state)
{
	enum { PERSONS = 100000 };
	struct person **many = calloc(PERSONS, sizeof(*many));
	char aor[64];

	for (int i = 0; i < PERSONS; i++) {
		snprintf(aor, sizeof(aor), "sip:firstname.lastname%d@company.example", i);
		many[i] = person_get(persons, aor, "Firstname Lastname");
		apply(many[i], true, true, CAUSE_ANSWERED);
	}
	assert_int_equal(persons_busy(persons), PERSONS);
	size_t each = persons_bytes(persons) / PERSONS;
	print_message("%zu octets a person\n", each);
	assert_true(each < 270); // of 600; the rest for publications
	for (int i = 0; i < PERSONS; i++) {
		snprintf(aor, sizeof(aor), "sip:firstname.lastname%d@company.example", i);
		assert_ptr_equal(person_find(persons, aor), many[i]);
	}
	for (int i = 0; i < PERSONS; i++)
		apply(many[i], false, true, CAUSE_BYE);
	assert_int_equal(persons_count(persons), 0);
	free(many);
}

static void each_may_release(void **state)
{
	unsigned int count = 0;

	person_get(persons, "sip:a@x.example", "");
	person_get(persons, "sip:b@x.example", "");
	person_get(persons, "sip:c@x.example", "");
	persons_each(persons, release_one, &count);
	assert_int_equal(count, 3);
	assert_int_equal(persons_count(persons), 0);
}

static void causes_have_names(void **state)
{
	for (int cause = 0; cause < CAUSE_COUNT; cause++)
		assert_non_null(person_cause_name(cause));
	assert_string_equal(person_cause_name(CAUSE_BYE_TIMEOUT), "bye-timeout");
	assert_string_equal(person_cause_name(99), "?");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_and_last_party_are_told),
		TEST(a_publication_keeps_the_person),
		TEST(a_display_name_comes_later),
		TEST(many_persons_are_small),
		TEST(each_may_release),
		TEST(causes_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
