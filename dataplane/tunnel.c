// SPDX-License-Identifier: Apache-2.0
// Each header is checked before what follows is believed: what the outer packet says is too short
// is a wrong header, what only was cut is a short frame.
#include "dataplane/tunnel.h"

#include "dataplane/octets.h"

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_8021Q = 0x8100,
	TYPE_8021AD = 0x88a8,
	TYPE_QINQ_OLD = 0x9100,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_UPSTREAM = 0x8848, // RFC 5332: once multicast
	TYPE_ERSPAN = 0x88be,        // I and II
	TYPE_ERSPAN_3 = 0x22eb,

	ETHERNET_BYTES = 14,
	IPV6_BYTES = 40,
	PADDED_BYTES = 46, // what an Ethernet frame has at least
	CHECK_BYTES = 4,
	ETHERNET_TYPE = 12, // where in it

	LABEL_BYTES = 4,
	CONTROL_WORD_BYTES = 4, // RFC 4385 3

	GRE_BYTES = 4,
	GRE_FIELD_BYTES = 4, // checksum, key and sequence number, each
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000, // RFC 1701, gone since RFC 2784
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_VERSION = 0x0007, // 1 is PPTP's

	ERSPAN_2_BYTES = 8,
	ERSPAN_3_BYTES = 12,
	ERSPAN_3_PLATFORM = 0x0001, // the O bit: eight octets more
	ERSPAN_3_PLATFORM_BYTES = 8,

	VXLAN_BYTES = 8,
	VXLAN_NETWORK = 0x08, // the I bit
	VXLAN_GENERIC = 0x04, // the P bit of VXLAN-GPE: need not be Ethernet inside

	GENEVE_BYTES = 8,
};

static bool unread(struct tunnel *tunnel, enum wire_counter reason)
{
	tunnel->reason = reason;
	return false;
}

static bool has(struct octets in, size_t bytes, enum wire_counter wrong, struct tunnel *tunnel)
{
	if (in.said < bytes)
		return unread(tunnel, wrong);
	return in.have >= bytes || unread(tunnel, WIRE_SHORT_FRAME);
}

bool tunnel_type_is_mpls(uint16_t type)
{
	return type == TYPE_MPLS || type == TYPE_MPLS_UPSTREAM;
}

static bool is_ethernet(const uint8_t *data)
{
	uint16_t type = be16(data + ETHERNET_TYPE);

	return type == TYPE_IPV4 || type == TYPE_IPV6 || type == TYPE_8021Q ||
	       type == TYPE_8021AD || type == TYPE_QINQ_OLD || tunnel_type_is_mpls(type);
}

// Whether len octets are as many as the IP packet says that seems to begin there, or what makes a
// short frame long enough, or a check sequence, follows it.
static bool is_ip(const uint8_t *data, size_t len)
{
	size_t stated = data[0] >> 4 == 4 ? be16(data + 2) : be16(data + 4) + (size_t)IPV6_BYTES;

	return stated == len || stated + CHECK_BYTES == len ||
	       (stated < len && len <= PADDED_BYTES);
}

// Nothing in a label stack says what it carries: an IP header begins with its version, the control
// word of an Ethernet pseudowire with 16 zero bits (RFC 4448 4.6), and Ethernet without one is
// known by its type alone. Its first address may begin like an IP header (RFC 4928 3), but hardly
// goes on like one.
static bool mpls_inside(struct octets in, struct tunnel *tunnel)
{
	const uint8_t *inside = in.data + tunnel->bytes;

	if (!has(in, tunnel->bytes + 1, WIRE_MPLS_PAYLOAD, tunnel))
		return false;
	size_t left = in.have - tunnel->bytes;
	tunnel->type = inside[0] >> 4 == 4 ? TYPE_IPV4 : TYPE_IPV6;
	if ((inside[0] >> 4 == 4 || inside[0] >> 4 == 6) &&
	    (left < ETHERNET_BYTES || is_ip(inside, left) || !is_ethernet(inside)))
		return true;
	tunnel->type = TUNNEL_ETHERNET;
	if (!has(in, tunnel->bytes + CONTROL_WORD_BYTES + ETHERNET_BYTES, WIRE_MPLS_PAYLOAD,
		 tunnel))
		return false;
	if (be16(inside) == 0 && is_ethernet(inside + CONTROL_WORD_BYTES)) {
		tunnel->bytes += CONTROL_WORD_BYTES;
		return true;
	}
	return is_ethernet(inside) || unread(tunnel, WIRE_MPLS_PAYLOAD);
}

bool tunnel_mpls(struct octets in, struct tunnel *tunnel)
{
	bool bottom = false;

	*tunnel = (struct tunnel){.kind = TUNNEL_MPLS};
	while (!bottom) {
		if (tunnel->bytes == TUNNEL_LABELS * LABEL_BYTES)
			return unread(tunnel, WIRE_MPLS_LABELS);
		if (!has(in, tunnel->bytes + LABEL_BYTES, WIRE_MPLS_LABELS, tunnel))
			return false;
		bottom = in.data[tunnel->bytes + 2] & 1;
		tunnel->bytes += LABEL_BYTES;
	}
	return mpls_inside(in, tunnel);
}

// Type I is Ethernet right behind GRE; type II has a header and, to tell them apart, GRE's sequence
// number (draft-foschiano-erspan-03 4).
static bool erspan(struct octets in, bool sequence, struct tunnel *tunnel)
{
	const uint8_t *header = in.data + tunnel->bytes;

	tunnel->kind = TUNNEL_ERSPAN;
	tunnel->type = TUNNEL_ETHERNET;
	if (!sequence)
		return true;
	if (!has(in, tunnel->bytes + ERSPAN_2_BYTES, WIRE_ERSPAN_HEADER, tunnel))
		return false;
	if (header[0] >> 4 != 1)
		return unread(tunnel, WIRE_ERSPAN_HEADER);
	tunnel->bytes += ERSPAN_2_BYTES;
	return true;
}

// The frame type is 0 for Ethernet and 2 for IP (draft-foschiano-erspan-03 4.3).
static bool erspan_3(struct octets in, struct tunnel *tunnel)
{
	const uint8_t *header = in.data + tunnel->bytes;

	tunnel->kind = TUNNEL_ERSPAN;
	if (!has(in, tunnel->bytes + ERSPAN_3_BYTES, WIRE_ERSPAN_HEADER, tunnel))
		return false;
	if (header[0] >> 4 != 2)
		return unread(tunnel, WIRE_ERSPAN_HEADER);
	uint16_t last = be16(header + 10);
	uint8_t frame_type = last >> 10 & 0x1f;
	tunnel->bytes += ERSPAN_3_BYTES;
	if (last & ERSPAN_3_PLATFORM)
		tunnel->bytes += ERSPAN_3_PLATFORM_BYTES;
	if (frame_type != 0 && frame_type != 2)
		return unread(tunnel, WIRE_ERSPAN_HEADER);
	if (!has(in, tunnel->bytes + 1, WIRE_ERSPAN_HEADER, tunnel))
		return false;
	tunnel->type = TUNNEL_ETHERNET;
	if (frame_type == 2)
		tunnel->type = in.data[tunnel->bytes] >> 4 == 6 ? TYPE_IPV6 : TYPE_IPV4;
	return true;
}

bool tunnel_gre(struct octets in, struct tunnel *tunnel)
{
	*tunnel = (struct tunnel){.kind = TUNNEL_GRE};
	if (!has(in, GRE_BYTES, WIRE_GRE_HEADER, tunnel))
		return false;
	uint16_t flags = be16(in.data);
	if (flags & (GRE_ROUTING | GRE_VERSION))
		return unread(tunnel, WIRE_GRE_HEADER);
	tunnel->type = be16(in.data + 2);
	tunnel->bytes = GRE_BYTES + (flags & GRE_CHECKSUM ? GRE_FIELD_BYTES : 0);
	size_t key = tunnel->bytes;
	tunnel->bytes += (flags & GRE_KEY ? GRE_FIELD_BYTES : 0) +
			 (flags & GRE_SEQUENCE ? GRE_FIELD_BYTES : 0);
	if (!has(in, tunnel->bytes, WIRE_GRE_HEADER, tunnel))
		return false;
	if (flags & GRE_KEY)
		tunnel->network = be32(in.data + key);
	switch (tunnel->type) {
	case TYPE_IPV4:
	case TYPE_IPV6:
	case TYPE_MPLS:
	case TYPE_MPLS_UPSTREAM:
	case TUNNEL_ETHERNET: return true;
	case TYPE_ERSPAN: return erspan(in, flags & GRE_SEQUENCE, tunnel);
	case TYPE_ERSPAN_3: return erspan_3(in, tunnel);
	default: return unread(tunnel, WIRE_GRE_PROTOCOL);
	}
}

bool tunnel_vxlan(struct octets in, struct tunnel *tunnel)
{
	*tunnel = (struct tunnel){
		.kind = TUNNEL_VXLAN, .type = TUNNEL_ETHERNET, .bytes = VXLAN_BYTES};
	if (!has(in, VXLAN_BYTES, WIRE_VXLAN_HEADER, tunnel))
		return false;
	if ((in.data[0] & (VXLAN_NETWORK | VXLAN_GENERIC)) != VXLAN_NETWORK)
		return unread(tunnel, WIRE_VXLAN_HEADER);
	tunnel->network = be24(in.data + 4);
	return true;
}

bool tunnel_geneve(struct octets in, struct tunnel *tunnel)
{
	*tunnel = (struct tunnel){.kind = TUNNEL_GENEVE};
	if (!has(in, GENEVE_BYTES, WIRE_GENEVE_HEADER, tunnel))
		return false;
	if (in.data[0] >> 6 != 0)
		return unread(tunnel, WIRE_GENEVE_HEADER);
	tunnel->bytes = GENEVE_BYTES + (in.data[0] & 0x3fu) * 4; // options, in fours
	tunnel->type = be16(in.data + 2);
	tunnel->network = be24(in.data + 4);
	if (!has(in, tunnel->bytes, WIRE_GENEVE_HEADER, tunnel))
		return false;
	switch (tunnel->type) {
	case TYPE_IPV4:
	case TYPE_IPV6:
	case TYPE_MPLS:
	case TUNNEL_ETHERNET: return true;
	default: return unread(tunnel, WIRE_GENEVE_PROTOCOL);
	}
}
