// SPDX-License-Identifier: Apache-2.0
// What bench-calls measures, each in a world of its own (world.h).
#pragma once

#include "bench/calls/generator.h"
#include "bench/calls/world.h"

#include <stdbool.h>

enum { PLAN_MEMORIES = 16 };

struct plan {
	bool as_json;
	const char *transport, *store;
	int worker_cpu, world_cpu;
	uint64_t seed;
	double rate; // calls a second; 0: as the case says
	uint64_t seconds;
	unsigned int repetitions;
	uint64_t calls_up;              // standing beside those that are measured
	uint64_t persons;               // 0: enough that each call's parties are free
	uint64_t memory[PLAN_MEMORIES]; // calls, and persons, one after the other
	unsigned int memories;
	double overlap; // < 0: as the case says
	double mix[SCENE_COUNT];
	bool has_mix;
	struct spread hold, ring, registrar_latency;
	uint64_t limit_ns;       // p99 that still counts as sustained
	enum settings_poll poll; // POLL_NONE: as the case says
	const char *directory;   // scratch
};

// 0; -EIO when something was not as the registrar says it must be, or could not be measured.
int case_latency(const struct plan *plan);   // from the wire to the registrar
int case_sustained(const struct plan *plan); // the highest rate that keeps the limit
int case_cpu(const struct plan *plan);       // CPU time of a call by part, at a rate
int case_mixed(const struct plan *plan);     // all kinds of calls; wrong user-seconds
int case_memory(const struct plan *plan);    // octets of a call and of a busy person
