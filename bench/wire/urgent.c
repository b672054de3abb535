// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/urgent.h"

#include "bench/wire/generator.h"
#include "bench/wire/host.h"
#include "bench/wire/subject.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

// Who never sleeps comes last.
enum { ORDINARY, BUSY, WAITING, BENCH };

static bool set_one(pid_t thread, int priority)
{
	const struct sched_param param = {.sched_priority = priority};

	return sched_setscheduler(thread, priority == ORDINARY ? SCHED_OTHER : SCHED_FIFO,
				  &param) == 0;
}

static bool is_poll_thread(const struct subject *subject, pid_t thread)
{
	for (unsigned int i = 0; i < subject->cores; i++)
		if (subject->poll_thread[i] == thread)
			return true;
	return false;
}

static bool set_subject(const struct subject *subject, int busy, int waiting)
{
	bool is_set = subject->pid > 0;
	struct dirent *entry;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/task", subject->pid);
	DIR *dir = is_set ? opendir(path) : NULL;
	while (dir && (entry = readdir(dir))) {
		pid_t thread = (pid_t)atoi(entry->d_name);
		if (thread > 0)
			is_set &= set_one(thread, is_poll_thread(subject, thread) ? busy : waiting);
	}
	if (dir)
		closedir(dir);
	return dir && is_set;
}

// All of them in any case: what one refuses is no reason to leave the others as they are.
static bool set_all(const struct urgent *urgent, int busy, int waiting, int bench)
{
	bool is_set = set_one(0, bench);

	is_set &= set_one(generator_pid(urgent->generator), busy);
	is_set &= set_subject(urgent->subject, busy, waiting);
	return is_set;
}

void urgent_begin(struct urgent *urgent, const struct host *host, const struct subject *subject,
		  const struct generator *generator)
{
	cpu_set_t main_cpu;

	*urgent = (struct urgent){.host = host, .subject = subject, .generator = generator};
	if (sched_getaffinity(0, sizeof(urgent->own_cpus), &urgent->own_cpus) < 0)
		return;
	CPU_ZERO(&main_cpu);
	CPU_SET(host->main_cpu, &main_cpu);
	urgent->is_granted = sched_setaffinity(0, sizeof(main_cpu), &main_cpu) == 0 &&
			     set_all(urgent, BUSY, WAITING, BENCH);
	if (!urgent->is_granted)
		urgent_end(urgent);
}

void urgent_end(const struct urgent *urgent)
{
	set_all(urgent, ORDINARY, ORDINARY, ORDINARY);
	sched_setaffinity(0, sizeof(urgent->own_cpus), &urgent->own_cpus);
}
