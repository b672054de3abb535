// SPDX-License-Identifier: Apache-2.0
// Whether a port can work as asked, before DPDK is asked: each trap of a driver is handled here, or
// refused with a sentence that says what to do.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct port_name;
struct settings_wire;

// What is chosen for a port besides its name.
struct port_facts {
	uint32_t mtu;         // of the kernel's interface; 0: not known
	uint32_t data_room;   // of its packet buffers, headroom included
	uint32_t frame_bytes; // af_packet: framesz
	bool promiscuous;     // was so before us
};

// 0, or -errno with a sentence in error. Turns offloads and IPv6 off on an interface that is to be
// ours alone; changes nothing else.
int port_check(const struct port_name *name, const struct settings_wire *wire,
	       struct port_facts *facts, char *error, size_t error_size);
// DPDK's arguments for the device into out; empty for PCI.
int port_arguments(const struct port_name *name, const struct settings_wire *wire,
		   const struct port_facts *facts, char *out, size_t size);
