// SPDX-License-Identifier: Apache-2.0
// What a poll core does when nothing comes: a few more polls, then sleeps of 1 us, doubled up to a
// limit. The first packet ends it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct idle {
	uint64_t max_sleep_ns; // 0: never sleeps
	uint32_t empty;        // polls in a row without a packet
	uint64_t sleep_ns;     // the next one
};

// Timer slack of the calling thread, so that a sleep of a microsecond is one. Its poll core calls
// it.
void idle_prepare(void);
// After a round of polls over all queues. true: it slept.
bool idle_step(struct idle *idle, bool got_packets);
