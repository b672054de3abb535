// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/subject.h"

#include "bench/wire/engine.h"
#include "bench/wire/host.h"
#include "bench/wire/testpmd.h"
#include "link/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RING_SLOTS = 4096, STEP_US = 2000, START_STEPS = 10000, END_STEPS = 2500 };

// DPDK names its poll threads rte-worker-N or dpdk-workerN, by release. True: all are there.
static bool find_poll_threads(struct subject *subject)
{
	char path[320], name[32];
	struct dirent *entry;
	unsigned int found = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", subject->pid);
	DIR *dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/comm", subject->pid,
			 entry->d_name);
		FILE *file = fopen(path, "r");
		if (file && fgets(name, sizeof(name), file) && strstr(name, "worker") &&
		    found < subject->cores)
			subject->poll_thread[found++] = (pid_t)atoi(entry->d_name);
		if (file)
			fclose(file);
	}
	if (dir)
		closedir(dir);
	return found == subject->cores;
}

static bool is_ready(struct subject *subject, const struct host *host)
{
	if (subject->kind == SUBJECT_ENGINE)
		return __atomic_load_n(&subject->segment->wire_ready, __ATOMIC_ACQUIRE) != 0;
	if (subject->telemetry < 0)
		subject->telemetry = testpmd_connect(subject->pid, host);
	return subject->telemetry >= 0;
}

static int await_ready(struct subject *subject, const struct host *host)
{
	for (int i = 0; i < START_STEPS; i++) {
		if (waitpid(subject->pid, NULL, WNOHANG) == subject->pid) {
			subject->pid = 0;
			break;
		}
		if (is_ready(subject, host) && find_poll_threads(subject))
			return 0;
		usleep(STEP_US);
	}
	fprintf(stderr, "bench-wire: %s does not start\n",
		subject->kind == SUBJECT_ENGINE ? "the engine" : "dpdk-testpmd");
	if (subject->kind == SUBJECT_TESTPMD)
		testpmd_print_log(host);
	return -ECHILD;
}

void subject_clear(struct subject *subject)
{
	*subject = (struct subject){.segment_fd = -1, .input = -1, .telemetry = -1};
}

int subject_start(struct subject *subject, enum subject_kind kind, const struct subject_plan *plan,
		  const struct host *host)
{
	int input[2] = {-1, -1};

	subject_clear(subject);
	subject->kind = kind;
	subject->cores = plan->two_cores ? 2 : 1;
	if (kind == SUBJECT_ENGINE)
		subject->segment = segment_create(subject->cores, RING_SLOTS, &subject->segment_fd);
	else if (pipe2(input, O_CLOEXEC) < 0)
		return -errno;
	if (kind == SUBJECT_ENGINE && !subject->segment)
		return -errno;
	subject->input = input[1];
	subject->pid = fork();
	if (subject->pid == 0) {
		host_join();
		if (kind == SUBJECT_TESTPMD)
			testpmd_exec(plan, host, input[0]);
		else if (plan->program)
			engine_exec(subject->segment_fd, plan, host);
		else
			_exit(engine_main(subject->segment, plan, host));
		_exit(127);
	}
	if (input[0] >= 0)
		close(input[0]);
	return subject->pid < 0 ? -errno : await_ready(subject, host);
}

void subject_pause(struct subject *subject)
{
	int status = 0;

	if (subject->pid <= 0)
		return;
	kill(subject->pid, SIGSTOP);
	if (waitpid(subject->pid, &status, WUNTRACED) != subject->pid || !WIFSTOPPED(status))
		subject->pid = 0; // it had died
}

void subject_resume(struct subject *subject)
{
	if (subject->pid > 0)
		kill(subject->pid, SIGCONT);
}

uint64_t subject_counter(const struct subject *subject, unsigned int counter)
{
	uint64_t sum = 0;

	if (subject->kind != SUBJECT_ENGINE)
		return 0;
	for (unsigned int i = 0; i < subject->cores; i++)
		sum += __atomic_load_n(&subject->segment->counters[i].value[counter],
				       __ATOMIC_RELAXED);
	return sum;
}

uint64_t subject_packets(const struct subject *subject)
{
	if (subject->kind == SUBJECT_ENGINE)
		return subject_counter(subject, WIRE_RX_FRAMES);
	uint64_t packets = testpmd_packets(subject->telemetry);
	return packets != UINT64_MAX ? packets : 0;
}

// Nanoseconds on a CPU, and waiting for one (Linux, Documentation/scheduler/sched-stats), of all
// poll threads.
static void read_schedstat(const struct subject *subject, unsigned long long *on_cpu,
			   unsigned long long *waited)
{
	unsigned long long run, wait;
	char path[64];

	*on_cpu = *waited = 0;
	for (unsigned int i = 0; i < subject->cores; i++) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", subject->pid,
			 subject->poll_thread[i]);
		FILE *file = fopen(path, "r");
		if (!file)
			continue;
		if (fscanf(file, "%llu %llu", &run, &wait) == 2) {
			*on_cpu += run;
			*waited += wait;
		}
		fclose(file);
	}
}

uint64_t subject_cpu_ns(const struct subject *subject)
{
	unsigned long long on_cpu, waited;

	read_schedstat(subject, &on_cpu, &waited);
	return on_cpu;
}

uint64_t subject_waited_ns(const struct subject *subject)
{
	unsigned long long on_cpu, waited;

	read_schedstat(subject, &on_cpu, &waited);
	return waited;
}

static bool await_end(struct subject *subject)
{
	for (int i = 0; i < END_STEPS; i++) {
		if (waitpid(subject->pid, NULL, WNOHANG) == subject->pid)
			return true;
		usleep(STEP_US);
	}
	return false;
}

int subject_end(struct subject *subject)
{
	int err = 0;

	if (subject->pid <= 0)
		return -ECHILD;
	// testpmd takes its time, and has nothing to put in order.
	kill(subject->pid, subject->kind == SUBJECT_ENGINE ? SIGTERM : SIGKILL);
	kill(subject->pid, SIGCONT);
	if (!await_end(subject)) {
		kill(subject->pid, SIGKILL);
		waitpid(subject->pid, NULL, 0);
		err = -ETIMEDOUT;
	}
	subject->pid = 0;
	return err;
}

void subject_free(struct subject *subject)
{
	if (subject->pid > 0)
		subject_end(subject);
	if (subject->segment)
		segment_unmap(subject->segment);
	if (subject->segment_fd >= 0)
		close(subject->segment_fd);
	if (subject->input >= 0)
		close(subject->input);
	if (subject->telemetry >= 0)
		close(subject->telemetry);
	subject_clear(subject);
}
