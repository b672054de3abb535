// SPDX-License-Identifier: Apache-2.0
// An XDP program that is attached to an interface already: net_af_xdp would not start. One that a
// killed engine left behind is taken off, one that somebody uses is not.
#pragma once

#include <stddef.h>

// 0 when there is none (any more); -EBUSY with a sentence in error.
int interface_xdp_clear(unsigned int index, const char *name, char *error, size_t error_size);

// Before DPDK opens a port on it, with DPDK's libraries loaded: their messages go to our log, and
// the program is attached by itself, not through libxdp's dispatcher, whose program has another
// name.
void interface_xdp_prepare(void);
