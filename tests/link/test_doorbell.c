// SPDX-License-Identifier: Apache-2.0
// The doorbell: silent while the worker is up, heard when it sleeps, never missed.

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "link/doorbell.h"
#include "link/segment.h"
#include "tests/link/events.h"

enum {
	STRESS_EVENTS = 50000,
	LOST_MS = 10000, // a wake-up that takes longer is lost
};

struct house {
	struct segment *segment;
	int bell;
};

static struct house house;

static int house_make(void **state)
{
	int fd;

	house.segment = segment_create(1, 64, &fd);
	house.bell = doorbell_create();
	return house.segment && house.bell >= 0 ? close(fd) : -1;
}

static int house_free(void **state)
{
	segment_unmap(house.segment);
	return close(house.bell);
}

static bool rang(int timeout_ms)
{
	struct pollfd fd = {.fd = house.bell, .events = POLLIN};

	return poll(&fd, 1, timeout_ms) == 1;
}

static void test_rings_only_a_sleeper(void **state)
{
	doorbell_ring_if_asleep(house.segment, house.bell);
	assert_false(rang(0));
	doorbell_sleep(house.segment);
	assert_false(rang(0));
	doorbell_ring_if_asleep(house.segment, house.bell);
	doorbell_ring_if_asleep(house.segment, house.bell);
	assert_true(rang(0));
	doorbell_awake(house.segment, house.bell);
	assert_false(rang(0));
	doorbell_ring_if_asleep(house.segment, house.bell);
	assert_false(rang(0));
	// Awake without having been rung.
	doorbell_sleep(house.segment);
	doorbell_awake(house.segment, house.bell);
	assert_false(rang(0));
}

static bool lost;

static void *push_all(void *arg)
{
	struct event_ring *ring = segment_ring(house.segment, 0);
	struct call_event event;

	for (uint64_t i = 0; i < STRESS_EVENTS; i++) {
		event_make(i, &event);
		// Each time a little later or earlier on the worker's way to its bed.
		for (volatile unsigned int step = 0; step < i * 7919 % 251; step++)
			;
		assert_true(event_ring_push(ring, &event));
		event_ring_publish(ring);
		doorbell_ring_if_asleep(house.segment, house.bell);
		// The next event would wake a worker that this one did not.
		while (event_ring_count(ring) && !__atomic_load_n(&lost, __ATOMIC_RELAXED))
			;
	}
	return NULL;
}

// The worker goes to sleep after each event, so that nearly every push meets it on its way there.
// On x86 this fails at once without the poll core's fence, and now and then without the worker's.
static void test_no_wake_up_is_lost(void **state)
{
	struct event_ring *ring = segment_ring(house.segment, 0);
	struct call_event event;
	pthread_t producer;
	uint64_t next = 0;

	assert_int_equal(pthread_create(&producer, NULL, push_all, NULL), 0);
	while (next < STRESS_EVENTS) {
		doorbell_sleep(house.segment);
		if (event_ring_count(ring) == 0 && !rang(LOST_MS)) {
			__atomic_store_n(&lost, true, __ATOMIC_RELAXED);
			break;
		}
		doorbell_awake(house.segment, house.bell);
		while (event_ring_pop(ring, &event))
			assert_true(event_is_whole(&event, next++));
	}
	assert_int_equal(pthread_join(producer, NULL), 0);
	assert_false(lost);
	assert_int_equal(next, STRESS_EVENTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rings_only_a_sleeper, house_make, house_free),
		cmocka_unit_test_setup_teardown(test_no_wake_up_is_lost, house_make, house_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
