// SPDX-License-Identifier: Apache-2.0
// The presence half in a process of its own, to be killed: a real worker with its store. The event
// ring is the bench's, as it is the wire's in an engine, and outlives it.
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct segment;
struct settings;

// engine: wo, bench: ro. All of the process that runs now.
struct engine_signs {
	uint64_t ready_ns; // the store was read, publications may leave; 0: not yet
	uint64_t restored; // publications read back
	uint64_t backlog;  // records that the store has not acknowledged
};

struct engine {
	pid_t pid;
	int segment_fd, doorbell;
	struct segment *segment;
	volatile struct engine_signs *signs;
};

// What outlives a kill: once. 0 or -1.
int engine_init(struct engine *engine);
void engine_fini(struct engine *engine);
void engine_start(struct engine *engine, const struct settings *settings);
void engine_kill(struct engine *engine); // SIGKILL
// Message `step` of a call (bench/call_message.h) on the wire; waits for room in the ring
// while there is somebody to make it.
void engine_call(struct engine *engine, uint64_t number, int step);
// Of a process and of its children, in octets; without what is shared, as the ring and programs.
uint64_t engine_resident(pid_t pid);
uint64_t engine_resident_of_children(pid_t pid);
