// SPDX-License-Identifier: Apache-2.0
// Which UDP ports carry something else than SIP of their own, by the settings.
#pragma once

#include <stdint.h>

#include "dataplane/tunnel.h"

struct settings_wire;

enum { TUNNEL_PORTS = 24 }; // three lists of SETTINGS_UDP_PORTS

struct tunnel_port {
	unsigned int count;
	uint16_t port[TUNNEL_PORTS];
	uint8_t kind[TUNNEL_PORTS]; // enum tunnel_kind
};

void tunnel_port_set(struct tunnel_port *ports, const struct settings_wire *wire);

// What a datagram to that port carries. A handful of ports: quicker than any table.
static inline enum tunnel_kind tunnel_port_kind(const struct tunnel_port *ports, uint16_t port)
{
	for (unsigned int i = 0; i < ports->count; i++)
		if (ports->port[i] == port)
			return ports->kind[i];
	return TUNNEL_NONE;
}
