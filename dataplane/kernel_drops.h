// SPDX-License-Identifier: Apache-2.0
// What the kernel drops in front of net_af_packet and net_af_xdp because nobody took frames from
// their rings in time. DPDK 22.11 leaves that out of its statistics: of AF_PACKET all, of AF_XDP
// what found the ring full. Main thread.
#pragma once

#include <stdint.h>

enum {
	KERNEL_DROPS_FDS = 1024, // none of DPDK's has a higher number at start
	KERNEL_DROPS_SOCKETS = 16,
};

struct kernel_drops {
	uint64_t before[KERNEL_DROPS_FDS / 64]; // bits: such sockets that were there before
	unsigned int count;
	int fd[KERNEL_DROPS_SOCKETS]; // the driver's: closed by it
	uint64_t packet;              // frames of AF_PACKET so far: each answer begins anew
};

// Before the port's sockets are there, and when they are.
void kernel_drops_begin(struct kernel_drops *drops);
void kernel_drops_find(struct kernel_drops *drops);
// Frames since. Not once the driver has closed the port.
uint64_t kernel_drops_read(struct kernel_drops *drops);
