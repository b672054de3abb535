// SPDX-License-Identifier: Apache-2.0
#include "bench/flood/flood_engine.h"

#include "bench/wire/host.h"
#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"
#include "dataplane/wire.h"
#include "link/doorbell.h"
#include "link/segment.h"
#include "presence/calls.h"
#include "presence/directory/directory.h"
#include "presence/net/timer_wheel.h"
#include "presence/person.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFERS = 16384, PAUSE_US = 50, TIMERS_EVERY = 64 };

struct presence {
	struct flood_engine *flood;
	struct event_ring *ring;
	struct timer_wheel *wheel;
	struct calls *calls;
};

static struct settings settings;

// "sip:caller17@bench.example" is party 34.
static int party_of(const char *aor)
{
	const char *number = NULL;
	int role = 0;

	if (strncmp(aor, "sip:caller", 10) == 0)
		number = aor + 10;
	if (strncmp(aor, "sip:callee", 10) == 0) {
		number = aor + 10;
		role = 1;
	}
	return number ? atoi(number) * 2 + role : -1;
}

static void on_change(void *ctx, const struct person_change *change)
{
	struct flood_engine *flood = ctx;
	int party = party_of(change->person->aor);

	if (party < 0 || (unsigned int)party >= flood->calls * 2)
		flood->others++;
	else if (change->busy && change->cause == CAUSE_ANSWERED)
		flood->party[party].starts++;
	else if (!change->busy && change->cause == CAUSE_BYE)
		flood->party[party].ends++;
	else
		flood->party[party].wrong++;
}

static void take(struct presence *presence, const struct call_event *event)
{
	uint64_t start_ns = clock_mono_ns();

	calls_apply(presence->calls, event);
	while (presence->flood->event_ns && clock_mono_ns() - start_ns < presence->flood->event_ns)
		;
	if (++presence->flood->events % TIMERS_EVERY == 0)
		timer_wheel_advance(presence->wheel, clock_mono_ns());
}

static void *presence_main(void *arg)
{
	struct presence *presence = arg;
	struct call_event event;

	for (;;) {
		bool got = event_ring_pop(presence->ring, &event);
		__atomic_store_n(&presence->flood->idle, !got, __ATOMIC_RELAXED);
		if (got)
			take(presence, &event);
		else
			usleep(PAUSE_US);
	}
	return NULL;
}

static void make_presence(struct presence *presence, struct flood_engine *flood,
			  struct segment *segment)
{
	presence->flood = flood;
	presence->ring = segment_ring(segment, 0);
	presence->wheel = timer_wheel_new(clock_mono_ns());
	presence->calls = calls_new(&(struct calls_options){
		.settings = &settings,
		.wheel = presence->wheel,
		.directory = directory_new(&settings),
		.persons = persons_new(on_change, flood),
	});
}

int flood_engine_main(struct flood_engine *flood, struct segment *segment, const char *port,
		      const struct host *host)
{
	static struct presence presence;
	char error[1024] = "";
	pthread_t thread;

	log_init("bench-flood", LOG_TO_STDERR, LOG_ERROR);
	settings_default(&settings);
	strcpy(settings.directory.map_any, "bench.example");
	snprintf(settings.wire.port[0], sizeof(settings.wire.port[0]), "%s", port);
	settings.wire.port_count = 1;
	settings.wire.mbufs = BUFFERS;
	settings.wire.poll = POLL_ALWAYS;
	settings.wire.cores = UINT64_C(1) << host->poll_cpu;
	settings.wire.hugepages = host->hugepages ? PAGES_AUTO : PAGES_NEVER;
	struct wire *wire = wire_open(&settings, segment, doorbell_create(), error, sizeof(error));
	if (!wire) {
		fprintf(stderr, "bench-flood: engine: %s\n", error);
		return EXIT_FAILURE;
	}
	make_presence(&presence, flood, segment);
	if (!presence.calls || pthread_create(&thread, NULL, presence_main, &presence) != 0)
		return EXIT_FAILURE;
	return wire_run(wire) ? EXIT_FAILURE : EXIT_SUCCESS;
}
