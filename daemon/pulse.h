// SPDX-License-Identifier: Apache-2.0
// Whether both halves get on: the heartbeats of all poll cores and of the worker, looked at by the
// supervisor at each tick. Tells systemd of readiness and life, and kills a half that hangs.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/clock.h"
#include "link/segment.h"

struct runner;

// No heartbeat for so long: it hangs. Longer than loading a directory of a million rows.
#define PULSE_HANG_NS (10 * NS_PER_S)

// Of a poll core or the worker.
struct pulse_beat {
	uint64_t count;    // last heartbeat seen
	uint64_t moved_ns; // when it was another than before
};

struct pulse {
	uint64_t watchdog_ns; // systemd wants to hear within this; 0: it doesn't
	uint64_t fed_ns;      // when it last did
	bool ready;
	struct pulse_beat core[SEGMENT_LCORES], worker;
};

// WATCHDOG=1 goes out only when both halves moved since the one before.
void pulse_look(struct pulse *pulse, const struct segment *segment, struct runner *wire,
		struct runner *presence, uint64_t now);
