// SPDX-License-Identifier: Apache-2.0
// An XDP program that is attached to an interface already: net_af_xdp would not start. One that a
// killed engine left behind is taken off, one that somebody uses is not.
#pragma once

#include <stddef.h>

// 0 when there is none (any more); -EBUSY with a sentence in error.
int interface_xdp_clear(unsigned int index, const char *name, char *error, size_t error_size);
