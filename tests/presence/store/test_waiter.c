// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/clock.h"
#include "presence/net/timer_wheel.h"
#include "presence/store/waiter.h"

static struct timer_wheel *wheel;
static struct waiters *waiters;
static struct waiter *on; // of one record

struct person {
	unsigned int stored, late;
	struct person *forgets;
	bool again;
};

static void saved(void *ctx, bool stored)
{
	struct person *person = ctx;

	if (stored)
		person->stored++;
	else
		person->late++;
	if (person->forgets)
		waiters_forget(waiters, person->forgets);
	if (person->again) {
		person->again = false;
		waiters_add(waiters, &on, 99, NS_PER_S, saved, person);
	}
}

static int setup(void **state)
{
	clock_set(NS_PER_S);
	wheel = timer_wheel_new(clock_mono_ns());
	waiters = waiters_new(wheel);
	on = NULL;
	return 0;
}

static int teardown(void **state)
{
	waiters_free(waiters);
	assert_int_equal(timer_wheel_count(wheel), 0);
	timer_wheel_free(wheel);
	clock_release();
	return 0;
}

static void pass(uint64_t ns)
{
	clock_set(clock_mono_ns() + ns);
	timer_wheel_advance(wheel, clock_mono_ns());
}

static void tells_older_versions_too(void **state)
{
	struct person person[4] = {0};

	for (unsigned int i = 0; i < 4; i++)
		waiters_add(waiters, &on, i + 1, NS_PER_S, saved, &person[i]);
	waiters_stored(waiters, &on, 3);
	assert_int_equal(person[0].stored, 0); // only from the loop
	waiters_run(waiters);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(person[i].stored, i < 3);
	pass(2 * NS_PER_S);
	assert_int_equal(person[3].late, 1);
	assert_null(on);
}

static void loses_patience_in_time(void **state)
{
	struct person person = {0};

	waiters_add(waiters, &on, 1, 20 * NS_PER_MS, saved, &person);
	waiters_add(waiters, NULL, 0, 0, saved, &person);
	assert_int_equal(person.late, 0);
	pass(NS_PER_MS);
	assert_int_equal(person.late, 1);
	pass(18 * NS_PER_MS);
	assert_int_equal(person.late, 1);
	pass(2 * NS_PER_MS);
	assert_int_equal(person.late, 2);
	assert_int_equal(person.stored, 0);
}

// Callbacks forget others that are due as well, and wait again.
static void minds_its_callbacks(void **state)
{
	struct person one = {0}, other = {0};

	one.forgets = &other;
	other.forgets = &one;
	one.again = other.again = true;
	waiters_add(waiters, &on, 1, NS_PER_S, saved, &one);
	waiters_add(waiters, &on, 1, NS_PER_S, saved, &other);
	waiters_stored(waiters, &on, 1);
	waiters_run(waiters);
	assert_int_equal(one.stored + other.stored, 1);
	one.forgets = other.forgets = NULL;
	pass(2 * NS_PER_S);
	assert_int_equal(one.late + other.late, 1);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(tells_older_versions_too),
		CASE(loses_patience_in_time),
		CASE(minds_its_callbacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
