// SPDX-License-Identifier: Apache-2.0
// The overflow list against a plain model: order kept, starts go first, an end only when there are
// nothing but ends, and then presence is told.
#include "dataplane/overflow.h"

#include "link/call_event.h"
#include "link/counters.h"
#include "link/event_ring.h"
#include "sip/msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct event_ring *ring_new(uint32_t slots)
{
	struct event_ring *ring = aligned_alloc(64, (event_ring_bytes(slots) + 63) & ~63ul);

	event_ring_init(ring, slots);
	return ring;
}

static struct call_event event_of(enum sip_method method, uint32_t number)
{
	struct call_event event;

	memset(&event, 0, sizeof(event));
	event.method = (uint8_t)method;
	event.cseq_method = (uint8_t)method;
	event.cseq = number;
	return event;
}

static void push(struct overflow *overflow, struct event_ring *ring, enum sip_method method,
		 uint32_t number)
{
	struct call_event event = event_of(method, number);

	overflow_push(overflow, ring, &event);
}

static void test_through(void **state)
{
	struct wire_counters counters = {0};
	struct event_ring *ring = ring_new(4);
	struct overflow overflow;
	struct call_event event;

	assert_int_equal(overflow_init(&overflow, 8, &counters), 0);
	for (uint32_t i = 0; i < 10; i++)
		push(&overflow, ring, SIP_INVITE, i);
	assert_int_equal(event_ring_count(ring), 4);
	assert_int_equal(overflow.count, 6);
	assert_int_equal(counters.value[WIRE_OVERFLOWED], 6);
	for (uint32_t i = 0; i < 10; i++) {
		assert_true(event_ring_pop(ring, &event));
		assert_int_equal(event.cseq, i);
		overflow_drain(&overflow, ring);
	}
	assert_int_equal(overflow.count, 0);
	assert_false(event_ring_pop(ring, &event));
	overflow_fini(&overflow);
	free(ring);
}

static void test_starts_give_way(void **state)
{
	struct wire_counters counters = {0};
	struct event_ring *ring = ring_new(1);
	struct overflow overflow;
	struct call_event event;
	const uint32_t expect[] = {0, 2, 5, 6, 7};

	assert_int_equal(overflow_init(&overflow, 4, &counters), 0);
	push(&overflow, ring, SIP_INVITE, 0); // takes the ring
	push(&overflow, ring, SIP_INVITE, 1);
	push(&overflow, ring, SIP_BYE, 2);
	push(&overflow, ring, SIP_INVITE, 3);
	push(&overflow, ring, SIP_INVITE, 4); // full now
	push(&overflow, ring, SIP_BYE, 5);    // 1 goes
	push(&overflow, ring, SIP_BYE, 6);    // 3 goes
	push(&overflow, ring, SIP_BYE, 7);    // 4 goes
	push(&overflow, ring, SIP_INVITE, 8); // no room
	assert_int_equal(counters.value[WIRE_SHED_STARTS], 4);
	assert_int_equal(counters.value[WIRE_SHED_ENDS], 0);
	for (size_t i = 0; i < sizeof(expect) / sizeof(expect[0]); i++) {
		assert_true(event_ring_pop(ring, &event));
		assert_int_equal(event.cseq, expect[i]);
		overflow_drain(&overflow, ring);
	}
	assert_false(event_ring_pop(ring, &event));
	overflow_fini(&overflow);
	free(ring);
}

static void test_full_of_ends(void **state)
{
	struct wire_counters counters = {0};
	struct event_ring *ring = ring_new(1);
	struct overflow overflow;
	struct call_event event;

	assert_int_equal(overflow_init(&overflow, 2, &counters), 0);
	for (uint32_t i = 0; i < 4; i++)
		push(&overflow, ring, SIP_BYE, i);
	assert_int_equal(counters.value[WIRE_SHED_ENDS], 1);
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(event_ring_pop(ring, &event));
		assert_int_equal(event.cseq, i);
		assert_true(overflow_drain(&overflow, ring));
	}
	assert_true(event_ring_pop(ring, &event));
	assert_true(event.flags & EVENT_WIRE_RESTARTED);
	assert_false(overflow_drain(&overflow, ring));
	overflow_fini(&overflow);
	free(ring);
}

// Random pushes and drains: what comes out is what went in, in order, less what was counted as
// shed.
static void test_random(void **state)
{
	enum { SLOTS = 16, STEPS = 200000 };
	struct wire_counters counters = {0};
	struct event_ring *ring = ring_new(8);
	struct overflow overflow;
	struct call_event event;
	const char *given = getenv("SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 10) : 20260101;
	uint32_t number = 0, last = 0, ends_in = 0, ends_out = 0, out = 0;

	print_message("SEED=%u\n", seed);
	srandom(seed);
	assert_int_equal(overflow_init(&overflow, SLOTS, &counters), 0);
	for (unsigned int step = 0; step < STEPS; step++) {
		// As many ends as starts come in; the consumer stalls now and then.
		bool is_end = random() % 8 == 0 && ends_in - ends_out < SLOTS;
		push(&overflow, ring, is_end ? SIP_BYE : SIP_INVITE, ++number);
		ends_in += is_end;
		if (random() % 100 < (step / 1000 % 2 ? 95 : 20)) {
			overflow_drain(&overflow, ring);
			while (random() % 4 && event_ring_pop(ring, &event)) {
				assert_true(event.cseq > last);
				last = event.cseq;
				ends_out += event.method == SIP_BYE;
				out++;
			}
		}
	}
	do {
		while (event_ring_pop(ring, &event)) {
			assert_true(event.cseq > last);
			last = event.cseq;
			ends_out += event.method == SIP_BYE;
			out++;
		}
	} while (overflow_drain(&overflow, ring));
	assert_int_equal(ends_out, ends_in);
	assert_int_equal(counters.value[WIRE_SHED_ENDS], 0);
	assert_true(counters.value[WIRE_SHED_STARTS] > 0);
	assert_int_equal(out + counters.value[WIRE_SHED_STARTS], number);
	overflow_fini(&overflow);
	free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_through),
		cmocka_unit_test(test_starts_give_way),
		cmocka_unit_test(test_full_of_ends),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
