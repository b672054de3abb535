// SPDX-License-Identifier: Apache-2.0
// packet(7), PACKET_STATISTICS. DPDK keeps its sockets to itself, but they are ours to find.
#include "dataplane/packet_socket.h"

#include <dirent.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

static bool is_on(int fd, unsigned int interface)
{
	struct sockaddr_ll address = {0};
	socklen_t len = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
	       address.sll_family == AF_PACKET && address.sll_ifindex == (int)interface;
}

// Frames dropped since the last time somebody asked.
static uint64_t take_drops(int fd)
{
	struct tpacket_stats statistics = {0};
	socklen_t len = sizeof(statistics);

	return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &len) == 0
		       ? statistics.tp_drops
		       : 0;
}

void packet_socket_find(struct packet_socket *sockets, const char *interface)
{
	unsigned int index = if_nametoindex(interface);
	DIR *all = opendir("/proc/self/fd");
	struct dirent *entry;

	*sockets = (struct packet_socket){0};
	while (all && (entry = readdir(all))) {
		char *end;
		long fd = strtol(entry->d_name, &end, 10);
		if (end == entry->d_name || !is_on((int)fd, index) ||
		    sockets->count == PACKET_SOCKETS)
			continue;
		sockets->fd[sockets->count++] = (int)fd;
		take_drops((int)fd);
	}
	if (all)
		closedir(all);
}

uint64_t packet_socket_dropped(struct packet_socket *sockets)
{
	for (unsigned int i = 0; i < sockets->count; i++)
		sockets->dropped += take_drops(sockets->fd[i]);
	return sockets->dropped;
}
