// SPDX-License-Identifier: Apache-2.0
// A world (world.h) made as the plan says, with a generator for it.
#pragma once

#include "bench/calls/plan.h"
#include "bench/calls/report.h"
#include "bench/calls/world.h"

struct stage_options {
	enum settings_poll poll; // unless the plan says
	uint32_t persons;
	const double *mix; // SCENE_COUNT shares
	double overlap;    // unless the plan says
};

struct stage {
	struct world world;
	struct generator *generator;
	bool keep; // publications are left as they are, which is faster
};

extern const double stage_only_answered[SCENE_COUNT];

// Persons for calls at a rate, unless the plan says.
uint32_t stage_persons(const struct plan *plan, double rate);
// 0 or -errno, said why. One at a time.
int stage_open(struct stage *stage, const struct plan *plan, const struct stage_options *options);
void stage_close(struct stage *stage);
// The plan's calls that stay up, so that what is measured is among them. Persons of their own.
int stage_stand(struct stage *stage, const struct plan *plan);

// What every line begins with.
void stage_report(struct report *report, const struct plan *plan, const char *name,
		  enum settings_poll poll);
