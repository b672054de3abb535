// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/engine.h"

#include "bench/wire/host.h"
#include "bench/wire/subject.h"
#include "config/log.h"
#include "config/settings.h"
#include "dataplane/wire.h"
#include "link/doorbell.h"
#include "link/segment.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	// A wake-up takes tens of us of a virtual CPU, which the generator has, too; meanwhile no
	// more comes than the ring has room for.
	PAUSE_US = 500,
	SERVE_ARGUMENTS = 7,
};

static const char serve_word[] = "--serve";

static struct wire *running;

static void on_signal(int signal)
{
	(void)signal;
	wire_stop(running);
}

// As presence does: by value, one by one. It runs where the engine's main thread does.
static void *consume(void *arg)
{
	struct segment *segment = arg;
	struct call_event event;

	for (;;) {
		bool popped = false;

		for (unsigned int i = 0; i < segment->lcores; i++)
			popped |= event_ring_pop(segment_ring(segment, i), &event);
		if (!popped)
			usleep(PAUSE_US);
	}
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
	if (plan->two_cores) {
		settings.wire.cores |= UINT64_C(1) << host->main_cpu;
		settings.wire.queues = 2;
	}
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

void engine_exec(int segment_fd, const struct subject_plan *plan, const struct host *host)
{
	char fd[16], mbufs[16], cpu[16];

	fcntl(segment_fd, F_SETFD, 0);
	snprintf(fd, sizeof(fd), "%d", segment_fd);
	snprintf(mbufs, sizeof(mbufs), "%u", plan->mbufs);
	snprintf(cpu, sizeof(cpu), "%u", host->poll_cpu);
	execl(plan->program, plan->program, serve_word, fd, plan->port, mbufs, cpu,
	      host->hugepages ? "hugepages" : "no-huge", NULL);
	perror(plan->program);
}

int engine_serve(int argc, char **argv)
{
	if (argc != SERVE_ARGUMENTS || strcmp(argv[1], serve_word) != 0)
		return -1;
	struct segment *segment = segment_map(atoi(argv[2]));
	if (!segment) {
		fprintf(stderr, "bench-wire: the other build's segment is of another version\n");
		return EXIT_FAILURE;
	}
	return engine_main(
		segment,
		&(struct subject_plan){.port = argv[3], .mbufs = (unsigned int)atoi(argv[4])},
		&(struct host){.poll_cpu = (unsigned int)atoi(argv[5]),
			       .hugepages = strcmp(argv[6], "hugepages") == 0});
}
