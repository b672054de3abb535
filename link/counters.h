// SPDX-License-Identifier: Apache-2.0
// The wire's counters in shared memory: one block a poll core, written by that core alone, read by
// presence. Every reason to let a packet go has its own. The table of names is counters.c.
#pragma once

#include <stdint.h>

enum wire_counter {
	WIRE_RX_FRAMES,
	WIRE_RX_BYTES,
	WIRE_TX_FRAMES,  // inline: forwarded
	WIRE_TX_DROPPED, // inline: the other port took no more
	// Let go by the frame walk, in the order of the layers.
	WIRE_NOT_IP,
	WIRE_OTHER_PROTOCOL, // neither UDP nor TCP
	WIRE_SHORT_FRAME,    // cut before its headers end
	WIRE_TOO_MANY_TAGS,  // more VLAN tags than looked through
	WIRE_IPV4_HEADER,    // version, header length or total length wrong
	WIRE_IPV6_HEADER,
	WIRE_IPV6_EXTENSIONS, // more extension headers than looked through
	WIRE_IPV6_NO_NEXT,    // no next header, or encrypted
	WIRE_UDP_LENGTH,
	WIRE_TCP_HEADER,
	WIRE_CUT_DATAGRAM, // the capture or the port cut it: less there than the header says
	// Encapsulations: frames that came in each, by the innermost packet that could be reached.
	WIRE_MPLS,
	WIRE_GRE,
	WIRE_ERSPAN, // in GRE, not counted there
	WIRE_IP_IN_IP,
	WIRE_VXLAN,
	WIRE_GENEVE,
	WIRE_HEP,
	// Let go on the way into one.
	WIRE_TOO_DEEP,     // more encapsulations than looked through
	WIRE_MPLS_LABELS,  // more labels than looked through, or none is the last
	WIRE_MPLS_PAYLOAD, // neither IP nor Ethernet below the labels
	WIRE_GRE_HEADER,   // version, source routing, or cut by its packet
	WIRE_GRE_PROTOCOL, // carries something else
	WIRE_ERSPAN_HEADER,
	WIRE_VXLAN_HEADER, // no network identifier, or VXLAN-GPE
	WIRE_GENEVE_HEADER,
	WIRE_GENEVE_PROTOCOL,
	WIRE_HEP_OLD,    // version 1 or 2
	WIRE_HEP_HEADER, // not HEP, or longer than its datagram
	WIRE_HEP_CHUNK,  // one that is too long, too short, there twice, or one too many
	WIRE_HEP_NOT_SIP,
	WIRE_HEP_COMPRESSED,
	WIRE_HEP_NO_PAYLOAD,
	WIRE_HEP_ADDRESSES, // not one pair of one version
	WIRE_HEP_LOST,      // datagrams the kernel had no room for
	WIRE_HEP_STREAM,    // connections that ended inside a message, or brought something else
	WIRE_HEP_EVICTED,   // connections that gave way to others
	// Fragments.
	WIRE_FRAGMENTS,
	WIRE_REASSEMBLED,
	WIRE_FRAGMENT_TIMEOUT,
	WIRE_FRAGMENT_INVALID,
	WIRE_FRAGMENT_NO_ROOM, // table or mbufs used up
	WIRE_FRAGMENT_DUPLICATE,
	// TCP: what came, and whose it was.
	WIRE_TCP_SEGMENTS, // with octets in them
	WIRE_TCP_FLOWS,
	WIRE_TCP_FOREIGN, // connections that carry something else, left alone from then on
	WIRE_TCP_TLS,     // of these, TLS
	WIRE_TCP_WEBSOCKET,
	WIRE_TCP_SEEN_BEFORE, // segments that brought nothing new
	WIRE_TCP_HELD,        // segments that waited for one before them
	WIRE_TCP_STRAY,       // segments far from all others, each read on its own
	// TCP: what is missing.
	WIRE_TCP_GAPS, // holes that nothing filled
	WIRE_TCP_GAP_BYTES,
	WIRE_TCP_GAPS_IN_BODY, // of these, the ones that cost no message
	WIRE_TCP_LOST,         // messages given up in their headers
	WIRE_TCP_CUT_BODY,     // messages without the end of their body
	WIRE_TCP_NO_LENGTH,    // messages taken as without a body, for want of Content-Length
	WIRE_TCP_BAD_LENGTH,
	WIRE_TCP_TOO_LONG,
	WIRE_TCP_GARBAGE,       // other octets where a message should begin
	WIRE_TCP_SKIPPED_BYTES, // passed over in search of a message
	WIRE_TCP_NO_ROOM,       // unfinished messages that gave way to others
	WIRE_TCP_EVICTED,       // connections that gave way to others
	WIRE_TCP_IDLE,          // connections given up because nothing came
	// Let go by the gate.
	WIRE_EMPTY_DATAGRAM,
	WIRE_NOT_SIP,
	WIRE_KEEPALIVE,
	WIRE_STUN,
	WIRE_TLS,
	WIRE_SIP_IGNORED, // SIP that changes nothing
	// SIP.
	WIRE_SIP_MESSAGES, // all that looked like SIP, datagrams and framed from streams: ignored,
			   // parsed and rejected
	WIRE_SIP_PARSED,
	WIRE_SIP_REFERENCE, // of these, by the reference parser
	WIRE_SIP_REJECTED,
	WIRE_SIP_NO_EVENT, // parsed, but nothing for presence
	// Media.
	WIRE_MEDIA_LOOKED_UP, // datagrams whose addresses were looked for; a sample
	WIRE_MEDIA_FOUND,     // of these, such that a call has
	// Events.
	WIRE_EVENTS,
	WIRE_EVENT_TEXT_CUT,
	WIRE_UNFINISHED_CHECKSUM, // events whose sender left the checksum to a device
	WIRE_OVERFLOWED,          // events that waited on the overflow list
	WIRE_SHED_STARTS,  // dropped because ring and overflow list were full; never an end of call
	WIRE_SHED_UNKNOWN, // the same: ends of calls that were never answered
	WIRE_SHED_ENDS,    // must stay 0
	// Captures for the operator.
	WIRE_CAPTURED,
	WIRE_CAPTURE_LOST, // matched, but the file was written too slowly
	// Loop.
	WIRE_LOOPS,
	WIRE_EMPTY_POLLS,
	WIRE_SLEEPS,
	WIRE_COUNTER_COUNT,
};

struct wire_counters {
	_Alignas(64) uint64_t value[WIRE_COUNTER_COUNT];
	uint64_t reject[32]; // by enum sip_reject
	uint64_t heartbeat;  // one more each housekeeping; the watchdog looks at it
	uint64_t ring_high_water;
	uint64_t overflow_waiting, overflow_high_water; // events on the overflow list
};

// Port statistics, read from the device by the main thread every second.
struct wire_port_counters {
	uint64_t received, missed, errors, too_long, no_buffer, sent, send_errors;
	uint8_t link_up;
	char name[63];
};

const char *wire_counter_name(enum wire_counter counter); // "ipv4-header"
const char *wire_counter_help(enum wire_counter counter);
