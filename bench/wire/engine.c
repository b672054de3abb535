// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/engine.h"

#include "bench/wire/host.h"
#include "bench/wire/subject.h"
#include "config/log.h"
#include "config/settings.h"
#include "dataplane/wire.h"
#include "link/doorbell.h"
#include "link/segment.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAUSE_US = 50 };

static struct wire *running;

static void on_signal(int signal)
{
	(void)signal;
	wire_stop(running);
}

// As presence does: by value, one by one. It runs where the engine's main thread does.
static void *consume(void *arg)
{
	struct event_ring *ring = segment_ring(arg, 0);
	struct call_event event;

	for (;;)
		if (!event_ring_pop(ring, &event))
			usleep(PAUSE_US);
	return NULL;
}

int engine_main(struct segment *segment, const struct subject_plan *plan, const struct host *host)
{
	static struct settings settings;
	char error[1024] = "";
	pthread_t consumer;

	log_init("bench-wire", LOG_TO_STDERR, LOG_ERROR);
	settings_default(&settings);
	snprintf(settings.wire.port[0], sizeof(settings.wire.port[0]), "%s", plan->port);
	settings.wire.port_count = 1;
	settings.wire.mbufs = plan->mbufs;
	settings.wire.poll = POLL_ALWAYS; // as testpmd
	settings.wire.cores = UINT64_C(1) << host->poll_cpu;
	settings.wire.hugepages = host->hugepages ? PAGES_AUTO : PAGES_NEVER;
	running = wire_open(&settings, segment, doorbell_create(), error, sizeof(error));
	if (!running) {
		fprintf(stderr, "bench-wire: engine: %s\n", error);
		return EXIT_FAILURE;
	}
	signal(SIGTERM, on_signal);
	if (pthread_create(&consumer, NULL, consume, segment) != 0)
		return EXIT_FAILURE;
	int err = wire_run(running);
	wire_close(running);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
