// SPDX-License-Identifier: Apache-2.0
// RTP and RTCP by one look at the first cache line of a frame. Nearly all that crosses an SBC's
// wire is that, and nearly all of it in one shape: Ethernet, IPv4 without options, whole, UDP. A
// frame in another shape goes the long way (frame walk, look, gate) and leaves there, counted the
// same: tests hold the two ways to one outcome.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/octets.h"
#include "dataplane/tunnel_port.h"

enum {
	RTP_IP_OFF = 14,
	RTP_UDP_OFF = RTP_IP_OFF + 20,
	RTP_PAYLOAD_OFF = RTP_UDP_OFF + 8,
};

// Whether the len octets of an Ethernet frame are a datagram in that shape which the gate lets go
// by its first octet, whose top bit is set (RFC 3550 5.1: version 2).
static inline bool rtp_is_plain(const uint8_t *data, size_t len, const struct tunnel_port *ports)
{
	const uint8_t *ip = data + RTP_IP_OFF, *udp = data + RTP_UDP_OFF;

	// Type, version and header length, neither more fragments nor an offset, protocol.
	if (len <= RTP_PAYLOAD_OFF || be16(data + 12) != 0x0800 || ip[0] != 0x45 ||
	    (be16(ip + 6) & 0x3fff) != 0 || ip[9] != 17 || data[RTP_PAYLOAD_OFF] < 0x80)
		return false;
	// All of it there, and something in it: cut and empty ones are counted apart.
	size_t total = be16(ip + 2), stated = be16(udp + 4);
	if (total > len - RTP_IP_OFF || total < 20 + 8 + 1 || stated < 8 + 1 || stated > total - 20)
		return false;
	return tunnel_port_kind(ports, be16(udp + 2)) == TUNNEL_NONE;
}
