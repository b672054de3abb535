// SPDX-License-Identifier: Apache-2.0
// The machine as the benchmark sets it up and leaves it behind: hugepages, a folder for sockets,
// two CPUs. What is taken is given back when the benchmark ends, killed or not.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct host {
	char dir[32];          // for sockets and logs
	bool hugepages;        // for all that take part
	unsigned int main_cpu; // everything but polling
	unsigned int poll_cpu;
	double tsc_hz; // 0: unknown
};

// Hugepages are used when they are there or can be reserved, unless forbidden. 0 or -errno; the
// reason is on stderr.
int host_prepare(struct host *host, bool may_use_hugepages);
void host_restore(struct host *host);
// Time that the host of a virtual machine had one of its CPUs for others, in ticks (proc(5)).
uint64_t host_stolen(unsigned int cpu);
// In a process that takes part, first: it ends with ours, and goes before what else runs.
void host_join(void);
