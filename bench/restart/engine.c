// SPDX-License-Identifier: Apache-2.0
#include "bench/restart/engine.h"

#include "bench/call_message.h"
#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/secret.h"
#include "config/settings.h"
#include "link/doorbell.h"
#include "link/segment.h"
#include "presence/net/loop.h"
#include "presence/store/store.h"
#include "presence/worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_EVERY_NS NS_PER_MS

// Looks at the worker from inside its own thread.
struct look {
	struct timer timer; // first member
	struct worker *worker;
	volatile struct engine_signs *signs;
};

static void look_around(struct timer *timer)
{
	struct look *look = (struct look *)timer;
	const struct worker_parts *parts = worker_parts(look->worker);

	look->signs->backlog = store_backlog(parts->store);
	if (look->signs->ready_ns == 0 && store_state(parts->store) == STORE_READY) {
		look->signs->restored = metric_value("offhook_publication_restored", NULL);
		look->signs->ready_ns = clock_mono_ns();
	}
	timer_set(loop_wheel(parts->loop), &look->timer, clock_mono_ns() + LOOK_EVERY_NS,
		  look_around);
}

int engine_init(struct engine *engine)
{
	engine->pid = -1;
	engine->segment = segment_create(1, EVENT_RING_SLOTS_MAX, &engine->segment_fd);
	engine->doorbell = doorbell_create();
	engine->signs = mmap(NULL, sizeof(*engine->signs), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (engine->segment != NULL && engine->doorbell >= 0 && engine->signs != MAP_FAILED)
		return 0;
	perror("bench-restart: the segment");
	return -1;
}

void engine_fini(struct engine *engine)
{
	segment_unmap(engine->segment);
	close(engine->segment_fd);
	close(engine->doorbell);
	munmap((void *)engine->signs, sizeof(*engine->signs));
}

static _Noreturn void run(struct engine *engine, const struct settings *settings)
{
	static const struct secrets no_secrets;
	struct worker_options options = {settings, &no_secrets, engine->segment, engine->doorbell};
	struct look look = {.signs = engine->signs};
	char error[256] = "";

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	look.worker = worker_new(&options, error, sizeof(error));
	if (look.worker == NULL) {
		fprintf(stderr, "bench-restart: %s\n", error);
		_exit(EXIT_FAILURE);
	}
	look_around(&look.timer);
	worker_run(look.worker);
	_exit(EXIT_SUCCESS);
}

void engine_start(struct engine *engine, const struct settings *settings)
{
	*engine->signs = (struct engine_signs){0};
	engine->pid = fork();
	if (engine->pid == 0)
		run(engine, settings);
}

void engine_kill(struct engine *engine)
{
	kill(engine->pid, SIGKILL);
	waitpid(engine->pid, NULL, 0);
	engine->pid = -1;
}

void engine_call(struct engine *engine, uint64_t number, int step)
{
	struct call_event event;

	call_message(&event, number, step, UINT64_MAX);
	while (!event_ring_push(segment_ring(engine->segment, 0), &event) && engine->pid > 0)
		usleep(100);
	event_ring_publish(segment_ring(engine->segment, 0));
	doorbell_ring_if_asleep(engine->segment, engine->doorbell);
}

uint64_t engine_resident(pid_t pid)
{
	unsigned long pages = 0, shared = 0;
	char path[40];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%*u %lu %lu", &pages, &shared) != 2)
		pages = shared = 0;
	fclose(file);
	return (uint64_t)(pages - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t engine_resident_of_children(pid_t pid)
{
	uint64_t bytes = 0;
	char path[60];
	FILE *file;
	pid_t child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "r");
	while (file != NULL && fscanf(file, "%d", &child) == 1)
		bytes += engine_resident(child);
	if (file != NULL)
		fclose(file);
	return bytes;
}
