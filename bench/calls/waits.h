// SPDX-License-Identifier: Apache-2.0
// How long the two threads that a latency goes through had work and no CPU, because something else
// had it: the kernel's own account (/proc/PID/schedstat, the second number). Tells what the machine
// did to a figure from what the engine did. Interrupts and stolen time are not in it.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum waits_thread { WAITS_WORKER, WAITS_WORLD, WAITS_THREADS };

struct waits {
	int fd[WAITS_THREADS]; // -1: the kernel doesn't say
	uint64_t ns[WAITS_THREADS];
};

// Of this thread and the worker's process, whose first thread is the worker.
void waits_open(struct waits *waits, pid_t worker);
void waits_close(struct waits *waits);
bool waits_known(const struct waits *waits);
// Has one of them waited since this was last asked?
bool waits_grew(struct waits *waits);
