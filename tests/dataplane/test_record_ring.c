// SPDX-License-Identifier: Apache-2.0
// Records of any length come out as they went in, also across the end of the ring, and with the
// consumer in another thread.
#include "dataplane/record_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

enum { STRESS_RECORDS = 200000 };

struct item {
	uint64_t number;
	size_t len; // all of it
};

// All lengths there are, in no order.
static size_t len_of(uint64_t number)
{
	return sizeof(struct item) + number * 7919 % (number % 64 ? 2000 : RECORD_BYTES - 64);
}

static bool put(struct record_ring *ring, uint64_t number)
{
	size_t len = len_of(number);
	struct item *item = record_ring_reserve(ring, len);

	if (!item)
		return false;
	memset(item, (int)(number & 255), len);
	*item = (struct item){number, len};
	record_ring_push(ring, len);
	return true;
}

static bool take(struct record_ring *ring, uint64_t number)
{
	const struct item *item = record_ring_peek(ring);

	if (!item)
		return false;
	const uint8_t *last = (const uint8_t *)item + item->len - 1;
	assert_true(item->number == number);
	assert_true(item->len == len_of(number));
	assert_true(item->len == sizeof(*item) || *last == (number & 255));
	record_ring_pop(ring, item->len);
	return true;
}

static void test_fills_and_empties(void **state)
{
	struct record_ring ring;
	uint64_t in = 0, out = 0;

	assert_int_equal(record_ring_init(&ring), 0);
	record_ring_touch(&ring);
	assert_null(record_ring_peek(&ring));
	for (int round = 0; round < 10; round++) {
		while (put(&ring, in))
			in++;
		assert_true(ring.head - ring.tail > RECORD_RING_BYTES - RECORD_BYTES - 16);
		while (take(&ring, out))
			out++;
		assert_true(in == out && in > 0);
	}
	assert_null(record_ring_reserve(&ring, RECORD_BYTES + 1));
	assert_non_null(record_ring_reserve(&ring, RECORD_BYTES));
	record_ring_fini(&ring);
}

static void *produce(void *arg)
{
	for (uint64_t i = 0; i < STRESS_RECORDS;)
		i += put(arg, i);
	return NULL;
}

static void test_two_threads(void **state)
{
	struct record_ring ring;
	pthread_t producer;

	assert_int_equal(record_ring_init(&ring), 0);
	assert_int_equal(pthread_create(&producer, NULL, produce, &ring), 0);
	for (uint64_t i = 0; i < STRESS_RECORDS;)
		i += take(&ring, i);
	assert_int_equal(pthread_join(producer, NULL), 0);
	assert_null(record_ring_peek(&ring));
	record_ring_fini(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fills_and_empties),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
