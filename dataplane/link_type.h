// SPDX-License-Identifier: Apache-2.0
// What stands before the IP packet in the frames of a capture, by the numbers of
// https://www.tcpdump.org/linktypes.html: Ethernet, Linux cooked (v1, v2), raw IP, BSD loopback.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame;

bool link_type_known(int link);
// frame_walk() for a frame of a known link type.
void link_type_walk(int link, const uint8_t *data, size_t len, struct frame *frame);
