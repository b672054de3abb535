// SPDX-License-Identifier: Apache-2.0
// What the worker takes from the wire: the events of all rings, each held in its slot until what
// came of it has had time to reach the store, so that a worker that is killed leaves them to the
// next one. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "link/segment.h"

struct calls;

struct intake {
	struct segment *segment;
	uint64_t mark[SEGMENT_LCORES]; // heads of the rings at mark_ns
	uint64_t mark_ns;
	bool was_up[SEGMENT_PORTS]; // links
};

// Before the first events are taken: those whose consequences a killed worker may have left
// unwritten come again.
void intake_rewind(struct intake *intake);
// Applies a short run of each ring to calls. How many events that were.
unsigned int intake_drain(struct intake *intake, struct calls *calls);
// Gives back slots held for long enough; stored: the store is there and takes what came of them.
void intake_release(struct intake *intake, bool stored);
bool intake_is_empty(const struct intake *intake);
// Whether silence on the wire means something: false when no wire process runs, or a port whose
// link was up is down.
bool intake_hears(struct intake *intake);
