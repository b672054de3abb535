// SPDX-License-Identifier: Apache-2.0
// Two namespaces without names, two veth pairs between them, and packet sockets on their outer
// ends.
#pragma once

#include "packet.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { ETH_P_ALL_BE = 0x0300 };

static int outer, middle;  // namespaces
static int side_a, side_b; // packet sockets on va and vb

__attribute__((format(printf, 1, 2))) static void shell(const char *fmt, ...)
{
	char command[512];
	va_list list;

	va_start(list, fmt);
	vsnprintf(command, sizeof(command), fmt, list);
	va_end(list);
	if (system(command) != 0)
		fail_msg("`%s` failed", command);
}

static int new_namespace(void)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	shell("ip link set dev lo up; echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static int packet_socket(const char *interface)
{
	int one = 1, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = ETH_P_ALL_BE,
				      .sll_ifindex = (int)if_nametoindex(interface)};

	assert_true(fd >= 0);
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one));
	int large = 16 << 20;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof(large));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int namespaces_setup(void **state)
{
	outer = new_namespace();
	shell("ip link add va type veth peer name ma");
	shell("ip link add vb type veth peer name mb");
	middle = new_namespace();
	assert_int_equal(setns(outer, CLONE_NEWNET), 0);
	for (const char *name = "ab"; *name; name++)
		shell("ip link set dev m%c netns /proc/%d/fd/%d && ip link set dev v%c up", *name,
		      getpid(), middle, *name);
	side_a = packet_socket("va");
	side_b = packet_socket("vb");
	assert_int_equal(setns(middle, CLONE_NEWNET), 0);
	shell("ip link set dev ma up; ip link set dev mb up");
	return 0;
}

static void send_packet(int side, const struct packet *packet)
{
	assert_int_equal(send(side, packet->data, packet->len, 0), packet->len);
}

// The kernel takes the outer VLAN tag off what it shows: put it back. 0: nothing came.
static size_t receive(int side, uint8_t *data, size_t size, int patience_ms)
{
	struct pollfd wait = {.fd = side, .events = POLLIN};
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct iovec iov = {data, size};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};

	if (poll(&wait, 1, patience_ms) != 1)
		return 0;
	ssize_t len = recvmsg(side, &message, 0);
	assert_true(len > 0);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	struct tpacket_auxdata aux = {0};
	if (header)
		memcpy(&aux, CMSG_DATA(header), sizeof(aux));
	if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
		return (size_t)len;
	unsigned int type = aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid : 0x8100;
	memmove(data + 16, data + 12, (size_t)len - 12);
	data[12] = (uint8_t)(type >> 8);
	data[13] = (uint8_t)type;
	data[14] = (uint8_t)(aux.tp_vlan_tci >> 8);
	data[15] = (uint8_t)aux.tp_vlan_tci;
	return (size_t)len + 4;
}
