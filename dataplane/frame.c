// SPDX-License-Identifier: Apache-2.0
// The frame walk. Every way out has its own reason, in the order of the layers; nothing is read
// before its length was checked. What stands in another packet is walked like a frame of its own,
// at most FRAME_DEPTH times. IEEE 802.1Q, RFC 791, RFC 8200, RFC 6946 (atomic fragments), RFC 768,
// RFC 9293, RFC 2003, RFC 2473 and RFC 4213 (IP in IP).
#include "dataplane/frame.h"

#include "dataplane/octets.h"
#include "dataplane/tunnel.h"

#include <string.h>

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_8021Q = 0x8100,
	TYPE_8021AD = 0x88a8,
	TYPE_QINQ_OLD = 0x9100, // before 802.1ad had a number

	ETHERNET_BYTES = 14,
	TAG_BYTES = 4,
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	FRAGMENT_BYTES = 8,
	UDP_BYTES = 8,
	TCP_BYTES = 20,

	PROTO_HOP_BY_HOP = 0,
	PROTO_IPV4 = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_IPV6 = 41,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_GRE = 47,
	PROTO_ESP = 50,
	PROTO_AH = 51,
	PROTO_NO_NEXT = 59,
	PROTO_DESTINATION = 60,
	PROTO_MOBILITY = 135,
	PROTO_HIP = 139,
	PROTO_SHIM6 = 140,
};

// Octets that the headers say are there, and how many of them really are.
struct extent {
	size_t off;  // of what is looked at next
	size_t have; // end of what can be read
	size_t said; // end as the IP header states it; have == said unless the frame was cut
};

static enum frame_verdict walk_ethernet(const uint8_t *data, size_t len, size_t off,
					struct frame *frame);
static enum frame_verdict walk_type(const uint8_t *data, size_t len, size_t off, uint16_t type,
				    struct frame *frame);

static enum frame_verdict let_go(struct frame *frame, enum wire_counter reason)
{
	frame->reason = reason;
	return frame->verdict = FRAME_LET_GO;
}

static struct octets octets_of(const uint8_t *data, const struct extent *at)
{
	return (struct octets){data + at->off, at->have - at->off, at->said - at->off};
}

// The packet inside, after the header that tunnel describes. A mirror that cuts long packets leaves
// the inner headers as they were: what they say counts again, not what the outer ones said.
static enum frame_verdict walk_inside(const uint8_t *data, const struct extent *at, bool readable,
				      const struct tunnel *tunnel, struct frame *frame)
{
	if (!readable)
		return let_go(frame, tunnel->reason);
	if (frame->depth == FRAME_DEPTH)
		return let_go(frame, WIRE_TOO_DEEP);
	frame->depth++;
	frame->tunnels |= (uint16_t)(1u << tunnel->kind);
	if (tunnel->network)
		frame->network = tunnel->network;
	frame->extensions = 0;
	size_t off = at->off + tunnel->bytes;
	if (tunnel->type == TUNNEL_ETHERNET)
		return walk_ethernet(data, at->have, off, frame);
	return walk_type(data, at->have, off, tunnel->type, frame);
}

static enum frame_verdict walk_gre(const uint8_t *data, const struct extent *at,
				   struct frame *frame)
{
	struct tunnel tunnel;
	bool readable = tunnel_gre(octets_of(data, at), &tunnel);

	return walk_inside(data, at, readable, &tunnel, frame);
}

static enum frame_verdict walk_udp(const uint8_t *data, const struct extent *at,
				   struct frame *frame)
{
	if (at->said - at->off < UDP_BYTES)
		return let_go(frame, WIRE_UDP_LENGTH);
	if (at->have - at->off < UDP_BYTES)
		return let_go(frame, WIRE_SHORT_FRAME);
	const uint8_t *udp = data + at->off;
	size_t stated = be16(udp + 4);
	if (stated < UDP_BYTES || stated > at->said - at->off)
		return let_go(frame, WIRE_UDP_LENGTH);
	size_t there = at->have - at->off;
	frame->source_port = be16(udp);
	frame->target_port = be16(udp + 2);
	frame->cut = stated > there;
	frame->payload_off = (uint32_t)(at->off + UDP_BYTES);
	frame->payload_len = (uint32_t)((stated < there ? stated : there) - UDP_BYTES);
	return frame->verdict = FRAME_DATAGRAM;
}

static enum frame_verdict walk_tcp(const uint8_t *data, const struct extent *at,
				   struct frame *frame)
{
	if (at->said - at->off < TCP_BYTES)
		return let_go(frame, WIRE_TCP_HEADER);
	if (at->have - at->off < TCP_BYTES)
		return let_go(frame, WIRE_SHORT_FRAME);
	const uint8_t *tcp = data + at->off;
	size_t header = (size_t)(tcp[12] >> 4) * 4;
	if (header < TCP_BYTES || header > at->said - at->off)
		return let_go(frame, WIRE_TCP_HEADER);
	if (header > at->have - at->off)
		return let_go(frame, WIRE_SHORT_FRAME);
	frame->source_port = be16(tcp);
	frame->target_port = be16(tcp + 2);
	frame->sequence = be32(tcp + 4);
	frame->acknowledged = be32(tcp + 8);
	frame->tcp_flags = tcp[13];
	frame->cut = at->have < at->said;
	frame->payload_off = (uint32_t)(at->off + header);
	frame->payload_len = (uint32_t)(at->have - at->off - header);
	return frame->verdict = FRAME_SEGMENT;
}

// One piece of a fragmented datagram. RFC 791 3.2, RFC 8200 4.5: all but the last are multiples of
// eight octets, and nothing reaches beyond 65535.
static enum frame_verdict walk_piece(const struct extent *at, struct frame *frame)
{
	size_t len = at->said - at->off;
	if (len == 0 || frame->fragment_off + len > 65535 || (frame->more_fragments && len % 8))
		return let_go(frame, WIRE_FRAGMENT_INVALID);
	if (at->have < at->said)
		return let_go(frame, WIRE_CUT_DATAGRAM);
	frame->payload_off = (uint32_t)at->off;
	frame->payload_len = (uint32_t)len;
	return frame->verdict = FRAME_FRAGMENT;
}

// What an IP header is followed by.
static enum frame_verdict walk_payload(const uint8_t *data, const struct extent *at,
				       struct frame *frame)
{
	struct tunnel ip_in_ip = {.kind = TUNNEL_IP_IN_IP};

	switch (frame->next) {
	case PROTO_UDP: return walk_udp(data, at, frame);
	case PROTO_TCP: return walk_tcp(data, at, frame);
	case PROTO_GRE: return walk_gre(data, at, frame);
	case PROTO_IPV4: ip_in_ip.type = TYPE_IPV4; break;
	case PROTO_IPV6: ip_in_ip.type = TYPE_IPV6; break;
	case PROTO_NO_NEXT:
	case PROTO_ESP:
		return let_go(frame, frame->version == 6 ? WIRE_IPV6_NO_NEXT : WIRE_OTHER_PROTOCOL);
	default: return let_go(frame, WIRE_OTHER_PROTOCOL);
	}
	return walk_inside(data, at, true, &ip_in_ip, frame);
}

// Whether fragments of it are worth the room.
static bool is_followed(uint8_t proto)
{
	return proto == PROTO_UDP || proto == PROTO_TCP || proto == PROTO_GRE ||
	       proto == PROTO_IPV4 || proto == PROTO_IPV6;
}

static bool is_extension(uint8_t proto)
{
	switch (proto) {
	case PROTO_HOP_BY_HOP:
	case PROTO_ROUTING:
	case PROTO_FRAGMENT:
	case PROTO_AH:
	case PROTO_DESTINATION:
	case PROTO_MOBILITY:
	case PROTO_HIP:
	case PROTO_SHIM6: return true;
	default: return false;
	}
}

// RFC 4302 2.2 counts an authentication header in units of four octets, less two; all others count
// eights, less one (RFC 8200 4).
static size_t extension_bytes(uint8_t proto, const uint8_t *header)
{
	if (proto == PROTO_FRAGMENT)
		return FRAGMENT_BYTES;
	return proto == PROTO_AH ? ((size_t)header[1] + 2) * 4 : ((size_t)header[1] + 1) * 8;
}

static enum frame_verdict walk_ipv6_payload(const uint8_t *data, struct extent *at,
					    struct frame *frame)
{
	while (is_extension(frame->next)) {
		if (frame->extensions++ == FRAME_EXTENSIONS)
			return let_go(frame, WIRE_IPV6_EXTENSIONS);
		if (at->said - at->off < 8)
			return let_go(frame, WIRE_IPV6_HEADER);
		if (at->have - at->off < 8)
			return let_go(frame, WIRE_SHORT_FRAME);
		const uint8_t *header = data + at->off;
		size_t bytes = extension_bytes(frame->next, header);
		if (bytes > at->said - at->off)
			return let_go(frame, WIRE_IPV6_HEADER);
		if (bytes > at->have - at->off)
			return let_go(frame, WIRE_SHORT_FRAME);
		at->off += bytes;
		bool fragment = frame->next == PROTO_FRAGMENT && (be16(header + 2) & 0xfff9);
		frame->next = header[0];
		if (!fragment)
			continue;
		frame->fragment_off = be16(header + 2) & 0xfff8;
		frame->more_fragments = header[3] & 1;
		frame->fragment_id = be32(header + 4);
		if (is_followed(frame->next) || is_extension(frame->next))
			return walk_piece(at, frame);
		bool opaque = frame->next == PROTO_NO_NEXT || frame->next == PROTO_ESP;
		return let_go(frame, opaque ? WIRE_IPV6_NO_NEXT : WIRE_OTHER_PROTOCOL);
	}
	return walk_payload(data, at, frame);
}

// The end of an IP packet. A packet captured on its sender may say 0: the device that is to cut it
// into segments will fill that in (RFC 2675 has it where the packet is too long to be said).
static size_t packet_end(size_t len, size_t off, size_t stated)
{
	return stated > 0 ? off + stated : len;
}

static enum frame_verdict walk_ipv6(const uint8_t *data, size_t len, size_t off,
				    struct frame *frame)
{
	if (len - off < IPV6_BYTES)
		return let_go(frame, WIRE_SHORT_FRAME);
	const uint8_t *ip = data + off;
	if (ip[0] >> 4 != 6)
		return let_go(frame, WIRE_IPV6_HEADER);
	off += IPV6_BYTES;
	size_t end = ip[6] == PROTO_NO_NEXT ? off : packet_end(len, off, be16(ip + 4));
	struct extent at = {off, len, end};
	if (at.said < at.have)
		at.have = at.said;
	frame->version = 6;
	frame->next = ip[6];
	memcpy(frame->source, ip + 8, 16);
	memcpy(frame->target, ip + 24, 16);
	return walk_ipv6_payload(data, &at, frame);
}

static enum frame_verdict walk_ipv4(const uint8_t *data, size_t len, size_t off,
				    struct frame *frame)
{
	if (len - off < IPV4_BYTES)
		return let_go(frame, WIRE_SHORT_FRAME);
	const uint8_t *ip = data + off;
	size_t header = (size_t)(ip[0] & 15) * 4, total = be16(ip + 2);
	if (ip[0] >> 4 != 4 || header < IPV4_BYTES || (total > 0 && total < header))
		return let_go(frame, WIRE_IPV4_HEADER);
	if (len - off < header)
		return let_go(frame, WIRE_SHORT_FRAME);
	struct extent at = {off + header, len, packet_end(len, off, total)};
	if (at.said < at.have)
		at.have = at.said;
	frame->version = 4;
	frame->next = ip[9];
	memset(frame->source, 0, sizeof(frame->source));
	memset(frame->target, 0, sizeof(frame->target));
	memcpy(frame->source, ip + 12, 4);
	memcpy(frame->target, ip + 16, 4);
	frame->fragment_off = (uint32_t)(be16(ip + 6) & 0x1fff) * 8;
	frame->more_fragments = ip[6] & 0x20;
	if (frame->fragment_off == 0 && !frame->more_fragments)
		return walk_payload(data, &at, frame);
	if (!is_followed(frame->next))
		return let_go(frame, WIRE_OTHER_PROTOCOL);
	frame->fragment_id = be16(ip + 4);
	return walk_piece(&at, frame);
}

// Below IP nothing says how long a packet is.
static enum frame_verdict walk_mpls(const uint8_t *data, size_t len, size_t off,
				    struct frame *frame)
{
	struct extent at = {off, len, SIZE_MAX};
	struct tunnel tunnel;
	bool readable = tunnel_mpls(octets_of(data, &at), &tunnel);

	return walk_inside(data, &at, readable, &tunnel, frame);
}

static bool is_tag(uint16_t type)
{
	return type == TYPE_8021Q || type == TYPE_8021AD || type == TYPE_QINQ_OLD;
}

static enum frame_verdict walk_type(const uint8_t *data, size_t len, size_t off, uint16_t type,
				    struct frame *frame)
{
	while (is_tag(type)) {
		if (frame->tag_count == FRAME_TAGS)
			return let_go(frame, WIRE_TOO_MANY_TAGS);
		if (len - off < TAG_BYTES)
			return let_go(frame, WIRE_SHORT_FRAME);
		frame->tag[frame->tag_count++] = be16(data + off) & 0xfff;
		type = be16(data + off + 2);
		off += TAG_BYTES;
	}
	if (type == TYPE_IPV4)
		return walk_ipv4(data, len, off, frame);
	if (type == TYPE_IPV6)
		return walk_ipv6(data, len, off, frame);
	if (tunnel_type_is_mpls(type))
		return walk_mpls(data, len, off, frame);
	return let_go(frame, WIRE_NOT_IP);
}

// The tags of a frame in a frame are its own.
static enum frame_verdict walk_ethernet(const uint8_t *data, size_t len, size_t off,
					struct frame *frame)
{
	if (len - off < ETHERNET_BYTES)
		return let_go(frame, WIRE_SHORT_FRAME);
	frame->tag_count = 0;
	memset(frame->tag, 0, sizeof(frame->tag));
	return walk_type(data, len, off + ETHERNET_BYTES, be16(data + off + 12), frame);
}

enum frame_verdict frame_walk_from(const uint8_t *data, size_t len, size_t off, uint16_t type,
				   struct frame *frame)
{
	memset(frame, 0, sizeof(*frame));
	if (off > len)
		return let_go(frame, WIRE_SHORT_FRAME);
	return walk_type(data, len, off, type, frame);
}

enum frame_verdict frame_walk(const uint8_t *data, size_t len, struct frame *frame)
{
	memset(frame, 0, sizeof(*frame));
	return walk_ethernet(data, len, 0, frame);
}

enum frame_verdict frame_walk_reassembled(const uint8_t *data, size_t len, struct frame *frame)
{
	struct extent at = {0, len, len};
	uint8_t depth = frame->depth;

	frame->more_fragments = false;
	frame->fragment_off = 0;
	// A fragment in a fragment (RFC 8200 4.5 knows none) would go round for ever.
	if (frame->next == PROTO_FRAGMENT)
		return let_go(frame, WIRE_FRAGMENT_INVALID);
	enum frame_verdict verdict = walk_ipv6_payload(data, &at, frame);
	if (verdict == FRAME_FRAGMENT && frame->depth == depth)
		return let_go(frame, WIRE_FRAGMENT_INVALID);
	return verdict;
}

enum frame_verdict frame_walk_tunnel(const uint8_t *data, enum tunnel_kind kind,
				     struct frame *frame)
{
	size_t end = (size_t)frame->payload_off + frame->payload_len;
	struct extent at = {frame->payload_off, end, frame->cut ? SIZE_MAX : end};
	struct tunnel tunnel;
	bool readable = kind == TUNNEL_GENEVE ? tunnel_geneve(octets_of(data, &at), &tunnel)
					      : tunnel_vxlan(octets_of(data, &at), &tunnel);

	frame->cut = false;
	return walk_inside(data, &at, readable, &tunnel, frame);
}

bool frame_checksum_unfinished(const uint8_t *data, const struct frame *frame)
{
	const uint8_t *udp = data + frame->payload_off - UDP_BYTES;
	size_t address_bytes = frame->version == 4 ? 4 : 16;
	uint32_t sum = PROTO_UDP + (uint32_t)be16(udp + 4);

	for (size_t i = 0; i < address_bytes; i += 2)
		sum += (uint32_t)be16(frame->source + i) + be16(frame->target + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return be16(udp + 6) == sum;
}
