// SPDX-License-Identifier: Apache-2.0
// Settings by generation: followed once each, whole whatever becomes of the writer.

// The reader's fence is between its copy and its second look: where a writer must be met.
static void writer_comes_in_between(int order);
#define __atomic_thread_fence writer_comes_in_between
#include "link/wire_settings.c"
#undef __atomic_thread_fence

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "link/wire_settings.h"

enum { STRESS_GENERATIONS = 200000 };

static struct wire_settings settings_of(uint64_t number)
{
	struct wire_settings settings = {
		.early = number & 1,
		.ack = number >> 1 & 1,
		.poll_always = (uint8_t)(number >> 8),
		.max_sleep_ns = number,
	};

	return settings;
}

static void test_follow(void **state)
{
	struct wire_settings_box box = {0};
	struct wire_settings in, out = {0};
	uint64_t seen = 0;

	assert_false(wire_settings_follow(&box, &seen, &out));
	for (uint64_t i = 1; i < 10; i++) {
		in = settings_of(i);
		wire_settings_publish(&box, &in);
		assert_true(wire_settings_follow(&box, &seen, &out));
		assert_memory_equal(&in, &out, sizeof(in));
		assert_false(wire_settings_follow(&box, &seen, &out));
	}
}

static void test_skips_what_is_old(void **state)
{
	struct wire_settings_box box = {0};
	struct wire_settings in, out;
	uint64_t seen = 0;

	for (uint64_t i = 1; i < 8; i++) {
		in = settings_of(i);
		wire_settings_publish(&box, &in);
	}
	assert_true(wire_settings_follow(&box, &seen, &out));
	assert_int_equal(out.max_sleep_ns, 7);
	assert_false(wire_settings_follow(&box, &seen, &out));
}

// All that a writer does before its last store, in any part of it.
static void test_writer_died_half_way(void **state)
{
	const struct wire_settings good = settings_of(5), other = settings_of(6);

	for (size_t bytes = 0; bytes <= sizeof(other); bytes++) {
		struct wire_settings_box box = {0};
		struct wire_settings out;
		uint64_t seen = 0;

		wire_settings_publish(&box, &good);
		memcpy(box.slot[(box.generation + 1) % 2], &other, bytes);
		assert_true(wire_settings_follow(&box, &seen, &out));
		assert_memory_equal(&out, &good, sizeof(good));
		assert_false(wire_settings_follow(&box, &seen, &out));
		// The next writer goes on as if nothing had been.
		wire_settings_publish(&box, &other);
		assert_true(wire_settings_follow(&box, &seen, &out));
		assert_memory_equal(&out, &other, sizeof(other));
	}
}

static struct wire_settings_box *overtaken;

static void writer_comes_in_between(int order)
{
	struct wire_settings_box *box = overtaken;
	struct wire_settings in;

	__atomic_thread_fence(order);
	if (!box)
		return;
	overtaken = NULL;
	for (uint64_t i = 2; i <= 3; i++) {
		in = settings_of(i);
		wire_settings_publish(box, &in);
	}
}

// What was copied may be half of one generation and half of another: not taken, but next time.
static void test_reader_is_overtaken(void **state)
{
	struct wire_settings_box box = {0};
	struct wire_settings in = settings_of(1), out;
	uint64_t seen = 0;

	wire_settings_publish(&box, &in);
	overtaken = &box;
	assert_false(wire_settings_follow(&box, &seen, &out));
	assert_int_equal(seen, 0);
	assert_true(wire_settings_follow(&box, &seen, &out));
	assert_int_equal(seen, 3);
	assert_int_equal(out.max_sleep_ns, 3);
}

static void *publish(void *arg)
{
	struct wire_settings in;

	for (uint64_t i = 1; i <= STRESS_GENERATIONS; i++) {
		in = settings_of(i);
		wire_settings_publish(arg, &in);
	}
	return NULL;
}

static void test_two_threads(void **state)
{
	struct wire_settings_box box = {0};
	struct wire_settings out = {0}, expect;
	uint64_t seen = 0, last = 0;
	pthread_t writer;

	assert_int_equal(pthread_create(&writer, NULL, publish, &box), 0);
	while (last < STRESS_GENERATIONS) {
		if (!wire_settings_follow(&box, &seen, &out))
			continue;
		assert_true(out.max_sleep_ns == seen);
		assert_true(seen > last);
		expect = settings_of(seen);
		assert_memory_equal(&out, &expect, sizeof(out));
		last = seen;
	}
	assert_int_equal(pthread_join(writer, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_skips_what_is_old),
		cmocka_unit_test(test_writer_died_half_way),
		cmocka_unit_test(test_reader_is_overtaken),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
