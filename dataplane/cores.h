// SPDX-License-Identifier: Apache-2.0
// Which CPU does what: polling on some, everything else on another, as far as there are enough.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "link/segment.h"

struct settings_wire;

struct cores {
	unsigned int main_cpu; // housekeeping, DPDK's own threads
	unsigned int count;    // poll cores
	unsigned int cpu[SEGMENT_LCORES];
	bool shared; // there was no CPU left for the main thread alone
};

// From the settings and the CPUs this process may run on. 0, or -EINVAL with a sentence in error.
int cores_plan(const struct settings_wire *wire, struct cores *cores, char *error,
	       size_t error_size);
