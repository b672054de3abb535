// SPDX-License-Identifier: Apache-2.0
// The wire half as the daemon sees it: opens ports, polls them, turns what changes a call into
// events in the segment. No secrets, no sockets of its own.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segment;
struct settings;
struct wire;

// How many poll cores (and event rings) these settings give on this machine; 0 with a sentence in
// error when they can't work. Called by the supervisor before the segment is made.
unsigned int wire_lcores(const struct settings *settings, char *error, size_t error_size);

// A process opens a wire once: DPDK does not start twice, and net_af_xdp keeps its interface until
// the process ends. (Without AF_XDP ports a second one works, on the same cores.)
//
// With net_tap ports, threads that existed before should block SIGRTMIN+1 and above: the calling
// thread and those made after it do.
//
// EAL, pools, ports. On failure NULL, with what happened, where and what to do in error. Ports are
// open when it returns, so the caller can drop privileges before wire_run().
struct wire *wire_open(const struct settings *settings, struct segment *segment, int doorbell,
		       char *error, size_t error_size);
// One line for people: pages, ports, drivers, cores.
const char *wire_summary(const struct wire *wire);
// Polls until wire_stop(); the calling thread does the housekeeping that is not for poll cores
// (port statistics, link state). 0 or -errno.
int wire_run(struct wire *wire);
void wire_stop(struct wire *wire); // async-signal-safe
// Takes XDP programs off, which needs CAP_NET_ADMIN in the calling thread; else the next start
// does.
void wire_close(struct wire *wire);
