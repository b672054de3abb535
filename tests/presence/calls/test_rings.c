// SPDX-License-Identifier: Apache-2.0
// The seven messages of a call dealt to the rings of four poll cores in every way there is, 8 ms
// apart, and taken as the worker takes them: ring after ring, what has arrived when it wakes.
// Within a ring there is an order; between them there is none. Every deal must come out the same.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/clock.h"
#include "link/segment.h"
#include "presence/person.h"
#include "scenario.h"

enum { RINGS = 4, MESSAGES = 7, DEALS = 1 << 2 * MESSAGES, APART_MS = 8, OVER_MS = 110 };

// From and To would be somebody else: only the INVITE knows who they are.
static const char *const message[MESSAGES] = {
	"INVITE a> pai=carol ruri=dave", "180 INVITE a>b", "200 INVITE a>b",     "ACK a>b",
	"200 UPDATE a>b cseq=2",         "BYE a>b cseq=3", "200 BYE a>b cseq=3",
};

static struct scenario_world world;
static struct segment *segment;

static int rings_open(void **state)
{
	int fd;

	(void)state;
	segment = segment_create(RINGS, 64, &fd);
	assert_non_null(segment);
	close(fd);
	return 0;
}

static int rings_close(void **state)
{
	(void)state;
	segment_unmap(segment);
	return 0;
}

static unsigned int ring_of(unsigned int deal, int number)
{
	return deal >> 2 * number & (RINGS - 1);
}

static void drain(void)
{
	struct call_event event;

	for (uint32_t i = 0; i < RINGS; i++)
		while (event_ring_pop(segment_ring(segment, i), &event))
			calls_apply(world.calls, &event);
}

static unsigned int lines_of(const char *text, const char *word)
{
	unsigned int count = 0;

	for (; (text = strstr(text, word)) != NULL; text += strlen(word))
		count++;
	return count;
}

static void deal_fail(unsigned int deal, int wake, const char *what)
{
	char told[160] = "";

	for (int i = 0; i < MESSAGES; i++)
		snprintf(told + strlen(told), sizeof(told) - strlen(told), "%.12s on %u; ",
			 message[i], ring_of(deal, i));
	fail_msg("%s: %swoken after %d too\n%s", what, told, wake, world.told);
}

// The worker wakes after `wake` messages, and after the last one.
static void deal_run(unsigned int deal, int wake)
{
	static unsigned int runs;
	struct calls_totals totals;
	struct call_event event;
	char call[16];

	world.zero_ns = clock_mono_ns();
	world.told[0] = '\0';
	world.told_len = 0;
	snprintf(call, sizeof(call), "-%u", runs++);
	for (int i = 0; i < MESSAGES; i++) {
		scenario_pass(&world, (uint64_t)i * APART_MS);
		scenario_event(&event, message[i], call);
		struct event_ring *ring = segment_ring(segment, ring_of(deal, i));
		assert_true(event_ring_push(ring, &event));
		event_ring_publish(ring);
		if (i + 1 == wake)
			drain();
	}
	drain();
	scenario_pass(&world, OVER_MS);
	calls_totals(world.calls, &totals);
	if (totals.up != 0 || persons_count(world.persons) != 0)
		deal_fail(deal, wake, "still up");
	if (lines_of(world.told, "busy") != lines_of(world.told, "clear"))
		deal_fail(deal, wake, "not cleared");
	if (strstr(world.told, "carol") == NULL && wake > 2 && wake < MESSAGES - 1)
		deal_fail(deal, wake, "not told of");
}

static void deal_all(const char *setup)
{
	scenario_open(&world, setup);
	for (unsigned int deal = 0; deal < DEALS; deal++)
		for (int wake = 1; wake <= MESSAGES; wake++)
			deal_run(deal, wake);
	scenario_close(&world);
}

static void ends_however_it_is_dealt(void **state)
{
	(void)state;
	deal_all(NULL);
}

static void ends_however_it_is_dealt_if_early_is_busy(void **state)
{
	(void)state;
	deal_all("early");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_however_it_is_dealt),
		cmocka_unit_test(ends_however_it_is_dealt_if_early_is_busy),
	};
	return cmocka_run_group_tests(tests, rings_open, rings_close);
}
