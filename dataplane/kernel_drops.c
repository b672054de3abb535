// SPDX-License-Identifier: Apache-2.0
// packet(7), PACKET_STATISTICS; Documentation/networking/af_xdp.rst of Linux, XDP_STATISTICS. DPDK
// keeps its sockets to itself, but they are ours to find: those that came while it opened the port.
#include "dataplane/kernel_drops.h"

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

static bool may_drop(int fd)
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

void kernel_drops_begin(struct kernel_drops *drops)
{
	*drops = (struct kernel_drops){0};
	for (int fd = 0; fd < KERNEL_DROPS_FDS; fd++)
		if (may_drop(fd))
			drops->before[fd / 64] |= 1ull << fd % 64;
}

void kernel_drops_find(struct kernel_drops *drops)
{
	for (int fd = 0; fd < KERNEL_DROPS_FDS && drops->count < KERNEL_DROPS_SOCKETS; fd++) {
		if (drops->before[fd / 64] & 1ull << fd % 64 || !may_drop(fd))
			continue;
		drops->fd[drops->count++] = fd;
		packet_drops(fd); // what came before the socket had its interface
	}
}

uint64_t kernel_drops_read(struct kernel_drops *drops)
{
	uint64_t xdp = 0;

	for (unsigned int i = 0; i < drops->count; i++) {
		if (domain_of(drops->fd[i]) == AF_PACKET)
			drops->packet += packet_drops(drops->fd[i]);
		else
			xdp += xdp_ring_full(drops->fd[i]);
	}
	return drops->packet + xdp;
}
