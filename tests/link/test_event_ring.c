// SPDX-License-Identifier: Apache-2.0
// The ring in order, around its end, full, between two threads, and with a peer that writes
// nonsense.

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "link/event_ring.h"
#include "link/segment.h"
#include "sip/msg.h"
#include "tests/link/events.h"

enum { SLOTS = 8, STRESS_EVENTS = 200000 };

static int ring_make(void **state)
{
	*state = aligned_alloc(64, event_ring_bytes(SLOTS));
	event_ring_init(*state, SLOTS);
	return 0;
}

static int ring_free(void **state)
{
	free(*state);
	return 0;
}

static void push(struct event_ring *ring, uint64_t number)
{
	struct call_event event;

	event_make(number, &event);
	assert_true(event_ring_push(ring, &event));
	event_ring_publish(ring);
}

static void pop(struct event_ring *ring, uint64_t number)
{
	struct call_event event;

	assert_true(event_ring_pop(ring, &event));
	assert_true(event_is_whole(&event, number));
}

static void test_order(void **state)
{
	struct event_ring *ring = *state;
	struct call_event event;
	uint64_t in = 0, out = 0;

	assert_false(event_ring_pop(ring, &event));
	// More and more at once, around the end many times.
	for (unsigned int round = 0; round < 100; round++) {
		unsigned int burst = round % (SLOTS + 1);

		for (unsigned int i = 0; i < burst; i++)
			push(ring, in++);
		assert_int_equal(event_ring_count(ring), burst);
		for (unsigned int i = 0; i < burst; i++)
			pop(ring, out++);
		assert_false(event_ring_pop(ring, &event));
	}
}

static void test_full(void **state)
{
	struct event_ring *ring = *state;
	struct call_event event;

	for (unsigned int i = 0; i < SLOTS; i++)
		push(ring, i);
	event_make(99, &event);
	assert_false(event_ring_push(ring, &event));
	assert_int_equal(event_ring_count(ring), SLOTS);
	pop(ring, 0);
	push(ring, SLOTS);
	for (unsigned int i = 1; i <= SLOTS; i++)
		pop(ring, i);
}

// Killed before what it read was written down: it comes again, once.
static void test_rewind(void **state)
{
	struct event_ring *ring = *state;
	struct call_event event;

	for (unsigned int i = 0; i < SLOTS; i++)
		push(ring, i);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(event_ring_pop_held(ring, &event));
	event_make(SLOTS, &event);
	assert_false(event_ring_push(ring, &event));
	assert_int_equal(event_ring_count(ring), SLOTS - 4);
	event_ring_release(ring, ring->head - 3);
	push(ring, SLOTS);
	assert_false(event_ring_push(ring, &event));
	assert_int_equal(event_ring_rewind(ring), 3);
	for (unsigned int i = 1; i <= 5; i++) {
		assert_true(event_ring_pop_held(ring, &event));
		assert_true(event_is_whole(&event, i));
	}
	// Again and again, but in the end only what is new: 5, which came after the first time.
	for (unsigned int times = 2; times <= EVENT_RING_REWINDS; times++) {
		assert_int_equal(event_ring_rewind(ring), 5);
		for (unsigned int i = 1; i <= 5; i++)
			assert_true(event_ring_pop_held(ring, &event));
	}
	assert_true(event_ring_pop_held(ring, &event));
	assert_int_equal(event_ring_rewind(ring), 1);
	for (unsigned int i = 6; i <= SLOTS; i++)
		pop(ring, i);
	assert_int_equal(event_ring_rewind(ring), 0);
	assert_false(event_ring_pop(ring, &event));
}

// The two stores of a reader that was killed between them, while the slot before was free.
static void test_rewind_of_half_a_pop(void **state)
{
	struct event_ring *ring = *state;
	struct call_event event;

	for (unsigned int i = 0; i < SLOTS; i++)
		push(ring, i);
	assert_true(event_ring_pop_held(ring, &event));
	event_ring_release(ring, ring->head);
	push(ring, SLOTS);
	ring->held++;
	assert_int_equal(event_ring_rewind(ring), 0);
	pop(ring, 1);
}

static void test_index_wraps(void **state)
{
	struct event_ring *ring = *state;

	ring->head = ring->tail = ring->written = UINT64_MAX - 2;
	for (unsigned int i = 0; i < 6; i++)
		push(ring, i);
	assert_int_equal(event_ring_count(ring), 6);
	for (unsigned int i = 0; i < 6; i++)
		pop(ring, i);
}

// Not before it is published, and then also when its producer did not come to that.
static void test_published(void **state)
{
	struct event_ring *ring = *state;
	struct call_event event;

	for (unsigned int i = 0; i < SLOTS; i++) {
		event_make(i, &event);
		assert_true(event_ring_push(ring, &event));
	}
	assert_false(event_ring_push(ring, &event));
	assert_false(event_ring_pop(ring, &event));
	assert_int_equal(event_ring_count(ring), 0);
	event_ring_publish(ring);
	for (unsigned int i = 0; i < SLOTS; i++)
		pop(ring, i);
	assert_false(event_ring_pop(ring, &event));
}

static void test_copies_only_what_is_used(void **state)
{
	struct event_ring *ring = *state;
	struct call_event event;

	event_make(1, &event);
	memset(&ring->event[0], 0xee, sizeof(ring->event[0]));
	assert_true(event_ring_push(ring, &event));
	event_ring_publish(ring);
	assert_int_equal((unsigned char)ring->event[0].bytes[event.text_bytes], 0xee);
	memset(&event, 0xdd, sizeof(event));
	assert_true(event_ring_pop(ring, &event));
	assert_int_equal((unsigned char)event.bytes[event.text_bytes], 0xdd);
}

// The producer broke its index: what is between can't be believed, the next event can.
static void test_broken_tail(void **state)
{
	struct event_ring *ring = *state;
	struct call_event event;

	push(ring, 0);
	ring->tail += SLOTS + 1;
	assert_false(event_ring_pop(ring, &event));
	assert_int_equal(event_ring_count(ring), 0);
	push(ring, 6); // sets tail right, behind head
	assert_false(event_ring_pop(ring, &event));
	push(ring, 7);
	pop(ring, 7);

	ring->written -= 5; // behind head
	event_ring_publish(ring);
	assert_false(event_ring_pop(ring, &event));
	push(ring, 8);
	pop(ring, 8);
}

// The consumer broke its own: the producer waits as for a full ring until that one looks again.
static void test_broken_head(void **state)
{
	struct event_ring *ring = *state;
	struct call_event event;

	for (unsigned int i = 0; i < SLOTS; i++)
		push(ring, i);
	ring->head += 100;
	event_make(SLOTS, &event);
	assert_false(event_ring_push(ring, &event));
	assert_true(event_ring_count(ring) <= SLOTS);
	assert_false(event_ring_pop(ring, &event));
	push(ring, 2);
	pop(ring, 2);
}

static void test_broken_slots(void **state)
{
	static const uint32_t broken[] = {0, 3, EVENT_RING_SLOTS_MAX * 2, UINT32_MAX};
	struct event_ring *ring = *state;
	struct call_event event;

	event_make(1, &event);
	for (unsigned int i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		ring->slots = broken[i];
		assert_false(event_ring_push(ring, &event));
		assert_false(event_ring_pop(ring, &event));
		assert_int_equal(event_ring_count(ring), 0);
	}
}

// An event that push() was never given is skipped, and the one behind it comes.
static void test_broken_events(void **state)
{
	struct event_ring *ring = *state;

	for (unsigned int kind = 0; kind < 8; kind++) {
		uint64_t slot = ring->tail % SLOTS;

		push(ring, kind);
		switch (kind) {
		case 0: ring->event[slot].text_bytes = EVENT_TEXT_BYTES + 1; break;
		case 1: ring->event[slot].text[EVENT_TEXT_COUNT - 1].len = UINT16_MAX; break;
		case 2: ring->event[slot].text[0].off = UINT16_MAX; break;
		case 3: ring->event[slot].method = SIP_METHOD_COUNT; break;
		case 4: ring->event[slot].cseq_method = UINT8_MAX; break;
		case 5: ring->event[slot].lcore = SEGMENT_LCORES; break;
		case 6: ring->event[slot].media.len = UINT16_MAX; break;
		case 7: ring->event[slot].media.off = UINT16_MAX; break;
		default: fail();
		}
		push(ring, 100 + kind);
		pop(ring, 100 + kind);
		assert_int_equal(event_ring_count(ring), 0);
	}
}

static void *produce(void *arg)
{
	struct event_ring *ring = arg;
	struct call_event event;

	for (uint64_t i = 0; i < STRESS_EVENTS; i++) {
		event_make(i, &event);
		while (!event_ring_push(ring, &event)) {
			event_ring_publish(ring);
			sched_yield();
		}
		if (i % 7 == 0)
			event_ring_publish(ring);
	}
	event_ring_publish(ring);
	return NULL;
}

static void test_two_threads(void **state)
{
	struct event_ring *ring = *state;
	struct call_event event;
	pthread_t producer;

	assert_int_equal(pthread_create(&producer, NULL, produce, ring), 0);
	for (uint64_t i = 0; i < STRESS_EVENTS; i++) {
		while (!event_ring_pop(ring, &event))
			sched_yield();
		assert_true(event_is_whole(&event, i));
	}
	assert_int_equal(pthread_join(producer, NULL), 0);
	assert_false(event_ring_pop(ring, &event));
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, ring_make, ring_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(test_order),
		RING_TEST(test_full),
		RING_TEST(test_published),
		RING_TEST(test_index_wraps),
		RING_TEST(test_copies_only_what_is_used),
		RING_TEST(test_rewind),
		RING_TEST(test_rewind_of_half_a_pop),
		RING_TEST(test_broken_tail),
		RING_TEST(test_broken_head),
		RING_TEST(test_broken_slots),
		RING_TEST(test_broken_events),
		RING_TEST(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
