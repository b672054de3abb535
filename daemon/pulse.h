// SPDX-License-Identifier: Apache-2.0
// Whether both halves get on: the heartbeats of all poll cores and of the worker, looked at by the
// supervisor at each tick. Tells systemd of readiness and life, and kills a half that hangs.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/clock.h"

struct runner;
struct segment;

// No heartbeat for so long: it hangs. Longer than loading a directory of a million rows.
#define PULSE_HANG_NS (10 * NS_PER_S)

struct pulse {
	uint64_t watchdog_ns; // systemd wants to hear within this; 0: it doesn't
	uint64_t fed_ns;      // when it last did
	bool ready;
};

// WATCHDOG=1 goes out only when both halves moved since the one before.
void pulse_look(struct pulse *pulse, const struct segment *segment, struct runner *wire,
		struct runner *presence, uint64_t now);
