// SPDX-License-Identifier: Apache-2.0
// dpdk-testpmd in mode rxonly on the engine's terms: the same CPUs, memory, buffers, device and
// burst. Asked for its counters through DPDK's telemetry socket.
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct host;
struct subject_plan;

// In the child. It ends with its input. Returns only when it can't be executed.
void testpmd_exec(const struct subject_plan *plan, const struct host *host, int input);
// The socket of the one with that process id, or -1: not yet.
int testpmd_connect(pid_t pid, const struct host *host);
uint64_t testpmd_packets(int telemetry); // UINT64_MAX: no answer
void testpmd_print_log(const struct host *host);
