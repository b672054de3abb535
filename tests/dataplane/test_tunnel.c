// SPDX-License-Identifier: Apache-2.0
// Packets in packets: every encapsulation, every reason to let go on the way into one, how deep,
// and every length from nothing to the whole in a buffer of exactly that size. Header octets are
// written out as the RFCs draw them; frames made by other programs are in tests/corpus/captures.
#include "dataplane/tunnel.h"

#include "config/settings.h"
#include "dataplane/frame.h"
#include "dataplane/tunnel_port.h"
#include "layers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DATAGRAM = -1, FRAGMENT = -2, SEGMENT = -3 };

#define BIT(kind) (1u << TUNNEL_##kind)
#define INNER4    "ip4:17 udp:5070 hello"
#define INNER6    "ip6:17 udp:5070 hello"
#define VXLAN     "udp:4789 x:0800000000002a00"
#define IP_IN_IP  "ip4:4 "
#define LABEL     "x:00001040 "
#define LAST      "x:00001140 "
// Five of them.
#define DESTINATIONS                                                                   \
	"x:3c00000000000000 x:3c00000000000000 x:3c00000000000000 x:3c00000000000000 " \
	"x:3c00000000000000 "

static const struct {
	const char *name, *layers;
	int expect; // DATAGRAM, FRAGMENT, SEGMENT or a reason
	unsigned int tunnels;
	uint32_t network;
	unsigned int tags;
} shapes[] = {
	{"ipv4 in ipv4", "eth:0800 ip4:4 " INNER4, DATAGRAM, BIT(IP_IN_IP), 0, 0},
	{"ipv6 in ipv4", "eth:0800 ip4:41 " INNER6, DATAGRAM, BIT(IP_IN_IP), 0, 0},
	{"ipv4 in ipv6", "eth:86dd ip6:4 " INNER4, DATAGRAM, BIT(IP_IN_IP), 0, 0},
	{"ipv6 in ipv6", "eth:86dd ip6:41 " INNER6, DATAGRAM, BIT(IP_IN_IP), 0, 0},
	// RFC 2473 5.1: the limit of nesting stands in a destination option.
	{"encapsulation limit", "eth:86dd ip6:60 x:2900040104010000 " INNER6, DATAGRAM,
	 BIT(IP_IN_IP), 0, 0},
	{"six extensions outside, six inside",
	 "eth:86dd ip6:60 " DESTINATIONS "x:2900000000000000 ip6:60 " DESTINATIONS
	 "x:1100000000000000 udp:5070 hello",
	 DATAGRAM, BIT(IP_IN_IP), 0, 0},
	{"two tags outside, none inside",
	 "eth:88a8 x:00078100 x:00080800 ip4:47 x:00006558 eth:0800 " INNER4, DATAGRAM, BIT(GRE), 0,
	 0},
	{"ipv4 in ipv4, version", "eth:0800 ip4:4 " INNER6, WIRE_IPV4_HEADER, BIT(IP_IN_IP), 0, 0},
	{"ipv6 in ipv6, version", "eth:86dd ip6:41 " INNER4 " ff:20", WIRE_IPV6_HEADER,
	 BIT(IP_IN_IP), 0, 0},
	{"ipv4 in ipv4, nothing", "eth:0800 ip4:4", WIRE_SHORT_FRAME, BIT(IP_IN_IP), 0, 0},
	{"icmp in ipv4 in ipv4", "eth:0800 ip4:4 ip4:1 ff:20", WIRE_OTHER_PROTOCOL, BIT(IP_IN_IP),
	 0, 0},
	{"esp in ipv4 in ipv6", "eth:86dd ip6:4 ip4:50 ff:20", WIRE_OTHER_PROTOCOL, BIT(IP_IN_IP),
	 0, 0},

	{"gre", "eth:0800 ip4:47 x:00000800 " INNER4, DATAGRAM, BIT(GRE), 0, 0},
	{"gre, ipv6 outside", "eth:86dd ip6:47 x:000086dd " INNER6, DATAGRAM, BIT(GRE), 0, 0},
	{"gre, key", "eth:0800 ip4:47 x:2000080000000007 " INNER4, DATAGRAM, BIT(GRE), 7, 0},
	{"gre, checksum", "eth:0800 ip4:47 x:80000800ffff0000 " INNER4, DATAGRAM, BIT(GRE), 0, 0},
	{"gre, all fields", "eth:0800 ip4:47 x:b0000800ffff0000000000090000ffff " INNER4, DATAGRAM,
	 BIT(GRE), 9, 0},
	{"gre, ethernet", "eth:0800 ip4:47 x:00006558 eth:0800 " INNER4, DATAGRAM, BIT(GRE), 0, 0},
	{"gre, tagged ethernet",
	 "eth:8100 x:00070800 ip4:47 x:00006558 eth:88a8 x:00098100 "
	 "x:000a86dd " INNER6,
	 DATAGRAM, BIT(GRE), 0, 2},
	{"gre, mpls", "eth:0800 ip4:47 x:00008847 " LAST INNER4, DATAGRAM, BIT(GRE) | BIT(MPLS), 0,
	 0},
	{"gre, routing", "eth:0800 ip4:47 x:4000080000000000 " INNER4, WIRE_GRE_HEADER, 0, 0, 0},
	{"gre, version 1", "eth:0800 ip4:47 x:3001880b0000000000000000", WIRE_GRE_HEADER, 0, 0, 0},
	{"gre, ppp", "eth:0800 ip4:47 x:0000880b ff:20", WIRE_GRE_PROTOCOL, 0, 0, 0},
	{"gre, keep-alive", "eth:0800 ip4:47 x:00000000", WIRE_GRE_PROTOCOL, 0, 0, 0},
	{"gre, too short", "eth:0800 ip4:47 x:000008", WIRE_GRE_HEADER, 0, 0, 0},
	{"gre, key too short", "eth:0800 ip4:47 x:20000800000000", WIRE_GRE_HEADER, 0, 0, 0},

	{"erspan I", "eth:0800 ip4:47 x:000088be eth:0800 " INNER4, DATAGRAM, BIT(ERSPAN), 0, 0},
	{"erspan II", "eth:0800 ip4:47 x:100088be00000001 x:1001000100000005 eth:0800 " INNER4,
	 DATAGRAM, BIT(ERSPAN), 0, 0},
	{"erspan II, tagged",
	 "eth:0800 ip4:47 x:100088be00000001 x:1001000100000005 eth:8100 "
	 "x:00070800 " INNER4,
	 DATAGRAM, BIT(ERSPAN), 0, 1},
	{"erspan III",
	 "eth:0800 ip4:47 x:100022eb00000001 x:200100010000000000000000 eth:86dd " INNER6, DATAGRAM,
	 BIT(ERSPAN), 0, 0},
	{"erspan III, platform",
	 "eth:0800 ip4:47 x:100022eb00000001 x:200100010000000000000001 ff:8 eth:0800 " INNER4,
	 DATAGRAM, BIT(ERSPAN), 0, 0},
	{"erspan III, ipv4",
	 "eth:0800 ip4:47 x:100022eb00000001 x:200100010000000000000800 " INNER4, DATAGRAM,
	 BIT(ERSPAN), 0, 0},
	{"erspan III, ipv6",
	 "eth:0800 ip4:47 x:100022eb00000001 x:200100010000000000000800 " INNER6, DATAGRAM,
	 BIT(ERSPAN), 0, 0},
	{"erspan III, cpu frames",
	 "eth:0800 ip4:47 x:100022eb00000001 x:200100010000000000000400 " INNER4,
	 WIRE_ERSPAN_HEADER, 0, 0, 0},
	{"erspan II, version", "eth:0800 ip4:47 x:100088be00000001 x:3001000100000005 eth:0800",
	 WIRE_ERSPAN_HEADER, 0, 0, 0},
	{"erspan III, version",
	 "eth:0800 ip4:47 x:100022eb00000001 x:100100010000000000000000 eth:0800",
	 WIRE_ERSPAN_HEADER, 0, 0, 0},
	{"erspan II, too short", "eth:0800 ip4:47 x:100088be00000001 x:10010001000000",
	 WIRE_ERSPAN_HEADER, 0, 0, 0},
	{"erspan III, platform too short",
	 "eth:0800 ip4:47 x:100022eb00000001 x:200100010000000000000001 ff:7", WIRE_ERSPAN_HEADER,
	 0, 0, 0},

	{"mpls", "eth:8847 " LAST INNER4, DATAGRAM, BIT(MPLS), 0, 0},
	{"mpls, ipv6", "eth:8847 " LAST INNER6, DATAGRAM, BIT(MPLS), 0, 0},
	{"mpls, tagged", "eth:8100 x:00078847 " LABEL LAST INNER4, DATAGRAM, BIT(MPLS), 0, 1},
	{"mpls, upstream", "eth:8848 " LAST INNER4, DATAGRAM, BIT(MPLS), 0, 0},
	{"mpls, eight labels", "eth:8847 " LABEL LABEL LABEL LABEL LABEL LABEL LABEL LAST INNER4,
	 DATAGRAM, BIT(MPLS), 0, 0},
	{"mpls, nine labels",
	 "eth:8847 " LABEL LABEL LABEL LABEL LABEL LABEL LABEL LABEL LAST INNER4, WIRE_MPLS_LABELS,
	 0, 0, 0},
	{"mpls, control word", "eth:8847 " LAST "x:00000001 eth:0800 " INNER4, DATAGRAM, BIT(MPLS),
	 0, 0},
	{"mpls, control word, tagged", "eth:8847 " LAST "x:00000001 eth:8100 x:00070800 " INNER4,
	 DATAGRAM, BIT(MPLS), 0, 1},
	{"mpls, ethernet", "eth:8847 " LAST "eth:8100 x:00070800 " INNER4, DATAGRAM, BIT(MPLS), 0,
	 1},
	// Addresses that begin like an IP header.
	{"mpls, ethernet, 4", "eth:8847 " LAST "x:44112233445502000000000208 x:00 " INNER4,
	 DATAGRAM, BIT(MPLS), 0, 0},
	{"mpls, ethernet, 45", "eth:8847 " LAST "x:45110100445502000000000286dd " INNER6, DATAGRAM,
	 BIT(MPLS), 0, 0},
	{"mpls, ethernet, 45 and a length",
	 "eth:8847 " LAST "x:450080110455020000000002 x:0800 " INNER4, DATAGRAM, BIT(MPLS), 0, 0},
	{"mpls, ethernet, 60", "eth:8847 " LAST "x:600000004000020000000002 x:0800 " INNER4,
	 DATAGRAM, BIT(MPLS), 0, 0},
	{"mpls, ethernet, 6",
	 "eth:8847 " LAST "x:6c1122334455020000000002 x:910000078100 x:00080800 " INNER4, DATAGRAM,
	 BIT(MPLS), 0, 2},
	{"mpls, something else", "eth:8847 " LAST "ff:40", WIRE_MPLS_PAYLOAD, 0, 0, 0},
	{"mpls, channel", "eth:8847 " LAST "x:10000021 ff:40", WIRE_MPLS_PAYLOAD, 0, 0, 0},

	{"vxlan", "eth:0800 ip4:17 " VXLAN " eth:0800 " INNER4, DATAGRAM, BIT(VXLAN), 42, 0},
	{"vxlan, linux port", "eth:0800 ip4:17 udp:8472 x:0800000000002a00 eth:0800 " INNER4,
	 DATAGRAM, BIT(VXLAN), 42, 0},
	{"vxlan, ipv6, tagged", "eth:86dd ip6:17 " VXLAN " eth:8100 x:000786dd " INNER6, DATAGRAM,
	 BIT(VXLAN), 42, 1},
	{"vxlan, group policy", "eth:0800 ip4:17 udp:4789 x:8800000100002a00 eth:0800 " INNER4,
	 DATAGRAM, BIT(VXLAN), 42, 0},
	{"vxlan, generic", "eth:0800 ip4:17 udp:4789 x:0c00000100002a00 " INNER4, WIRE_VXLAN_HEADER,
	 0, 0, 0},
	{"vxlan, no network", "eth:0800 ip4:17 udp:4789 x:0000000000000000 eth:0800 " INNER4,
	 WIRE_VXLAN_HEADER, 0, 0, 0},
	{"vxlan, too short", "eth:0800 ip4:17 udp:4789 x:08000000000000", WIRE_VXLAN_HEADER, 0, 0,
	 0},
	{"vxlan, nothing", "eth:0800 ip4:17 " VXLAN, WIRE_SHORT_FRAME, BIT(VXLAN), 42, 0},
	{"vxlan, arp", "eth:0800 ip4:17 " VXLAN " eth:0806 ff:28", WIRE_NOT_IP, BIT(VXLAN), 42, 0},

	{"geneve", "eth:0800 ip4:17 udp:6081 x:0000655800002b00 eth:0800 " INNER4, DATAGRAM,
	 BIT(GENEVE), 43, 0},
	{"geneve, options", "eth:0800 ip4:17 udp:6081 x:0240655800002b00 ff:8 eth:86dd " INNER6,
	 DATAGRAM, BIT(GENEVE), 43, 0},
	{"geneve, most options",
	 "eth:0800 ip4:17 udp:6081 x:3f00655800002b00 ff:252 eth:0800 " INNER4, DATAGRAM,
	 BIT(GENEVE), 43, 0},
	{"geneve, ipv4", "eth:0800 ip4:17 udp:6081 x:0000080000002b00 " INNER4, DATAGRAM,
	 BIT(GENEVE), 43, 0},
	{"geneve, ipv6", "eth:0800 ip4:17 udp:6081 x:000086dd00002b00 " INNER6, DATAGRAM,
	 BIT(GENEVE), 43, 0},
	{"geneve, mpls", "eth:0800 ip4:17 udp:6081 x:0000884700002b00 " LAST INNER4, DATAGRAM,
	 BIT(GENEVE) | BIT(MPLS), 43, 0},
	{"geneve, version", "eth:0800 ip4:17 udp:6081 x:4000655800002b00 eth:0800 " INNER4,
	 WIRE_GENEVE_HEADER, 0, 0, 0},
	{"geneve, protocol", "eth:0800 ip4:17 udp:6081 x:0000894f00002b00 ff:20",
	 WIRE_GENEVE_PROTOCOL, 0, 0, 0},
	{"geneve, options too long", "eth:0800 ip4:17 udp:6081 x:0300655800002b00 ff:11",
	 WIRE_GENEVE_HEADER, 0, 0, 0},
	{"geneve, too short", "eth:0800 ip4:17 udp:6081 x:00006558", WIRE_GENEVE_HEADER, 0, 0, 0},

	{"four deep", "eth:0800 " IP_IN_IP IP_IN_IP IP_IN_IP IP_IN_IP INNER4, DATAGRAM,
	 BIT(IP_IN_IP), 0, 0},
	{"five deep", "eth:0800 " IP_IN_IP IP_IN_IP IP_IN_IP IP_IN_IP IP_IN_IP INNER4,
	 WIRE_TOO_DEEP, BIT(IP_IN_IP), 0, 0},
	{"one in the other",
	 "eth:8847 " LAST "ip4:47 x:2000655800000007 eth:0800 ip4:17 " VXLAN
	 " eth:86dd ip6:4 " INNER4,
	 DATAGRAM, BIT(MPLS) | BIT(GRE) | BIT(VXLAN) | BIT(IP_IN_IP), 42, 0},
	{"vxlan five deep",
	 "eth:0800 ip4:17 " VXLAN " eth:0800 ip4:17 " VXLAN " eth:0800 ip4:17 " VXLAN
	 " eth:0800 ip4:17 " VXLAN " eth:0800 ip4:17 " VXLAN " eth:0800 " INNER4,
	 WIRE_TOO_DEEP, BIT(VXLAN), 42, 0},
	{"labels in labels",
	 "eth:8847 " LAST "eth:8847 " LAST "eth:8847 " LAST "eth:8847 " LAST "eth:8847 " LAST
	 "eth:0800 " INNER4,
	 WIRE_TOO_DEEP, BIT(MPLS), 0, 0},

	{"tcp in gre",
	 "eth:0800 ip4:47 x:00000800 ip4:6 "
	 "x:13c413ce00000001000000005010ffff00000000 hello",
	 SEGMENT, BIT(GRE), 0, 0},
	{"fragment in gre",
	 "eth:0800 ip4:47 x:2000080000000007 "
	 "x:4500002400632000401100000a0000010a000002 ff:16",
	 FRAGMENT, BIT(GRE), 7, 0},
	{"fragment of gre", "eth:0800 x:4500002400632000402f00000a0000010a000002 ff:16", FRAGMENT,
	 0, 0, 0},
	{"fragment of ipv6 in ipv6", "eth:86dd ip6:44 x:2900000100000063 ff:16", FRAGMENT, 0, 0, 0},
	{"fragment of sctp", "eth:0800 x:4500002400632000408400000a0000010a000002 ff:16",
	 WIRE_OTHER_PROTOCOL, 0, 0, 0},
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static struct tunnel_port ports;

static int set_ports(void **state)
{
	static struct settings settings;

	settings_default(&settings);
	tunnel_port_set(&ports, &settings.wire);
	return 0;
}

// As look_frame() does it, in a buffer of exactly that size.
static int walk_exact(const uint8_t *data, size_t len, struct frame *frame)
{
	uint8_t *exact = malloc(len ? len : 1);
	enum tunnel_kind kind;

	memcpy(exact, data, len);
	frame_walk(exact, len, frame);
	while (frame->verdict == FRAME_DATAGRAM &&
	       (kind = tunnel_port_kind(&ports, frame->target_port)) != TUNNEL_NONE)
		frame_walk_tunnel(exact, kind, frame);
	free(exact);
	switch (frame->verdict) {
	case FRAME_DATAGRAM: return DATAGRAM;
	case FRAME_FRAGMENT: return FRAGMENT;
	case FRAME_SEGMENT: return SEGMENT;
	case FRAME_LET_GO: return (int)frame->reason;
	default: fail_msg("no verdict"); return 0;
	}
}

static void test_shapes(void **state)
{
	for (size_t i = 0; i < SHAPES; i++) {
		struct packet packet;
		struct frame frame;
		layers_build(&packet, shapes[i].layers);
		int got = walk_exact(packet.data, packet.len, &frame);
		if (got != shapes[i].expect)
			fail_msg("%s: %d instead of %d", shapes[i].name, got, shapes[i].expect);
		if (frame.tunnels != shapes[i].tunnels)
			fail_msg("%s: tunnels %#x", shapes[i].name, frame.tunnels);
		assert_int_equal(frame.network, shapes[i].network);
		assert_int_equal(frame.tag_count, shapes[i].tags);
		for (unsigned int k = frame.tag_count; k < FRAME_TAGS; k++)
			assert_int_equal(frame.tag[k], 0);
		if (got != DATAGRAM)
			continue;
		assert_false(frame.cut);
		assert_int_equal(frame.source_port, 5060);
		assert_int_equal(frame.target_port, 5070);
		assert_int_equal(frame.payload_len, 5);
		assert_memory_equal(packet.data + frame.payload_off, "hello", 5);
	}
}

// IP whose addresses look like the type of an Ethernet frame.
static void test_addresses_like_types(void **state)
{
	static const char *const rows[] = {
		"eth:8847 " LAST "x:4500002100010000401100000800000108000002 udp:5070 hello",
		"eth:8847 " LAST "x:60000000000d1140 x:20010db8080000000000000000000001 "
		"x:20010db8080000000000000000000002 udp:5070 hello",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct packet packet;
		struct frame frame;
		layers_build(&packet, rows[i]);
		assert_int_equal(walk_exact(packet.data, packet.len, &frame), DATAGRAM);
		assert_int_equal(frame.payload_len, 5);
	}
}

// Cut anywhere, it is short, or cut, or what it was; never something else, never beyond its end.
static void test_every_length(void **state)
{
	for (size_t i = 0; i < SHAPES; i++) {
		struct packet packet;
		struct frame frame;
		layers_build(&packet, shapes[i].layers);
		for (size_t len = 0; len < packet.len; len++) {
			int got = walk_exact(packet.data, len, &frame);
			if (got == DATAGRAM) {
				assert_true(frame.cut);
				assert_true(frame.payload_len < 5);
				assert_true(frame.payload_off + frame.payload_len <= len);
			} else if (got != WIRE_SHORT_FRAME && got != WIRE_CUT_DATAGRAM &&
				   got != shapes[i].expect) {
				fail_msg("%s cut to %zu: %d", shapes[i].name, len, got);
			} else if (got == FRAGMENT) {
				fail_msg("%s cut to %zu is a whole fragment", shapes[i].name, len);
			}
		}
	}
}

// The innermost addresses count, all of them: an IPv4 one leaves nothing of an IPv6 one behind.
static void test_addresses(void **state)
{
	static const uint8_t zeros[12];
	struct packet packet;
	struct frame frame;

	layers_build(&packet, "eth:86dd ip6:4 " INNER4);
	packet.data[14 + 40 + 15] = 99;
	assert_int_equal(walk_exact(packet.data, packet.len, &frame), DATAGRAM);
	assert_int_equal(frame.version, 4);
	assert_int_equal(frame.next, 17);
	assert_memory_equal(frame.source, "\x0a\0\0\x63", 4);
	assert_memory_equal(frame.source + 4, zeros, 12);
	assert_memory_equal(frame.target + 4, zeros, 12);
}

static void test_ports(void **state)
{
	static struct settings settings;
	struct tunnel_port all;

	assert_int_equal(tunnel_port_kind(&ports, 4789), TUNNEL_VXLAN);
	assert_int_equal(tunnel_port_kind(&ports, 8472), TUNNEL_VXLAN);
	assert_int_equal(tunnel_port_kind(&ports, 6081), TUNNEL_GENEVE);
	assert_int_equal(tunnel_port_kind(&ports, 9060), TUNNEL_HEP);
	assert_int_equal(tunnel_port_kind(&ports, 5060), TUNNEL_NONE);
	assert_int_equal(tunnel_port_kind(&ports, 0), TUNNEL_NONE);
	for (unsigned int i = 0; i < SETTINGS_UDP_PORTS; i++) {
		settings.wire.vxlan_port[settings.wire.vxlan_port_count++] = 100 + i;
		settings.wire.geneve_port[settings.wire.geneve_port_count++] = 200 + i;
		settings.wire.hep_port[settings.wire.hep_port_count++] = 300 + i;
	}
	tunnel_port_set(&all, &settings.wire);
	assert_int_equal(all.count, TUNNEL_PORTS);
	assert_int_equal(tunnel_port_kind(&all, 107), TUNNEL_VXLAN);
	assert_int_equal(tunnel_port_kind(&all, 207), TUNNEL_GENEVE);
	assert_int_equal(tunnel_port_kind(&all, 307), TUNNEL_HEP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),       cmocka_unit_test(test_addresses_like_types),
		cmocka_unit_test(test_every_length), cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_ports),
	};

	return cmocka_run_group_tests(tests, set_ports, NULL);
}
