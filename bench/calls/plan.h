// SPDX-License-Identifier: Apache-2.0
// What the command line asks of a case.
#pragma once

#include "bench/calls/generator.h"
#include "config/settings.h"

#include <stdbool.h>
#include <stdint.h>

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
