// SPDX-License-Identifier: Apache-2.0
// One DPDK port from its entry in wire.ports to the first burst: device, buffers, queues,
// statistics.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"
#include "dataplane/kernel_sockets.h"
#include "dataplane/port_check.h"
#include "dataplane/port_name.h"
#include "link/segment.h"

struct wire_port_counters;

struct port {
	struct port_name name;
	struct port_facts facts;
	bool probed, started;
	uint16_t id;     // DPDK's
	uint16_t queues; // rx; and tx, when inline
	const char *driver;
	struct rte_mempool *pool[SEGMENT_LCORES];
	struct kernel_sockets sockets;
	bool counts_too_long;
	uint64_t too_long_id; // of that count, among the driver's
};

// Octets of packet memory that port_open() will take.
uint64_t port_memory(const struct port *port, const struct settings_wire *wire, bool hugepages);
// Name and facts are filled in. After it, packets wait in the queues. 0, or -errno with a sentence.
int port_open(struct port *port, const struct settings_wire *wire, char *error, size_t error_size);
// Takes an AF_XDP program off its interface.
void port_close(struct port *port);
void port_statistics(struct port *port, struct wire_port_counters *counters);
