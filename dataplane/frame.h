// SPDX-License-Identifier: Apache-2.0
// From the first octet of a frame to its UDP or TCP payload: Ethernet, VLAN tags, IPv4, IPv6 with
// extension headers, UDP, TCP, and what is wrapped around all that on its way to us (MPLS, GRE,
// ERSPAN, IP in IP; VXLAN and GENEVE, whose ports the caller knows). Works on bytes, so that poll
// cores, captures and tests share it. Writes nothing.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/tunnel.h"
#include "link/counters.h"

enum {
	FRAME_TAGS = 4,       // 802.1Q and 802.1ad tags looked through
	FRAME_EXTENSIONS = 6, // IPv6 extension headers looked through
	FRAME_DEPTH = 4,      // encapsulations looked through
};

enum frame_verdict {
	FRAME_NONE,
	FRAME_DATAGRAM, // payload_off, payload_len: what UDP carries
	FRAME_SEGMENT,  // the same of TCP; sequence, acknowledged and tcp_flags, too
	FRAME_FRAGMENT, // payload_off, payload_len: this piece of the IP payload
	FRAME_LET_GO,   // reason says why
};

// RFC 9293 3.1
enum frame_tcp_flag {
	FRAME_TCP_FIN = 1 << 0,
	FRAME_TCP_SYN = 1 << 1,
	FRAME_TCP_RST = 1 << 2,
	FRAME_TCP_ACK = 1 << 4,
};

struct frame {
	enum frame_verdict verdict;
	enum wire_counter reason;
	uint8_t version; // 4 or 6
	uint8_t tag_count;
	uint8_t next;       // IP protocol of the payload
	uint8_t extensions; // IPv6 extension headers passed so far
	uint8_t depth;      // encapsulations passed so far
	bool cut;           // the capture or the port cut it: less there than the headers say
	bool more_fragments;
	uint8_t tcp_flags;        // enum frame_tcp_flag
	uint16_t tunnels;         // those passed: a bit for each enum tunnel_kind
	uint16_t tag[FRAME_TAGS]; // VLAN identifiers of the innermost frame, outermost first
	uint16_t source_port, target_port;
	uint8_t source[16], target[16];  // IPv4 in the first four octets; network order
	uint32_t sequence, acknowledged; // of TCP
	uint32_t network;                // GRE key or VNI that the addresses belong to
	uint32_t fragment_id;
	uint32_t fragment_off; // octets
	uint32_t payload_off, payload_len;
};

// The verdict is returned and kept in *frame.
//
// len octets of an Ethernet frame; trailing padding is not taken for payload.
enum frame_verdict frame_walk(const uint8_t *data, size_t len, struct frame *frame);
// The same from an Ethernet type on, whose payload starts at off (Linux cooked captures, raw IP).
enum frame_verdict frame_walk_from(const uint8_t *data, size_t len, size_t off, uint16_t type,
				   struct frame *frame);
// The same for an IP payload put together from fragments: data is what frame->next begins with; the
// addresses in *frame stay. FRAME_FRAGMENT: of a packet that was in it, hence deeper than before.
enum frame_verdict frame_walk_reassembled(const uint8_t *data, size_t len, struct frame *frame);
// The same for what a datagram carries whose port says that it is TUNNEL_VXLAN or TUNNEL_GENEVE.
enum frame_verdict frame_walk_tunnel(const uint8_t *data, enum tunnel_kind kind,
				     struct frame *frame);

// Whether the sender left the UDP checksum of a datagram to its network device, which a virtual one
// never finishes: the field holds the sum over the pseudo header then. Once in 65536 by chance.
bool frame_checksum_unfinished(const uint8_t *data, const struct frame *frame);
