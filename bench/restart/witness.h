// SPDX-License-Identifier: Apache-2.0
// The bench's registrar in a process of its own, which writes down in shared memory what it has
// taken. Ends with the bench.
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct witness {
	pid_t pid;
	volatile struct witness_counts {
		uint16_t port;
		uint64_t initial, refresh, modify, removed, refused;
		uint64_t published; // publications now
		uint64_t busy;      // persons now
	} * counts;
};

// 0 once it listens, -1 with a line that says why.
int witness_start(struct witness *witness);
void witness_stop(struct witness *witness);
