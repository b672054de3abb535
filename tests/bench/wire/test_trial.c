// SPDX-License-Identifier: Apache-2.0
// What a trial is judged to be, by what generator and receiver say of it: both are made up here.
#include "bench/wire/trial.h"

#include "bench/wire/generator.h"
#include "bench/wire/host.h"
#include "bench/wire/subject.h"
#include "bench/wire/traffic.h"
#include "link/counters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { FRAMES = 1000, BEFORE = 77 }; // of the trial; what all counters had before it

// One message in ten frames, one event in twenty.
uint64_t traffic_messages(const struct traffic *traffic, uint64_t frames)
{
	(void)traffic;
	return frames / 10;
}

uint64_t traffic_events(const struct traffic *traffic, uint64_t frames)
{
	(void)traffic;
	return frames / 20;
}

struct happening {
	const char *name;
	enum trial_verdict verdict;
	enum subject_kind kind;
	// Other than what all went well.
	int sent, refused, received, messages, events, shed_starts, shed_ends;
	bool not_kept;
	uint64_t waited_ns, stolen;
};

static struct happening now;
static bool is_running, is_over;

static uint64_t grown(int by)
{
	return (uint64_t)(BEFORE + (is_over ? by : 0));
}

uint64_t subject_packets(const struct subject *subject)
{
	(void)subject;
	return grown(FRAMES + now.received);
}

uint64_t subject_counter(const struct subject *subject, unsigned int counter)
{
	if (subject->kind != SUBJECT_ENGINE)
		return 0;
	switch (counter) {
	case WIRE_SIP_MESSAGES: return grown(FRAMES / 10 + now.messages);
	case WIRE_EVENTS: return grown(FRAMES / 20 + now.events);
	case WIRE_SHED_STARTS: return grown(now.shed_starts);
	case WIRE_SHED_ENDS: return grown(now.shed_ends);
	default: fail_msg("counter %u", counter); return 0;
	}
}

uint64_t subject_waited_ns(const struct subject *subject)
{
	(void)subject;
	return grown((int)now.waited_ns);
}

uint64_t host_stolen(unsigned int cpu)
{
	assert_int_equal(cpu, 1);
	return grown((int)now.stolen);
}

void subject_resume(struct subject *subject)
{
	(void)subject;
	is_running = true;
}

void subject_pause(struct subject *subject)
{
	(void)subject;
	is_running = false;
}

void generator_begin(struct generator *generator, const struct generator_order *order)
{
	(void)generator;
	assert_true(is_running);
	assert_true(order->strict);
	assert_false(order->patient);
	assert_int_equal(order->port, 1);
	assert_int_equal(order->frames, FRAMES);
	is_over = true;
}

void generator_wait(struct generator *generator, struct generator_report *report)
{
	(void)generator;
	*report = (struct generator_report){.sent = (uint64_t)(FRAMES + now.sent),
					    .refused = (uint64_t)now.refused,
					    .kept_rate = !now.not_kept,
					    .seconds = 0.01};
}

static const struct happening happenings[] = {
	{.name = "all", .verdict = TRIAL_PASSED},
	{.name = "all, though others had its CPU",
	 .verdict = TRIAL_PASSED,
	 .waited_ns = 5000000,
	 .stolen = 3},
	{.name = "slower than it should", .verdict = TRIAL_NOT_OFFERED, .not_kept = true},
	{.name = "no room", .verdict = TRIAL_LOST, .sent = -1, .refused = 1, .received = -1},
	{.name = "no room, and slower",
	 .verdict = TRIAL_LOST,
	 .sent = -1,
	 .refused = 1,
	 .received = -1,
	 .not_kept = true},
	{.name = "not counted", .verdict = TRIAL_LOST, .received = -1},
	{.name = "counted twice", .verdict = TRIAL_LOST, .received = 1},
	{.name = "a message not seen", .verdict = TRIAL_LOST, .messages = -1},
	{.name = "an event not told", .verdict = TRIAL_LOST, .events = -1},
	{.name = "an event made up", .verdict = TRIAL_LOST, .events = 1},
	{.name = "no room for an event", .verdict = TRIAL_LOST, .shed_starts = 1},
	{.name = "no room for an end", .verdict = TRIAL_LOST, .shed_ends = 1},
	{.name = "lost, waited a little",
	 .verdict = TRIAL_LOST,
	 .received = -1,
	 .waited_ns = 20000},
	{.name = "lost, waited", .verdict = TRIAL_DISTURBED, .received = -1, .waited_ns = 60000},
	{.name = "lost, stolen", .verdict = TRIAL_DISTURBED, .received = -1, .stolen = 1},
	{.name = "testpmd, all", .verdict = TRIAL_PASSED, .kind = SUBJECT_TESTPMD},
	{.name = "testpmd, no room",
	 .verdict = TRIAL_LOST,
	 .kind = SUBJECT_TESTPMD,
	 .sent = -1,
	 .refused = 1,
	 .received = -1},
	{.name = "testpmd, not counted",
	 .verdict = TRIAL_LOST,
	 .kind = SUBJECT_TESTPMD,
	 .received = -1},
};

static void verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(happenings) / sizeof(happenings[0]); i++) {
		now = happenings[i];
		is_running = is_over = false;
		struct subject subject = {.kind = now.kind ? now.kind : SUBJECT_ENGINE};
		const struct host host = {.main_cpu = 0, .poll_cpu = 1};
		const struct trial trial = {
			.subject = &subject, .port = 1, .host = &host, .seconds = 0.01};
		enum trial_verdict verdict = trial_run(&trial, FRAMES / 0.01);

		if (verdict != now.verdict)
			fail_msg("%s: %s", now.name, search_limit_name(verdict));
		if (is_running)
			fail_msg("%s: it goes on", now.name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(verdicts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
