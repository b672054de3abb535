// SPDX-License-Identifier: Apache-2.0
// The wheel against a model that is slow and obviously right: an array of all timers, searched for
// the one that is due first. Seeded; TEST_SEED=n runs one again.
#include "presence/net/timer_wheel.h"

#include "config/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t random_state;

// splitmix64
static uint64_t random_next(void)
{
	uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint64_t seed_from_environment(void)
{
	const char *text = getenv("TEST_SEED");

	return text != NULL ? strtoull(text, NULL, 0) : UINT64_C(20261120);
}

struct probe {
	struct timer timer;
	bool set;         // the model's opinion
	uint64_t tick;    // millisecond in which it should fire
	uint64_t order;   // of being set
	uint64_t advance; // the first one that may fire it
};

enum { PROBES = 400 };

static struct probe probes[PROBES];
static struct timer_wheel *wheel;
static uint64_t now_ns, order, advances;
static uint64_t reached;   // millisecond up to which all has fired
static uint64_t target_ns; // of the advance that runs
static size_t fired;
static bool chaos; // fire functions set and cancel

static struct probe *model_first(void)
{
	struct probe *first = NULL;

	for (size_t i = 0; i < PROBES; i++) {
		struct probe *probe = &probes[i];

		if (!probe->set || probe->advance > advances)
			continue;
		if (first == NULL || probe->tick < first->tick ||
		    (probe->tick == first->tick && probe->order < first->order))
			first = probe;
	}
	return first;
}

static uint64_t random_delay_ns(void)
{
	switch (random_next() % 6) {
	case 0: return random_next() % (3 * NS_PER_MS);
	case 1: return random_next() % (64 * NS_PER_MS);
	case 2: return random_next() % (70 * NS_PER_S);
	case 3: return random_next() % (3600 * NS_PER_S);
	case 4: return (1 + random_next() % 200) * NS_PER_MS;
	default: return random_next() % ((UINT64_C(1) << 34) * NS_PER_MS);
	}
}

// Mostly ahead; sometimes before the end of the advance that runs, or in the past.
static uint64_t random_due_ns(void)
{
	switch (random_next() % 8) {
	case 0: return random_next() % 2 == 0 ? 0 : now_ns - random_next() % NS_PER_S;
	case 1: return target_ns - random_next() % NS_PER_S;
	default: return target_ns + random_delay_ns();
	}
}

static void probe_fire(struct timer *timer);

// What is due already counts as due now, and has to wait for the next advance.
static void probe_set(struct probe *probe, uint64_t due_ns)
{
	uint64_t tick = (due_ns + NS_PER_MS - 1) / NS_PER_MS;

	timer_set(wheel, &probe->timer, due_ns, probe_fire);
	probe->set = true;
	probe->tick = tick > reached ? tick : reached;
	probe->advance = tick > reached ? 0 : advances + 1;
	probe->order = order++;
}

static void probe_cancel(struct probe *probe)
{
	timer_cancel(wheel, &probe->timer);
	probe->set = false;
}

static void probe_fire(struct timer *timer)
{
	struct probe *probe = (struct probe *)timer;

	assert_ptr_equal(probe, model_first());
	assert_false(timer_is_set(timer));
	assert_true(timer->due_ns <= target_ns);
	probe->set = false;
	reached = probe->tick > reached ? probe->tick : reached;
	fired++;
	if (!chaos)
		return;
	if (random_next() % 3 == 0)
		probe_set(probe, random_due_ns());
	if (random_next() % 3 == 0)
		probe_cancel(&probes[random_next() % PROBES]);
	if (random_next() % 3 == 0)
		probe_set(&probes[random_next() % PROBES], random_due_ns());
}

static uint64_t random_step_ns(void)
{
	struct probe *first = model_first();

	switch (random_next() % 5) {
	case 0: return random_next() % (2 * NS_PER_MS);
	case 1: return random_next() % (500 * NS_PER_MS);
	case 2: return random_next() % (300 * NS_PER_S);
	case 3: // exactly to the first deadline, or just before it
		if (first == NULL || first->tick * NS_PER_MS <= now_ns)
			return 0;
		return first->tick * NS_PER_MS - now_ns - random_next() % 2;
	default: return random_next() % 50 == 0 ? (UINT64_C(1) << 32) * NS_PER_MS : 0;
	}
}

static size_t model_count(void)
{
	size_t count = 0;

	for (size_t i = 0; i < PROBES; i++)
		count += probes[i].set;
	return count;
}

static void advance_and_check(uint64_t to_ns)
{
	uint64_t next_ns = timer_wheel_next_ns(wheel);

	advances++;
	struct probe *first = model_first();

	if (first == NULL)
		assert_int_equal(next_ns, UINT64_MAX);
	else
		assert_true(next_ns <= now_ns || next_ns <= first->tick * NS_PER_MS); // never late
	now_ns = target_ns = to_ns;
	timer_wheel_advance(wheel, to_ns);
	reached = to_ns / NS_PER_MS;
	first = model_first();
	assert_true(first == NULL || first->tick > reached);
	assert_int_equal(timer_wheel_count(wheel), model_count());
}

static void random_walk(bool with_chaos)
{
	random_state = seed_from_environment() + with_chaos;
	print_message("seed %llu\n", (unsigned long long)random_state);
	chaos = with_chaos;
	now_ns = target_ns = NS_PER_S + random_next() % (UINT64_C(1) << 60);
	reached = now_ns / NS_PER_MS;
	wheel = timer_wheel_new(now_ns);
	fired = 0;
	for (int round = 0; round < 20000; round++) {
		for (uint64_t i = random_next() % 4; i > 0; i--) {
			struct probe *probe = &probes[random_next() % PROBES];

			if (random_next() % 4 == 0)
				probe_cancel(probe);
			else
				probe_set(probe, random_due_ns());
			assert_int_equal(timer_is_set(&probe->timer), probe->set);
		}
		advance_and_check(now_ns + random_step_ns());
	}
	assert_true(fired > 10000);
	for (size_t i = 0; i < PROBES; i++)
		probe_cancel(&probes[i]);
	assert_int_equal(timer_wheel_count(wheel), 0);
	assert_int_equal(timer_wheel_next_ns(wheel), UINT64_MAX);
	timer_wheel_free(wheel);
}

static void test_agrees_with_model(void **state)
{
	random_walk(false);
}

static void test_agrees_with_model_while_firing(void **state)
{
	random_walk(true);
}

static void probe_count(struct timer *timer)
{
	fired++;
}

static void test_never_early(void **state)
{
	struct timer timer = {0};

	wheel = timer_wheel_new(5 * NS_PER_MS);
	timer_set(wheel, &timer, 7 * NS_PER_MS + 1, probe_count);
	fired = 0;
	timer_wheel_advance(wheel, 7 * NS_PER_MS + 1); // rounded up to 8 ms
	timer_wheel_advance(wheel, 8 * NS_PER_MS - 1);
	assert_int_equal(fired, 0);
	assert_int_equal(timer_wheel_next_ns(wheel), 8 * NS_PER_MS);
	timer_wheel_advance(wheel, 8 * NS_PER_MS);
	assert_int_equal(fired, 1);
	timer_wheel_free(wheel);
}

static void probe_again(struct timer *timer)
{
	fired++;
	timer_set(wheel, timer, 0, probe_again);
}

// A timer set to the past, again and again, fires once each advance.
static void test_past_fires_at_next_advance(void **state)
{
	struct timer timer = {0};

	wheel = timer_wheel_new(NS_PER_S);
	timer_set(wheel, &timer, 0, probe_again);
	assert_true(timer_wheel_next_ns(wheel) <= NS_PER_S);
	fired = 0;
	for (size_t i = 1; i <= 3; i++) {
		timer_wheel_advance(wheel, NS_PER_S);
		assert_int_equal(fired, i);
	}
	timer_cancel(wheel, &timer);
	timer_cancel(wheel, &timer);
	assert_int_equal(timer_wheel_next_ns(wheel), UINT64_MAX);
	timer_wheel_free(wheel);
}

static struct timer pair[2];

static void probe_cancel_other(struct timer *timer)
{
	fired++;
	timer_cancel(wheel, timer == &pair[0] ? &pair[1] : &pair[0]);
}

// Of two that are due together the first may cancel the second, whichever list they are in, and
// lists go on working afterwards.
static void test_cancel_of_the_next_to_fire(void **state)
{
	static const uint64_t due_ns[] = {0, NS_PER_S + NS_PER_MS, NS_PER_S + NS_PER_S};

	for (size_t i = 0; i < sizeof(due_ns) / sizeof(due_ns[0]); i++) {
		wheel = timer_wheel_new(NS_PER_S);
		fired = 0;
		for (int again = 0; again < 2; again++) {
			timer_set(wheel, &pair[0], due_ns[i], probe_cancel_other);
			timer_set(wheel, &pair[1], due_ns[i], probe_cancel_other);
			timer_wheel_advance(wheel, 3 * NS_PER_S);
		}
		assert_int_equal(fired, 2);
		assert_int_equal(timer_wheel_count(wheel), 0);
		timer_wheel_free(wheel);
	}
}

static void test_far_end_of_time(void **state)
{
	struct timer timers[2] = {{0}, {0}};

	wheel = timer_wheel_new(0);
	timer_set(wheel, &timers[0], UINT64_MAX, probe_count);
	timer_set(wheel, &timers[1], UINT64_MAX / 2, probe_count);
	fired = 0;
	timer_wheel_advance(wheel, UINT64_MAX / 2 - 1);
	assert_int_equal(fired, 0);
	timer_wheel_advance(wheel, UINT64_MAX / 2 + NS_PER_MS);
	assert_int_equal(fired, 1);
	timer_cancel(wheel, &timers[0]);
	assert_int_equal(timer_wheel_count(wheel), 0);
	timer_wheel_free(wheel);
}

static void test_a_million(void **state)
{
	enum { MANY = 1000000 };
	struct timer *timers = calloc(MANY, sizeof(*timers));

	random_state = seed_from_environment();
	wheel = timer_wheel_new(0);
	for (size_t i = 0; i < MANY; i++)
		timer_set(wheel, &timers[i], 1 + random_next() % (600 * NS_PER_S), probe_count);
	for (size_t i = 0; i < MANY; i += 2)
		timer_cancel(wheel, &timers[i]);
	assert_int_equal(timer_wheel_count(wheel), MANY / 2);
	fired = 0;
	timer_wheel_advance(wheel, 600 * NS_PER_S);
	assert_int_equal(fired, MANY / 2);
	timer_wheel_free(wheel);
	free(timers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees_with_model),
		cmocka_unit_test(test_agrees_with_model_while_firing),
		cmocka_unit_test(test_never_early),
		cmocka_unit_test(test_past_fires_at_next_advance),
		cmocka_unit_test(test_cancel_of_the_next_to_fire),
		cmocka_unit_test(test_far_end_of_time),
		cmocka_unit_test(test_a_million),
	};

	return cmocka_run_group_tests_name("presence/net/timer_wheel", tests, NULL, NULL);
}
