// SPDX-License-Identifier: Apache-2.0
// An XDP program that is attached to an interface already: net_af_xdp would not start. One that a
// killed engine left behind is taken off: libxdp's own, which feeds AF_XDP sockets, with none of
// them left on any queue. Every other stays.
#pragma once

#include <stddef.h>

// 0 when there is none (any more); -EBUSY or other -errno with a sentence in error. Waits for a
// process that is just being killed, a few seconds at most.
int interface_xdp_clear(unsigned int index, const char *name, char *error, size_t error_size);

// Before DPDK opens a port on it, with DPDK's libraries loaded: their messages go to our log, and
// the program is attached by itself, not through libxdp's dispatcher, whose program is pinned and
// says nothing of what it dispatches to.
void interface_xdp_prepare(void);
