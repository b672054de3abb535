// SPDX-License-Identifier: Apache-2.0
// One running half: a process, or with --single a thread. Used by the supervisor only.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/half.h"

enum runner_state { RUNNER_DOWN, RUNNER_UP, RUNNER_STOPPING };

struct runner {
	const char *name; // "wire", "presence": also the program's name in its log lines
	int (*body)(const struct half_options *options);
	void (*stop)(void); // async-signal-safe
	bool single;
	struct half_options options;
	const int *not_mine; // descriptors of the other half, closed in this one's process; ends
			     // with -1

	enum runner_state state;
	pid_t pid;
	pthread_t thread;
	int thread_status;
	bool thread_ended; // thread: wo, supervisor: ro
	unsigned int starts;
	uint64_t started_ns, restart_ns; // monotonic
};

// 0 or -errno. In a process: default signals, dies with its parent, calls body, exits.
int runner_start(struct runner *runner);
void runner_stop(struct runner *runner); // asks
void runner_kill(struct runner *runner); // does not ask; a thread can't be killed
// true once after it has ended; *status its exit status, or 128 + signal.
bool runner_reap(struct runner *runner, int *status);
