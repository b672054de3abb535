// SPDX-License-Identifier: Apache-2.0
// The overflow list against a plain model: order kept, starts go first, an end only when there are
// nothing but ends, and then presence is told.
#include "dataplane/overflow.h"

#include "link/call_event.h"
#include "link/counters.h"
#include "link/event_ring.h"
#include "link/known_calls.h"
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

// What a poll core does after each burst, after each event here.
static void push_event(struct overflow *overflow, struct event_ring *ring,
		       const struct call_event *event)
{
	overflow_push(overflow, ring, event);
	event_ring_publish(ring);
}

static bool drain(struct overflow *overflow, struct event_ring *ring)
{
	bool moved = overflow_drain(overflow, ring);

	event_ring_publish(ring);
	return moved;
}

static void push(struct overflow *overflow, struct event_ring *ring, enum sip_method method,
		 uint32_t number)
{
	struct call_event event = event_of(method, number);

	push_event(overflow, ring, &event);
}

static void test_through(void **state)
{
	struct wire_counters counters = {0};
	struct event_ring *ring = ring_new(4);
	struct overflow overflow;
	struct call_event event;

	assert_int_equal(overflow_init(&overflow, 8, NULL, &counters), 0);
	for (uint32_t i = 0; i < 10; i++)
		push(&overflow, ring, SIP_INVITE, i);
	assert_int_equal(event_ring_count(ring), 4);
	assert_int_equal(overflow.count, 6);
	assert_int_equal(counters.overflow_waiting, 6);
	assert_int_equal(counters.value[WIRE_OVERFLOWED], 6);
	for (uint32_t i = 0; i < 10; i++) {
		assert_true(event_ring_pop(ring, &event));
		assert_int_equal(event.cseq, i);
		drain(&overflow, ring);
	}
	assert_int_equal(overflow.count, 0);
	assert_int_equal(counters.overflow_waiting, 0);
	assert_int_equal(counters.overflow_high_water, 6);
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

	assert_int_equal(overflow_init(&overflow, 4, NULL, &counters), 0);
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
		drain(&overflow, ring);
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

	assert_int_equal(overflow_init(&overflow, 2, NULL, &counters), 0);
	for (uint32_t i = 0; i < 4; i++)
		push(&overflow, ring, SIP_BYE, i);
	assert_int_equal(counters.value[WIRE_SHED_ENDS], 1);
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(event_ring_pop(ring, &event));
		assert_int_equal(event.cseq, i);
		assert_true(drain(&overflow, ring));
	}
	assert_true(event_ring_pop(ring, &event));
	assert_true(event.flags & EVENT_WIRE_RESTARTED);
	assert_false(drain(&overflow, ring));
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
	assert_int_equal(overflow_init(&overflow, SLOTS, NULL, &counters), 0);
	for (unsigned int step = 0; step < STEPS; step++) {
		// As many ends as starts come in; the consumer stalls now and then.
		bool is_end = random() % 8 == 0 && ends_in - ends_out < SLOTS;
		push(&overflow, ring, is_end ? SIP_BYE : SIP_INVITE, ++number);
		ends_in += is_end;
		if (random() % 100 < (step / 1000 % 2 ? 95 : 20)) {
			drain(&overflow, ring);
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
	} while (drain(&overflow, ring));
	assert_int_equal(ends_out, ends_in);
	assert_int_equal(counters.value[WIRE_SHED_ENDS], 0);
	assert_true(counters.value[WIRE_SHED_STARTS] > 0);
	assert_int_equal(out + counters.value[WIRE_SHED_STARTS], number);
	overflow_fini(&overflow);
	free(ring);
}

static struct call_event event_of_call(enum sip_method method, uint16_t status, uint64_t call)
{
	struct call_event event = event_of(method, (uint32_t)call);

	event.call_key = (struct siphash128){{call, call << 32}};
	event.status = status;
	if (status) {
		event.method = SIP_NONE;
		event.flags = EVENT_IS_RESPONSE | EVENT_HAS_TO_TAG;
	}
	return event;
}

// Ends of calls that nobody answered give way to answers, and these to ends of calls that are up.
static void test_ranks(void **state)
{
	static const struct {
		enum sip_method method;
		uint16_t status;
		uint64_t call; // 10 and more: known
	} pushed[] = {{SIP_BYE, 0, 1},      {SIP_INVITE, 0, 2}, {SIP_INVITE, 200, 3},
		      {SIP_BYE, 0, 4},      {SIP_BYE, 0, 10},   {SIP_BYE, 0, 5},
		      {SIP_INVITE, 200, 6}, {SIP_BYE, 200, 11}, {SIP_BYE, 0, 12},
		      {SIP_INVITE, 200, 7}, {SIP_BYE, 0, 13},   {SIP_INVITE, 200, 8}};
	const uint64_t expect[] = {1, 10, 11, 12, 13};
	struct known_calls *known = aligned_alloc(64, sizeof(*known));
	struct wire_counters counters = {0};
	struct event_ring *ring = ring_new(1);
	struct overflow overflow;
	struct call_event event;

	memset(known, 0, sizeof(*known));
	for (uint64_t call = 10; call < 20; call++)
		known_calls_up(known, event_of_call(SIP_BYE, 0, call).call_key, 1);
	assert_int_equal(overflow_init(&overflow, 4, known, &counters), 0);
	for (size_t i = 0; i < sizeof(pushed) / sizeof(pushed[0]); i++) {
		event = event_of_call(pushed[i].method, pushed[i].status, pushed[i].call);
		push_event(&overflow, ring, &event);
	}
	for (size_t i = 0; i < sizeof(expect) / sizeof(expect[0]); i++) {
		assert_true(event_ring_pop(ring, &event));
		assert_int_equal(event.cseq, expect[i]);
		drain(&overflow, ring);
	}
	assert_false(event_ring_pop(ring, &event));
	assert_int_equal(counters.value[WIRE_SHED_UNKNOWN], 2); // 4 and 5
	assert_int_equal(counters.value[WIRE_SHED_STARTS], 5);  // 2, 3, 6, 7, 8
	assert_int_equal(counters.value[WIRE_SHED_ENDS], 0);
	overflow_fini(&overflow);
	free(ring);
	free(known);
}

// An INVITE that takes a call over ends the one that is up.
static void test_replaces_is_known(void **state)
{
	struct known_calls *known = aligned_alloc(64, sizeof(*known));
	struct wire_counters counters = {0};
	struct event_ring *ring = ring_new(1);
	struct overflow overflow;

	memset(known, 0, sizeof(*known));
	known_calls_up(known, event_of_call(SIP_BYE, 0, 10).call_key, 1);
	assert_int_equal(overflow_init(&overflow, 1, known, &counters), 0);
	struct call_event event = event_of_call(SIP_INVITE, 0, 1);
	event.flags = EVENT_HAS_REPLACES;
	event.replaces_key = event_of_call(SIP_BYE, 0, 10).call_key;
	push_event(&overflow, ring, &event); // takes the ring
	push_event(&overflow, ring, &event);
	event = event_of_call(SIP_BYE, 0, 2);
	push_event(&overflow, ring, &event);
	assert_int_equal(counters.value[WIRE_SHED_UNKNOWN], 1);
	event = event_of_call(SIP_BYE, 0, 10);
	push_event(&overflow, ring, &event);
	assert_int_equal(counters.value[WIRE_SHED_ENDS], 1);
	overflow_fini(&overflow);
	free(ring);
	free(known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_through),      cmocka_unit_test(test_starts_give_way),
		cmocka_unit_test(test_full_of_ends), cmocka_unit_test(test_random),
		cmocka_unit_test(test_ranks),        cmocka_unit_test(test_replaces_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
