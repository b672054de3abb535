// SPDX-License-Identifier: Apache-2.0
// What an entry of wire.ports means: a PCI address, a DPDK virtual device with its arguments, or
// one of the short forms
//   af_packet:IF  beside the kernel: sees what IF receives and sends, takes nothing away
//   af_xdp:IF     instead of the kernel: IF receives for us alone
//   tap:IF        a new kernel interface IF, whose other end is ours; IF must not exist yet
//   pcap:FILE     a capture, read once
// Pure text; whether the interface or file is there is checked by port_check.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <net/if.h>

enum port_kind {
	PORT_NONE,
	PORT_PCI,
	PORT_AF_PACKET,
	PORT_AF_XDP,
	PORT_TAP,
	PORT_PCAP,
	PORT_OTHER, // some other virtual device
	PORT_KIND_COUNT,
};

enum { PORT_DEVICE_BYTES = 64, PORT_ARGS_BYTES = 512 };

struct port_name {
	enum port_kind kind;
	bool is_short;                  // args are ours to choose
	char interface[IFNAMSIZ];       // kernel interface; empty: none
	char file[256];                 // of pcap:
	char device[PORT_DEVICE_BYTES]; // DPDK's name: net_af_xdp0, 0000:03:00.0
	char args[PORT_ARGS_BYTES];     // as written behind it, without the comma
};

// text is entry number `index` of the list. 0, or -EINVAL with a sentence in error.
int port_name_parse(const char *text, unsigned int index, struct port_name *name, char *error,
		    size_t error_size);
// The value of `key=` in name->args as a number; 0: not there.
uint64_t port_name_number(const struct port_name *name, const char *key);
