// SPDX-License-Identifier: Apache-2.0
// Made-up calls through the engine's own frame walk and look: each message is SIP that the parser
// takes, and presence's table of calls comes to the truth that the generator says.
#include "bench/calls/generator.h"
#include "config/clock.h"
#include "config/settings.h"
#include "dataplane/frame.h"
#include "dataplane/look.h"
#include "link/counters.h"
#include "presence/calls.h"
#include "presence/directory/directory.h"
#include "presence/net/timer_wheel.h"
#include "presence/person.h"
#include "sip/line_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PERSONS = 500, CALLS = 400 };

static struct settings settings;
static struct lamps *lamps;
static struct wire_counters counters;
static struct calls *calls;
static uint64_t now_ns;

static void person_changed(void *ctx, const struct person_change *change)
{
	(void)ctx;
	assert_memory_equal(change->person->aor, "sip:u", 5);
	lamps_shown(lamps, (uint32_t)strtoul(change->person->aor + 5, NULL, 10), change->busy,
		    now_ns);
}

static void event_told(void *ctx, const struct call_event *event)
{
	(void)ctx;
	calls_apply(calls, event);
}

// Time jumps from message to message and timer to timer.
static void run(struct generator *generator, struct look *look, struct timer_wheel *wheel)
{
	uint8_t data[GENERATOR_FRAME];
	struct frame frame;
	size_t len;

	for (;;) {
		uint64_t due_ns = generator_due_ns(generator);
		uint64_t timer_ns = timer_wheel_next_ns(wheel);

		if (due_ns == UINT64_MAX && lamps_differing(lamps) == 0)
			break;
		assert_true(due_ns != UINT64_MAX || timer_ns != UINT64_MAX);
		now_ns = due_ns < timer_ns ? due_ns : timer_ns;
		clock_set(now_ns);
		timer_wheel_advance(wheel, clock_mono_ns());
		while ((len = generator_next(generator, clock_mono_ns(), data)) > 0) {
			frame_walk(data, (uint32_t)len, &frame);
			look_frame(look, &frame, data, clock_mono_ns());
		}
	}
}

static void check_kind(int kind, struct generator_totals *totals)
{
	struct generator_options options = {
		.seed = 3,
		.persons = PERSONS,
		.overlap = 0.3,
		.hold = {SPREAD_UNIFORM, 100 * NS_PER_MS, 2 * NS_PER_S},
		.ring = {SPREAD_UNIFORM, 0, 50 * NS_PER_MS},
		.lamps = lamps,
	};
	struct timer_wheel *wheel = timer_wheel_new(clock_mono_ns());
	struct directory *directory = directory_new(&settings);
	struct persons *persons = persons_new(person_changed, NULL);
	struct look look = {.key = {{1, 2}}, .counters = &counters, .tell = event_told};
	struct generator *generator;

	for (int i = 0; i < SCENE_STANDING; i++)
		options.mix[i] = kind < 0 || kind == i;
	calls = calls_new(&(struct calls_options){
		.settings = &settings, .wheel = wheel, .directory = directory, .persons = persons});
	look_follow(&look, false, true, false);
	generator = generator_new(&options);
	assert_non_null(generator);
	generator_begin(generator, 100, CALLS, clock_mono_ns());
	run(generator, &look, wheel);
	assert_int_equal(generator_calls_up(generator), 0);
	generator_take(generator, totals);
	generator_free(generator);
	calls_free(calls);
	persons_free(persons);
	directory_free(directory);
	timer_wheel_free(wheel);
}

static void every_kind_comes_out_right(void **state)
{
	(void)state;
	for (int kind = -1; kind < SCENE_STANDING; kind++) {
		static struct histogram latency[LATENCY_COUNT];
		struct lamps_result result;
		struct generator_totals totals;

		memset(&counters, 0, sizeof(counters));
		lamps = lamps_new(PERSONS);
		check_kind(kind, &totals);
		lamps_take(lamps, clock_mono_ns(), &result, latency);
		lamps_free(lamps);
		assert_int_equal(totals.calls, CALLS);
		if (kind >= 0)
			assert_int_equal(totals.kind[kind], CALLS);
		assert_int_equal(counters.value[WIRE_SIP_MESSAGES], totals.messages);
		assert_int_equal(counters.value[WIRE_SIP_REJECTED], 0);
		assert_int_equal(counters.value[WIRE_SIP_REFERENCE], 0);
		assert_int_equal(result.starts, result.starts_shown);
		assert_int_equal(result.ends_shown, result.starts_shown);
		assert_int_equal(result.unasked, 0);
		// Without a network nothing is wrong but ends that were not seen.
		assert_int_equal(result.wrong_ns, result.unseen_ns);
		if (kind == SCENE_CANCELLED || kind == SCENE_BUSY)
			assert_int_equal(result.busy_ns, 0);
		else
			assert_true(result.busy_ns > 50 * NS_PER_S);
		assert_int_equal(result.unseen_ns > 0, kind < 0 || kind == SCENE_LOST_BYE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_comes_out_right),
	};

	settings_default(&settings);
	strcpy(settings.directory.map_any, "bench.example");
	settings.calls.max_call_age_ns = 10 * NS_PER_S;
	clock_set(1000 * NS_PER_S);
	if (line_index_select(LINE_KERNEL_AUTO) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
