// SPDX-License-Identifier: Apache-2.0
// What an event costs presence before anything is published: out of the ring, into the table of
// calls, on to the persons. Calls that are up at a time set the size of the tables that each event
// meets. The presence changes are counted against the calls made.
#include "bench/call_message.h"
#include "bench/figure.h"
#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"
#include "link/event_ring.h"
#include "presence/calls.h"
#include "presence/directory/directory.h"
#include "presence/net/timer_wheel.h"
#include "presence/person.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	RING_SLOTS = 4096,
	CHUNK = 512, // calls whose events are in the ring at a time
	CALLS = 500000,
	ROUNDS_MOST = 32,
};

static struct settings settings;

struct run {
	struct event_ring *ring;
	struct timer_wheel *wheel;
	struct directory *directory;
	struct persons *persons;
	struct calls *calls;
	uint64_t changes, events, spent_ns;
};

static uint64_t thread_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void count_change(void *ctx, const struct person_change *change)
{
	(void)change;
	((struct run *)ctx)->changes++;
}

static void run_init(struct run *run)
{
	*run = (struct run){.ring = aligned_alloc(64, event_ring_bytes(RING_SLOTS))};
	event_ring_init(run->ring, RING_SLOTS);
	run->wheel = timer_wheel_new(clock_mono_ns());
	run->directory = directory_new(&settings);
	run->persons = persons_new(count_change, run);
	run->calls = calls_new(&(struct calls_options){
		.settings = &settings,
		.wheel = run->wheel,
		.directory = run->directory,
		.persons = run->persons,
	});
}

static void run_fini(struct run *run)
{
	calls_free(run->calls);
	persons_free(run->persons);
	directory_free(run->directory);
	timer_wheel_free(run->wheel);
	free(run->ring);
}

// Messages `step` to `last_step` of the calls from `first` on; a person is in one call only.
static void run_steps(struct run *run, uint64_t first, uint64_t end, int step, int last_step,
		      uint64_t persons)
{
	struct call_event event;

	for (; step < last_step; step++) {
		uint64_t start_ns;

		for (uint64_t i = first; i < end; i++) {
			call_message(&event, i, step, persons);
			event_ring_push(run->ring, &event);
		}
		event_ring_publish(run->ring);
		start_ns = thread_cpu_ns();
		while (event_ring_pop(run->ring, &event)) {
			calls_apply(run->calls, &event);
			run->events++;
		}
		run->spent_ns += thread_cpu_ns() - start_ns;
	}
}

// 0; or -1 when the changes are not those of so many calls.
static int measure(uint64_t calls, uint64_t up, double *ns_per_event)
{
	struct run run;
	int rc;

	run_init(&run);
	for (uint64_t first = 0; first < calls; first += up) {
		uint64_t end = first + up;

		for (uint64_t i = first; i < end; i += CHUNK)
			run_steps(&run, i, i + CHUNK < end ? i + CHUNK : end, 0, CALL_MESSAGES_UP,
				  calls);
		for (uint64_t i = first; i < end; i += CHUNK)
			run_steps(&run, i, i + CHUNK < end ? i + CHUNK : end, CALL_MESSAGES_UP,
				  CALL_MESSAGES, calls);
	}
	*ns_per_event = (double)run.spent_ns / (double)run.events;
	// Both parties become busy, and free.
	rc = run.changes == calls * 4 ? 0 : -1;
	if (rc < 0)
		fprintf(stderr, "bench-events: %" PRIu64 " presence changes of %" PRIu64 " calls\n",
			run.changes, calls);
	run_fini(&run);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"up", required_argument, NULL, 'u'},
		{"rounds", required_argument, NULL, 'r'},
		{NULL, 0, NULL, 0},
	};
	uint64_t up = CHUNK, calls, rounds = 3;
	double ns[ROUNDS_MOST], events[ROUNDS_MOST];
	bool as_json = false;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 'j': as_json = true; break;
		case 'u': up = strtoull(optarg, NULL, 10); break;
		case 'r': rounds = strtoull(optarg, NULL, 10); break;
		default: return 2;
		}
	}
	if (up == 0 || rounds == 0 || rounds > ROUNDS_MOST) {
		fprintf(stderr, "usage: bench-events [--json] [--up CALLS] [--rounds N]\n");
		return 2;
	}
	figure_init(as_json);
	log_init("bench-events", LOG_TO_STDERR, LOG_ERROR);
	settings_default(&settings);
	strcpy(settings.directory.map_any, "bench.example");
	if (settings.calls.max_calls < up)
		settings.calls.max_calls = up;
	calls = (CALLS + up - 1) / up * up;
	for (uint64_t i = 0; i < rounds; i++) {
		if (measure(calls, up, &ns[i]) < 0)
			return EXIT_FAILURE;
		events[i] = 1e9 / ns[i];
	}
	figure_begin("bench-events");
	figure_word("case", "ring+calls");
	figure_count("calls_up", up);
	figure_of("ns_per_event", ns, rounds);
	figure_of("events_per_s", events, rounds);
	figure_end();
	return EXIT_SUCCESS;
}
