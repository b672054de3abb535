// SPDX-License-Identifier: Apache-2.0
// Inline: a burst goes out of the other port before anything looks at it, whatever is in it.
#pragma once

#include <stdint.h>

struct rte_mbuf;
struct wire_counters;

// Sends all packets as they are and keeps a reference to each for the caller, who may read them,
// must not write to them, and frees them.
void forward_burst(uint16_t port, uint16_t queue, struct rte_mbuf **packets, uint16_t count,
		   struct wire_counters *counters);
