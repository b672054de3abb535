// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/presence.h"

#include "bench/registrar/server.h"
#include "config/log.h"
#include "config/secret.h"
#include "presence/calls.h"
#include "presence/store/store.h"
#include "presence/worker.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef OFFHOOK_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

enum { START_MS = 10000 };

struct presence_shared {
	uint32_t ready;    // child: wo
	uint64_t answered; // child: wo; one more for each question
	struct presence_memory memory;
};

static struct worker *worker;

static void stop(int signal_number)
{
	(void)signal_number;
	worker_stop(worker);
}

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		perror("bench-calls: affinity");
}

static uint64_t resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file == NULL || fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	if (file != NULL)
		fclose(file);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

// What the process holds, without what the allocator keeps for later. 0: it can't say.
static uint64_t allocated_bytes(void)
{
	size_t bytes = 0;
#ifdef OFFHOOK_JEMALLOC
	uint64_t epoch = 1;
	size_t len = sizeof(bytes);

	mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch)); // statistics of now
	mallctl("stats.allocated", &bytes, &len, NULL, 0);
#endif
	return bytes;
}

struct answerer {
	struct presence_shared *shared;
	int asked;
};

static void *answer_questions(void *arg)
{
	const struct answerer *answerer = arg;
	struct presence_shared *shared = answerer->shared;
	struct calls_totals totals;
	char octet;

	while (read(answerer->asked, &octet, 1) == 1) {
		calls_totals(worker_parts(worker)->calls, &totals);
		shared->memory = (struct presence_memory){
			.allocated = allocated_bytes(),
			.resident = resident_bytes(),
			.calls = totals.up,
			.calls_bytes = totals.bytes,
		};
		__atomic_add_fetch(&shared->answered, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static _Noreturn void run(const struct presence_options *options, struct presence_shared *shared,
			  int asked)
{
	static const struct secrets no_secrets;
	struct answerer answerer = {shared, asked};
	char error[512] = "";
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	server_free(options->registrar);
	log_init("bench-calls", LOG_TO_STDERR, LOG_ERROR);
	pin(options->other_cpu); // its redis-server and helpers start there
	worker = worker_new(&(struct worker_options){options->settings, &no_secrets,
						     options->segment, options->doorbell},
			    error, sizeof(error));
	if (worker == NULL || pthread_create(&thread, NULL, answer_questions, &answerer) != 0) {
		fprintf(stderr, "bench-calls: %s\n", error);
		_exit(EXIT_FAILURE);
	}
	signal(SIGTERM, stop);
	pin(options->worker_cpu);
	__atomic_store_n(&shared->ready, 1, __ATOMIC_RELEASE);
	worker_run(worker);
	worker_free(worker);
	_exit(EXIT_SUCCESS);
}

// The redis-server whose parent is pid.
static pid_t find_store(pid_t parent)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char path[300], name[32] = "";
		int ppid = 0;
		FILE *file;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		file = fopen(path, "re");
		if (file == NULL)
			continue;
		if (fscanf(file, "%*d (%31[^)]) %*c %d", name, &ppid) == 2 && ppid == parent &&
		    strncmp(name, "redis-server", 12) == 0)
			found = (pid_t)atoi(entry->d_name);
		fclose(file);
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

int presence_start(struct presence *presence, const struct presence_options *options)
{
	int ask[2];

	*presence = (struct presence){.ask = -1};
	presence->shared = mmap(NULL, sizeof(*presence->shared), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (presence->shared == MAP_FAILED || pipe(ask) < 0)
		return -errno;
	fflush(stdout);
	presence->pid = fork();
	if (presence->pid < 0)
		return -errno;
	if (presence->pid == 0) {
		close(ask[1]);
		run(options, presence->shared, ask[0]);
	}
	close(ask[0]);
	presence->ask = ask[1];
	for (int i = 0; i < START_MS; i++) {
		if (__atomic_load_n(&presence->shared->ready, __ATOMIC_ACQUIRE))
			break;
		if (waitpid(presence->pid, NULL, WNOHANG) != 0)
			return -ECHILD; // it has said why
		usleep(1000);
	}
	return 0;
}

void presence_stop(struct presence *presence)
{
	if (presence->pid <= 0)
		return;
	kill(presence->pid, SIGTERM);
	waitpid(presence->pid, NULL, 0);
	close(presence->ask);
	munmap(presence->shared, sizeof(*presence->shared));
	presence->pid = 0;
}

static uint64_t process_cpu_ns(pid_t pid)
{
	struct timespec now;
	clockid_t id;

	if (pid <= 0 || clock_getcpuclockid(pid, &id) != 0 || clock_gettime(id, &now) != 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t presence_cpu_ns(const struct presence *presence)
{
	return process_cpu_ns(presence->pid);
}

uint64_t presence_store_cpu_ns(const struct presence *presence)
{
	return process_cpu_ns(presence->store_pid);
}

void presence_find_store(struct presence *presence)
{
	presence->store_pid = find_store(presence->pid);
}

void presence_memory(struct presence *presence, struct presence_memory *memory)
{
	uint64_t before = __atomic_load_n(&presence->shared->answered, __ATOMIC_ACQUIRE);

	memset(memory, 0, sizeof(*memory));
	if (write(presence->ask, "?", 1) != 1)
		return;
	for (int i = 0; i < START_MS; i++) {
		if (__atomic_load_n(&presence->shared->answered, __ATOMIC_ACQUIRE) != before) {
			*memory = presence->shared->memory;
			return;
		}
		usleep(1000);
	}
}
