// SPDX-License-Identifier: Apache-2.0
// Names and help of the wire's counters, for offhookctl and the OpenMetrics page.

#include "link/counters.h"

#include <stddef.h>

static const struct {
	const char *name, *help;
} counter_table[WIRE_COUNTER_COUNT] = {
	[WIRE_RX_FRAMES] = {"rx-frames", "Frames received"},
	[WIRE_RX_BYTES] = {"rx-bytes", "Octets received"},
	[WIRE_TX_FRAMES] = {"tx-frames", "Frames forwarded (inline)"},
	[WIRE_TX_DROPPED] = {"tx-dropped", "Frames the other port did not take (inline)"},
	[WIRE_NOT_IP] = {"not-ip", "Frames that are not IP"},
	[WIRE_OTHER_PROTOCOL] = {"other-protocol", "IP packets that are neither UDP nor TCP"},
	[WIRE_SHORT_FRAME] = {"short-frame", "Frames cut before their headers end"},
	[WIRE_TOO_MANY_TAGS] = {"too-many-tags", "Frames with more VLAN tags than looked through"},
	[WIRE_IPV4_HEADER] = {"ipv4-header", "IPv4 headers with a wrong version or length"},
	[WIRE_IPV6_HEADER] = {"ipv6-header", "IPv6 headers with a wrong version or length"},
	[WIRE_IPV6_EXTENSIONS] = {"ipv6-extensions",
				  "IPv6 packets with more extension headers than looked through"},
	[WIRE_IPV6_NO_NEXT] = {"ipv6-no-next", "IPv6 packets without a next header or encrypted"},
	[WIRE_UDP_LENGTH] = {"udp-length", "UDP datagrams with a wrong length"},
	[WIRE_TCP_HEADER] = {"tcp-header", "TCP headers of a wrong length"},
	[WIRE_CUT_DATAGRAM] = {"cut-datagram",
			       "Datagrams and segments shorter than their header says"},
	[WIRE_MPLS] = {"mpls", "Frames with MPLS labels"},
	[WIRE_GRE] = {"gre", "Frames in GRE"},
	[WIRE_ERSPAN] = {"erspan", "Frames in ERSPAN"},
	[WIRE_IP_IN_IP] = {"ip-in-ip", "Frames with IP in IP"},
	[WIRE_VXLAN] = {"vxlan", "Frames in VXLAN"},
	[WIRE_GENEVE] = {"geneve", "Frames in GENEVE"},
	[WIRE_HEP] = {"hep", "Datagrams to HEP ports"},
	[WIRE_TOO_DEEP] = {"too-deep", "Packets with more encapsulations than looked through"},
	[WIRE_MPLS_LABELS] = {"mpls-labels", "MPLS stacks with more labels than looked through"},
	[WIRE_MPLS_PAYLOAD] = {"mpls-payload", "MPLS stacks over neither IP nor Ethernet"},
	[WIRE_GRE_HEADER] = {"gre-header", "GRE headers of another version, routed, or too short"},
	[WIRE_GRE_PROTOCOL] = {"gre-protocol", "GRE packets that carry something else"},
	[WIRE_ERSPAN_HEADER] = {"erspan-header", "ERSPAN headers that can't be read"},
	[WIRE_VXLAN_HEADER] = {"vxlan-header", "Datagrams to VXLAN ports that are not VXLAN"},
	[WIRE_GENEVE_HEADER] = {"geneve-header", "Datagrams to GENEVE ports that are not GENEVE"},
	[WIRE_GENEVE_PROTOCOL] = {"geneve-protocol", "GENEVE packets that carry something else"},
	[WIRE_HEP_OLD] = {"hep-old", "HEP messages of version 1 or 2, which are not read"},
	[WIRE_HEP_HEADER] = {"hep-header", "Datagrams to HEP ports that are not HEP"},
	[WIRE_HEP_CHUNK] = {"hep-chunk", "HEP messages with a malformed chunk"},
	[WIRE_HEP_NOT_SIP] = {"hep-not-sip", "HEP messages that carry something else"},
	[WIRE_HEP_COMPRESSED] = {"hep-compressed",
				 "HEP messages that are compressed, which are not read"},
	[WIRE_HEP_NO_PAYLOAD] = {"hep-no-payload", "HEP messages without a payload"},
	[WIRE_HEP_ADDRESSES] = {"hep-addresses", "HEP messages without a pair of addresses"},
	[WIRE_HEP_LOST] = {"hep-lost", "HEP datagrams the kernel had no room for"},
	[WIRE_HEP_STREAM] =
		{"hep-stream",
		 "HEP connections that ended inside a message or brought something else"},
	[WIRE_HEP_EVICTED] = {"hep-evicted", "HEP connections that gave way to others"},
	[WIRE_FRAGMENTS] = {"fragments", "IP fragments received"},
	[WIRE_REASSEMBLED] = {"reassembled", "Datagrams put together from fragments"},
	[WIRE_FRAGMENT_TIMEOUT] = {"fragment-timeout", "Datagrams whose fragments came too late"},
	[WIRE_FRAGMENT_INVALID] = {"fragment-invalid",
				   "Fragments that can't be part of a datagram"},
	[WIRE_FRAGMENT_NO_ROOM] = {"fragment-no-room", "Fragments without room to wait"},
	[WIRE_FRAGMENT_DUPLICATE] = {"fragment-duplicate", "Fragments seen twice (mirror ports)"},
	[WIRE_TCP_SEGMENTS] = {"tcp-segments", "TCP segments with octets in them"},
	[WIRE_TCP_FLOWS] = {"tcp-flows", "TCP connections met"},
	[WIRE_TCP_FOREIGN] = {"tcp-foreign", "TCP connections that are not SIP"},
	[WIRE_TCP_TLS] = {"tcp-tls", "TCP connections that are TLS and can't be read"},
	[WIRE_TCP_WEBSOCKET] = {"tcp-websocket", "TCP connections that are WebSocket"},
	[WIRE_TCP_SEEN_BEFORE] = {"tcp-seen-before", "TCP segments without anything new"},
	[WIRE_TCP_HELD] = {"tcp-held", "TCP segments that waited for one before them"},
	[WIRE_TCP_GAPS] = {"tcp-gaps", "Holes in TCP streams that nothing filled"},
	[WIRE_TCP_GAP_BYTES] = {"tcp-gap-bytes", "Octets missing in TCP streams"},
	[WIRE_TCP_GAPS_IN_BODY] = {"tcp-gaps-in-body", "Holes that cost no message"},
	[WIRE_TCP_LOST] = {"tcp-lost", "SIP messages in TCP given up in their headers"},
	[WIRE_TCP_CUT_BODY] = {"tcp-cut-body", "SIP messages in TCP without the end of their body"},
	[WIRE_TCP_NO_LENGTH] = {"tcp-no-length", "SIP messages in TCP without Content-Length"},
	[WIRE_TCP_BAD_LENGTH] = {"tcp-bad-length", "SIP messages in TCP of no clear length"},
	[WIRE_TCP_TOO_LONG] = {"tcp-too-long", "SIP messages in TCP that are too long"},
	[WIRE_TCP_GARBAGE] = {"tcp-garbage", "Times a TCP stream had no message where one begins"},
	[WIRE_TCP_SKIPPED_BYTES] = {"tcp-skipped-bytes",
				    "Octets of TCP passed over in search of a message"},
	[WIRE_TCP_NO_ROOM] = {"tcp-no-room", "Unfinished messages that gave way to others"},
	[WIRE_TCP_EVICTED] = {"tcp-evicted", "TCP connections that gave way to others"},
	[WIRE_TCP_IDLE] = {"tcp-idle", "TCP connections given up because nothing came"},
	[WIRE_EMPTY_DATAGRAM] = {"empty-datagram", "Datagrams without octets"},
	[WIRE_NOT_SIP] = {"not-sip", "Datagrams that are not SIP"},
	[WIRE_KEEPALIVE] = {"keepalive", "Keep-alives on SIP ports"},
	[WIRE_STUN] = {"stun", "STUN messages"},
	[WIRE_TLS] = {"tls", "What looks like TLS or DTLS and can't be read"},
	[WIRE_SIP_IGNORED] = {"sip-ignored", "SIP messages that change nothing"},
	[WIRE_SIP_MESSAGES] = {"sip-messages", "Messages that look like SIP"},
	[WIRE_SIP_PARSED] = {"sip-parsed", "SIP messages parsed"},
	[WIRE_SIP_REFERENCE] = {"sip-reference", "SIP messages parsed by the reference parser"},
	[WIRE_SIP_REJECTED] = {"sip-rejected", "SIP messages that are malformed"},
	[WIRE_SIP_NO_EVENT] = {"sip-no-event", "SIP messages parsed but without use for presence"},
	[WIRE_EVENTS] = {"events", "Events for presence"},
	[WIRE_EVENT_TEXT_CUT] = {"event-text-cut", "Events without a text that was too long"},
	[WIRE_UNFINISHED_CHECKSUM] =
		{"unfinished-checksum",
		 "Events of datagrams whose sender left the checksum to a device"},
	[WIRE_OVERFLOWED] = {"overflowed", "Events that waited on the overflow list"},
	[WIRE_SHED_STARTS] = {"shed-starts", "Starts of calls dropped, ring and list full"},
	[WIRE_SHED_ENDS] = {"shed-ends", "Ends of calls dropped; must be 0"},
	[WIRE_LOOPS] = {"loops", "Rounds of the poll loop"},
	[WIRE_EMPTY_POLLS] = {"empty-polls", "Polls that found no frame"},
	[WIRE_SLEEPS] = {"sleeps", "Times a poll core slept"},
};

const char *wire_counter_name(enum wire_counter counter)
{
	return counter < WIRE_COUNTER_COUNT ? counter_table[counter].name : NULL;
}

const char *wire_counter_help(enum wire_counter counter)
{
	return counter < WIRE_COUNTER_COUNT ? counter_table[counter].help : NULL;
}
