// SPDX-License-Identifier: Apache-2.0
// The kernel's view of a network interface, as far as it decides whether a port on it can work, and
// the few switches we turn ourselves.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <net/if.h>

struct interface {
	char name[IFNAMSIZ];
	unsigned int index;
	unsigned int mtu;
	bool up;      // by the administrator
	bool carrier; // by the other end
	bool promiscuous;
	char driver[32];
	char address[64]; // one that is assigned, other than IPv6 link-local; empty: none
	bool link_local;  // has an IPv6 link-local address
};

// 0, or -errno: -ENODEV when there is none of this name.
int interface_read(const char *name, struct interface *interface);

// Offloads that change frames between the wire and us (ethtool's words). 0 and the names of those
// turned off in `changed` (maybe empty); or -errno with the name of the one that stays on there.
int interface_offloads_off(const char *name, char *changed, size_t size);
// Stops the kernel from speaking IPv6 on it by itself. 0 or -errno.
int interface_ipv6_off(const char *name);
