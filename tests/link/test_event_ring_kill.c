// SPDX-License-Identifier: Apache-2.0
// Producers and consumers killed between any two instructions: whoever remains sees whole events,
// in order, none twice and none lost that `tail` or `head` has accounted for.

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sched.h>

#include "link/event_ring.h"
#include "link/segment.h"
#include "tests/link/events.h"

enum { SLOTS = 64, ROUNDS = 150, MOST_EVENTS = 400 };

static unsigned int seed;

static struct segment *segment_make(void)
{
	int fd;
	struct segment *segment = segment_create(1, SLOTS, &fd);

	assert_non_null(segment);
	close(fd);
	return segment;
}

static void reap(pid_t child)
{
	int status;

	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

// An event's number is its place in the ring's history, so that the next producer goes on where the
// killed one got to.
static pid_t producer_start(struct event_ring *ring)
{
	struct call_event event;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		event_make(ring->written, &event);
		bool full = !event_ring_push(ring, &event);
		if (full || ring->written % 3 == 0)
			event_ring_publish(ring);
		if (full)
			sched_yield();
	}
}

static void test_killed_producer(void **state)
{
	struct segment *segment = segment_make();
	struct event_ring *ring = segment_ring(segment, 0);
	struct call_event event;
	uint64_t next = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		pid_t child = producer_start(ring);
		uint64_t stop = next + (uint64_t)(rand_r(&seed) % MOST_EVENTS);

		while (next < stop)
			if (event_ring_pop(ring, &event))
				assert_true(event_is_whole(&event, next++));
			else
				sched_yield();
		reap(child);
		event_ring_publish(ring); // as the next one does
		while (event_ring_pop(ring, &event))
			assert_true(event_is_whole(&event, next++));
		assert_true(ring->written == next);
	}
	segment_unmap(segment);
}

// The consumer leaves behind how far it is sure to have got, or that it saw half an event.
static pid_t consumer_start(struct event_ring *ring, volatile uint64_t *seen,
			    volatile uint32_t *torn)
{
	struct call_event event;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		uint64_t expected = ring->head;

		if (!event_ring_pop(ring, &event))
			sched_yield();
		else if (event_is_whole(&event, expected))
			*seen = expected + 1;
		else
			*torn = 1;
	}
}

static void test_killed_consumer(void **state)
{
	struct segment *segment = segment_make();
	struct event_ring *ring = segment_ring(segment, 0);
	volatile uint64_t *seen = &segment->worker_heartbeat;
	volatile uint32_t *torn = &segment->reserved;
	struct call_event event;
	uint64_t next = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		pid_t child = consumer_start(ring, seen, torn);
		uint64_t stop = next + (uint64_t)(rand_r(&seed) % MOST_EVENTS);

		while (next < stop) {
			event_make(next, &event);
			if (event_ring_push(ring, &event))
				next++;
			else
				sched_yield();
			event_ring_publish(ring);
		}
		reap(child);
		assert_int_equal(*torn, 0);
		// At most the one event that it had in hands is gone unseen.
		assert_true(ring->head == *seen || ring->head == *seen + 1);
		assert_true(ring->head <= next);
		*seen = ring->head;
	}
	segment_unmap(segment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_producer),
		cmocka_unit_test(test_killed_consumer),
	};
	const char *given = getenv("SEED");

	seed = given ? (unsigned int)strtoul(given, NULL, 10) : (unsigned int)time(NULL);
	print_message("SEED=%u\n", seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
