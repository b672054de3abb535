// SPDX-License-Identifier: Apache-2.0
// The headers that mirrors, overlays and carriers put around a packet: MPLS, GRE, ERSPAN, VXLAN and
// GENEVE. One function reads one header and says what is inside; the frame walk (dataplane/frame.h)
// goes on there and counts how deep it is. No state, nothing written but *tunnel.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/counters.h"

struct octets;

enum tunnel_kind {
	TUNNEL_NONE,
	TUNNEL_MPLS,
	TUNNEL_GRE,
	TUNNEL_ERSPAN,
	TUNNEL_IP_IN_IP,
	TUNNEL_VXLAN,
	TUNNEL_GENEVE,
	TUNNEL_HEP, // dataplane/hep.h
	TUNNEL_KIND_COUNT,
};

enum {
	TUNNEL_LABELS = 8,       // of an MPLS stack, looked through
	TUNNEL_ETHERNET = 0x6558 // as the Ethernet type of what is inside: a whole Ethernet frame
};

struct tunnel {
	enum tunnel_kind kind;
	enum wire_counter reason; // when it can't be read
	uint16_t type;            // Ethernet type of what is inside
	size_t bytes;             // of the header
	uint32_t network;         // GRE key or VNI: addresses inside are told apart by it
};

// in: from the first octet of the header on. true: *tunnel says what follows. false:
// tunnel->reason.
bool tunnel_mpls(struct octets in, struct tunnel *tunnel);   // RFC 3032, RFC 4385, RFC 4448
bool tunnel_gre(struct octets in, struct tunnel *tunnel);    // RFC 2784, RFC 2890; ERSPAN I to III
bool tunnel_vxlan(struct octets in, struct tunnel *tunnel);  // RFC 7348
bool tunnel_geneve(struct octets in, struct tunnel *tunnel); // RFC 8926

bool tunnel_type_is_mpls(uint16_t type);
