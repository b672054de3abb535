// SPDX-License-Identifier: Apache-2.0
// What the kernel drops in front of net_af_packet because nobody took frames from its ring in time.
// The driver of DPDK 22.11 doesn't ask for it, and one that does asks the same count, which begins
// anew with each answer: what both were told is the sum. Main thread.
#pragma once

#include <stdint.h>

enum { PACKET_SOCKETS = 16 };

struct packet_socket {
	unsigned int count;
	int fd[PACKET_SOCKETS]; // the driver's: closed by it
	uint64_t dropped;
};

// This process' packet sockets on that interface; what they dropped so far does not count.
void packet_socket_find(struct packet_socket *sockets, const char *interface);
// Frames dropped since. Once the driver has closed the port this must not be called any more.
uint64_t packet_socket_dropped(struct packet_socket *sockets);
