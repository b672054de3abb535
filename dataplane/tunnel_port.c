// SPDX-License-Identifier: Apache-2.0
// From the lists in the settings to one list with kinds.
#include "dataplane/tunnel_port.h"

#include "config/settings.h"

_Static_assert(TUNNEL_PORTS == 3 * SETTINGS_UDP_PORTS, "room for all three lists");

static void add(struct tunnel_port *ports, const unsigned int *port, unsigned int count,
		enum tunnel_kind kind)
{
	for (unsigned int i = 0; i < count; i++) {
		ports->port[ports->count] = (uint16_t)port[i];
		ports->kind[ports->count++] = (uint8_t)kind;
	}
}

void tunnel_port_set(struct tunnel_port *ports, const struct settings_wire *wire)
{
	ports->count = 0;
	add(ports, wire->vxlan_port, wire->vxlan_port_count, TUNNEL_VXLAN);
	add(ports, wire->geneve_port, wire->geneve_port_count, TUNNEL_GENEVE);
	add(ports, wire->hep_port, wire->hep_port_count, TUNNEL_HEP);
}
