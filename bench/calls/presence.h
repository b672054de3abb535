// SPDX-License-Identifier: Apache-2.0
// The presence half in a process of its own, as the engine has it: real worker, real store, on a
// CPU of its own. What it costs is asked from outside: CPU time of the process and of its
// redis-server, memory by its own allocator.
#pragma once

#include "config/settings.h"

#include <stdint.h>
#include <sys/types.h>

struct segment;
struct server;

struct presence_options {
	const struct settings *settings;
	struct segment *segment;
	int doorbell;
	int worker_cpu, other_cpu; // -1: wherever; the store's server is on other_cpu
	struct server *registrar;  // of the parent; the child lets go of it
};

struct presence {
	pid_t pid, store_pid; // store_pid 0: none of its own
	struct presence_shared *shared;
	int ask;
};

struct presence_memory {
	uint64_t allocated, resident;
	uint64_t calls, calls_bytes; // up, and what the table of calls says it takes
};

// Once it is ready, the store loaded and the registrar connected. 0 or -errno, said why.
int presence_start(struct presence *presence, const struct presence_options *options);
void presence_find_store(struct presence *presence); // once it runs
void presence_stop(struct presence *presence);
// CPU time so far, in ns; 0 when there is no such process.
uint64_t presence_cpu_ns(const struct presence *presence);
uint64_t presence_store_cpu_ns(const struct presence *presence);
// Only when it has nothing to do: its table of calls is looked at from another thread.
void presence_memory(struct presence *presence, struct presence_memory *memory);
