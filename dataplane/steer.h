// SPDX-License-Identifier: Apache-2.0
// Asks a NIC, by rte_flow, to keep apart what calls are made of: SIP ports, fragments and tunnels
// share all queues but the last, everything else (RTP above all) gets the last one. A burst of RTP
// then overflows its own queue and no other. All queues are read alike, so that a packet the NIC
// puts elsewhere, as with a VLAN tag it does not look behind, costs nothing but that protection.
#pragma once

#include <stdint.h>

#include "config/settings.h"
#include "link/segment.h"

struct steer {
	uint16_t port;   // DPDK's number; started
	uint16_t queues; // 2 or more
	// How packets are spread over the queues: as for the whole port.
	const uint8_t *key;
	uint8_t key_bytes;
	uint64_t types; // RTE_ETH_RSS_*
	const struct settings_wire *wire;
};

struct steer_outcome {
	unsigned int taken, refused; // rules
	char reason[128];            // of the first refusal, the driver's words
};

// Main thread. 0: steered, perhaps with some rules refused. -ENOTSUP: not at all, everything is as
// it was.
int steer_start(const struct steer *steer, struct steer_outcome *outcome);
