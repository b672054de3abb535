// SPDX-License-Identifier: Apache-2.0
// packet(7), PACKET_STATISTICS; Documentation/networking/af_xdp.rst of Linux, XDP_STATISTICS. DPDK
// keeps them to itself, but they are ours to find: those that came while it opened the port.
#include "dataplane/kernel_sockets.h"

#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <stdbool.h>
#include <sys/socket.h>

static int domain_of(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 ? domain : 0;
}

static bool is_frame_socket(int fd)
{
	int domain = domain_of(fd);

	return domain == AF_PACKET || domain == AF_XDP;
}

// Since the last answer. A driver that asks too takes a part; what both were told is the sum.
static uint64_t packet_drops(int fd)
{
	struct tpacket_stats statistics = {0};
	socklen_t len = sizeof(statistics);

	return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &len) == 0
		       ? statistics.tp_drops
		       : 0;
}

// Since the socket was made. Linux before 5.9 doesn't count it.
static uint64_t xdp_ring_full(int fd)
{
	struct xdp_statistics statistics = {0};
	socklen_t len = sizeof(statistics);

	return getsockopt(fd, SOL_XDP, XDP_STATISTICS, &statistics, &len) == 0
		       ? statistics.rx_ring_full
		       : 0;
}

void kernel_sockets_begin(struct kernel_sockets *sockets)
{
	*sockets = (struct kernel_sockets){0};
	for (int fd = 0; fd < KERNEL_SOCKETS_FDS; fd++)
		if (is_frame_socket(fd))
			sockets->before[fd / 64] |= 1ull << fd % 64;
}

void kernel_sockets_find(struct kernel_sockets *sockets)
{
	for (int fd = 0; fd < KERNEL_SOCKETS_FDS && sockets->count < KERNEL_SOCKETS; fd++) {
		if (sockets->before[fd / 64] & 1ull << fd % 64 || !is_frame_socket(fd))
			continue;
		sockets->fd[sockets->count++] = fd;
		packet_drops(fd); // what came before the socket had its interface
	}
}

int kernel_sockets_only(const struct kernel_sockets *sockets)
{
	return sockets->count == 1 ? sockets->fd[0] : -1;
}

uint64_t kernel_sockets_drops(struct kernel_sockets *sockets)
{
	uint64_t xdp = 0;

	for (unsigned int i = 0; i < sockets->count; i++) {
		if (domain_of(sockets->fd[i]) == AF_PACKET)
			sockets->packet_drops += packet_drops(sockets->fd[i]);
		else
			xdp += xdp_ring_full(sockets->fd[i]);
	}
	return sockets->packet_drops + xdp;
}
