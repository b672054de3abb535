// SPDX-License-Identifier: Apache-2.0
// The sockets behind a port of net_af_packet or net_af_xdp, and what the kernel drops in front of
// them because nobody took frames from their rings in time. DPDK 22.11 leaves that out of its
// statistics: of AF_PACKET all, of AF_XDP what found the ring full. Main thread.
#pragma once

#include <stdint.h>

enum {
	KERNEL_SOCKETS_FDS = 1024, // none of DPDK's has a higher number at start
	KERNEL_SOCKETS = 16,
};

struct kernel_sockets {
	uint64_t before[KERNEL_SOCKETS_FDS / 64]; // bits: such sockets that were there before
	unsigned int count;
	int fd[KERNEL_SOCKETS]; // the driver's: closed by it
	uint64_t packet_drops;  // of AF_PACKET so far: each answer begins anew
};

// Before the port's sockets are there, and when they are.
void kernel_sockets_begin(struct kernel_sockets *sockets);
void kernel_sockets_find(struct kernel_sockets *sockets);
// What is readable when a frame waits in the port's only queue. -1: no socket, or several of which
// nobody can say which queue is whose.
int kernel_sockets_only(const struct kernel_sockets *sockets);
// Frames dropped since. Not once the driver has closed the port.
uint64_t kernel_sockets_drops(struct kernel_sockets *sockets);
