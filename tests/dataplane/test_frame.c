// SPDX-License-Identifier: Apache-2.0
// The frame walk: every shape, every reason, and every length from nothing to the whole frame in a
// buffer of exactly that size (AddressSanitizer sees one octet too far).
#include "dataplane/frame.h"

#include "layers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DATAGRAM = -1, FRAGMENT = -2, SEGMENT = -3 };

#define IP4(total, id, fragment, protocol) \
	"x:4500" total id fragment "40" protocol "00000a0000010a000002 "
#define IP6(version, payload, next)               \
	"x:" version "0000000" payload next "40 " \
	"x:20010db8000000000000000000000001 "     \
	"x:20010db8000000000000000000000002 "
#define TCP(offset)  "x:13c413ce1122334455667788" offset "18200000000000 "
#define HELLO        "udp:5070 hello"
#define UDP4         "ip4:17 " HELLO
#define UDP6         "ip6:17 " HELLO
#define DESTINATION  "x:3c00000000000000 "
#define SOME_OPTIONS "x:01010101010101010101 "

static const struct shape {
	const char *name, *layers;
	int expect; // DATAGRAM, SEGMENT, FRAGMENT or a reason
	unsigned int tags;
} shapes[] = {
	{"plain", "eth:0800 " UDP4, DATAGRAM, 0},
	{"padded", "eth:0800 " IP4("0021", "0001", "0000", "11") "x:13c413ce000d0000 hello ff:13",
	 DATAGRAM, 0},
	{"empty", "eth:0800 ip4:17 udp:5070", DATAGRAM, 0},
	{"one tag", "eth:8100 x:00070800 " UDP4, DATAGRAM, 1},
	{"qinq", "eth:88a8 x:00648100 x:00c80800 " UDP4, DATAGRAM, 2},
	{"old qinq", "eth:9100 x:00648100 x:00c886dd " UDP6, DATAGRAM, 2},
	{"four tags", "eth:88a8 x:000188a8 x:00028100 x:00038100 x:00040800 " UDP4, DATAGRAM, 4},
	{"five tags", "eth:8100 x:00018100 x:00028100 x:00038100 x:00048100 x:00050800 " UDP4,
	 WIRE_TOO_MANY_TAGS, 4},
	{"arp", "eth:0806 ff:28", WIRE_NOT_IP, 0},
	{"length field", "eth:0026 ff:38", WIRE_NOT_IP, 0}, // IEEE 802.3
	{"ipv4 options",                                    // do not fragment
	 "eth:0800 x:4f00004900014000401100000a0000010a000002 " SOME_OPTIONS SOME_OPTIONS
		 SOME_OPTIONS SOME_OPTIONS HELLO,
	 DATAGRAM, 0},
	{"ipv4 version", "eth:0800 x:5500002100010000401100000a0000010a000002 " HELLO,
	 WIRE_IPV4_HEADER, 0},
	{"ipv4 short header", "eth:0800 x:4400002100010000401100000a0000010a000002 " HELLO,
	 WIRE_IPV4_HEADER, 0},
	{"ipv4 short total", "eth:0800 " IP4("0013", "0001", "0000", "11") HELLO, WIRE_IPV4_HEADER,
	 0},
	{"tcp", "eth:0800 ip4:6 " TCP("50") "hello", SEGMENT, 0},
	{"tcp options", "eth:86dd ip6:6 " TCP("80") "x:010101010101010101010101 hello", SEGMENT, 0},
	{"tcp without header", "eth:0800 ip4:6 ff:19", WIRE_TCP_HEADER, 0},
	{"tcp header too short", "eth:0800 ip4:6 " TCP("40") "hello", WIRE_TCP_HEADER, 0},
	// 28, and 25 are there
	{"tcp header too long", "eth:0800 ip4:6 " TCP("70") "hello", WIRE_TCP_HEADER, 0},
	{"tcp fragment", "eth:0800 " IP4("0024", "0001", "2000", "06") "ff:16", FRAGMENT, 0},
	{"ipv6", "eth:86dd " UDP6, DATAGRAM, 0},
	{"ipv6 version", "eth:86dd " IP6("4", "000d", "11") HELLO, WIRE_IPV6_HEADER, 0},
	{"ipv6 six extensions",
	 "eth:86dd ip6:0 " DESTINATION "x:2b00000000000000 x:8700000000000000 x:8b00000000000000 "
	 "x:8c00000000000000 x:1100000000000000 " HELLO,
	 DATAGRAM, 0},
	{"ipv6 seven extensions",
	 "eth:86dd ip6:0 " DESTINATION DESTINATION DESTINATION DESTINATION DESTINATION DESTINATION
	 "x:1100000000000000 " HELLO,
	 WIRE_IPV6_EXTENSIONS, 0},
	// (4 + 2) * 4 octets
	{"ipv6 authenticated",
	 "eth:86dd ip6:51 x:110400000000000000000000000000000000000000000000 " HELLO, DATAGRAM, 0},
	{"ipv6 atomic fragment", "eth:86dd ip6:44 x:1100000000000009 " HELLO, DATAGRAM, 0},
	// 32 octets where 21 are
	{"ipv6 extension too long", "eth:86dd ip6:0 x:1103000000000000 " HELLO, WIRE_IPV6_HEADER,
	 0},
	{"ipv6 extension missing", "eth:86dd ip6:0 x:00000000", WIRE_IPV6_HEADER, 0},
	{"ipv6 no next", "eth:86dd ip6:59", WIRE_IPV6_NO_NEXT, 0},
	{"ipv6 esp", "eth:86dd ip6:50 ff:16", WIRE_IPV6_NO_NEXT, 0},
	{"icmp6", "eth:86dd ip6:58 ff:8", WIRE_OTHER_PROTOCOL, 0},
	{"udp none", "eth:0800 ip4:17 ff:7", WIRE_UDP_LENGTH, 0},
	{"udp too short", "eth:0800 ip4:17 x:13c413ce00070000 hello", WIRE_UDP_LENGTH, 0},
	{"udp too long", "eth:0800 ip4:17 x:13c413ce000e0000 hello", WIRE_UDP_LENGTH, 0},
	{"first fragment",
	 "eth:0800 x:46000028004d2000401100000a0000010a00000201010101 x:13c413ce006c0000 ff:8",
	 FRAGMENT, 0},
	{"last fragment", "eth:0800 " IP4("0019", "004d", "0002", "11") "hello", FRAGMENT, 0},
	{"ipv6 fragment",
	 "eth:86dd ip6:0 x:2c00000000000000 x:11000001deadbeef x:13c413ce006c0000 ff:8", FRAGMENT,
	 0},
	{"ipv6 tcp fragment", "eth:86dd ip6:44 x:0600000100000001 ff:16", FRAGMENT, 0},
	{"fragment odd", "eth:0800 " IP4("0023", "004d", "2000", "11") "ff:15",
	 WIRE_FRAGMENT_INVALID, 0},
	{"fragment empty", "eth:0800 " IP4("0014", "004d", "2000", "11"), WIRE_FRAGMENT_INVALID, 0},
	// 65528 + 16
	{"fragment beyond 65535", "eth:0800 " IP4("0024", "004d", "1fff", "11") "ff:16",
	 WIRE_FRAGMENT_INVALID, 0},
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static void build(struct packet *packet, const char *name)
{
	for (size_t i = 0; i < SHAPES; i++) {
		if (strcmp(shapes[i].name, name) == 0) {
			layers_build(packet, shapes[i].layers);
			return;
		}
	}
	fail_msg("no shape %s", name);
}

static int walk_exact(const uint8_t *data, size_t len, struct frame *frame)
{
	uint8_t *exact = malloc(len ? len : 1);

	memcpy(exact, data, len);
	enum frame_verdict verdict = frame_walk(len ? exact : NULL, len, frame);
	free(exact);
	assert_int_equal(verdict, frame->verdict);
	switch (verdict) {
	case FRAME_DATAGRAM: return DATAGRAM;
	case FRAME_SEGMENT: return SEGMENT;
	case FRAME_FRAGMENT: return FRAGMENT;
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
		assert_int_equal(frame.tag_count, shapes[i].tags);
		if (got != DATAGRAM && got != SEGMENT)
			continue;
		if (got == SEGMENT) {
			assert_int_equal(frame.sequence, 0x11223344);
			assert_int_equal(frame.acknowledged, 0x55667788);
			assert_int_equal(frame.tcp_flags, 0x18);
		}
		assert_false(frame.cut);
		assert_int_equal(frame.source_port, 5060);
		assert_int_equal(frame.target_port, 5070);
		if (strcmp(shapes[i].name, "empty") == 0) {
			assert_int_equal(frame.payload_len, 0);
			continue;
		}
		assert_int_equal(frame.payload_len, 5);
		assert_memory_equal(packet.data + frame.payload_off, "hello", 5);
	}
}

// A device that cuts TCP into segments fills lengths in, which a capture on the sender doesn't see.
static void test_unsegmented(void **state)
{
	static const struct {
		const char *name;
		size_t length; // where in the frame
		int expect;
	} rows[] = {
		{"tcp", 14 + 2, SEGMENT},
		{"tcp options", 14 + 4, SEGMENT},
		{"plain", 14 + 2, DATAGRAM},
		{"ipv6 six extensions", 14 + 4, DATAGRAM},
		{"ipv6 no next", 14 + 4, WIRE_IPV6_NO_NEXT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct packet packet;
		struct frame frame;
		build(&packet, rows[i].name);
		memset(packet.data + rows[i].length, 0, 2);
		assert_int_equal(walk_exact(packet.data, packet.len, &frame), rows[i].expect);
		if (rows[i].expect == WIRE_IPV6_NO_NEXT)
			continue;
		assert_int_equal(frame.payload_len, 5);
		assert_memory_equal(packet.data + frame.payload_off, "hello", 5);
		for (size_t len = 0; len < packet.len; len++)
			walk_exact(packet.data, len, &frame);
	}
}

// Cut anywhere, a frame is short, or a cut datagram, or a cut fragment; never something else.
static void test_every_length(void **state)
{
	for (size_t i = 0; i < SHAPES; i++) {
		struct packet packet;
		struct frame whole, frame;
		layers_build(&packet, shapes[i].layers);
		walk_exact(packet.data, packet.len, &whole);
		for (size_t len = 0; len < packet.len; len++) {
			int got = walk_exact(packet.data, len, &frame);
			if (got == DATAGRAM || got == SEGMENT) {
				size_t there = len - frame.payload_off;
				assert_true(frame.payload_off <= len);
				assert_true(frame.payload_len <= there);
				assert_int_equal(frame.cut, there < whole.payload_len);
			} else if (got == FRAGMENT) {
				fail_msg("%s cut to %zu is a whole fragment", shapes[i].name, len);
			} else if (got != WIRE_SHORT_FRAME && got != WIRE_CUT_DATAGRAM) {
				assert_int_equal(got, shapes[i].expect);
			}
		}
	}
}

static void test_addresses(void **state)
{
	struct packet packet = {0};
	struct frame frame;

	build(&packet, "one tag");
	walk_exact(packet.data, packet.len, &frame);
	assert_int_equal(frame.version, 4);
	assert_int_equal(frame.tag[0], 7);
	assert_memory_equal(frame.source, "\x0a\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(frame.target, "\x0a\0\0\x02", 4);

	build(&packet, "ipv6");
	walk_exact(packet.data, packet.len, &frame);
	assert_int_equal(frame.version, 6);
	assert_memory_equal(frame.source, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	assert_memory_equal(frame.target, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
}

static void test_fragments(void **state)
{
	struct packet packet = {0};
	struct frame frame;

	build(&packet, "first fragment");
	assert_int_equal(walk_exact(packet.data, packet.len, &frame), FRAGMENT);
	assert_int_equal(frame.fragment_off, 0);
	assert_true(frame.more_fragments);
	assert_int_equal(frame.fragment_id, 77);
	assert_int_equal(frame.payload_off, 14 + 24);
	assert_int_equal(frame.payload_len, 16);

	build(&packet, "last fragment");
	packet_zeros(&packet, 21); // Ethernet's padding is no part of it
	assert_int_equal(walk_exact(packet.data, packet.len, &frame), FRAGMENT);
	assert_int_equal(frame.fragment_off, 16);
	assert_false(frame.more_fragments);
	assert_int_equal(frame.payload_len, 5);

	build(&packet, "ipv6 fragment");
	assert_int_equal(walk_exact(packet.data, packet.len, &frame), FRAGMENT);
	assert_int_equal(frame.fragment_id, 0xdeadbeef);
	assert_int_equal(frame.next, 17);
	assert_int_equal(frame.payload_len, 16);
}

// Where a capture has no Ethernet header.
static void test_other_layers(void **state)
{
	struct packet packet = {0};
	struct frame frame;

	layers_build(&packet, UDP4);
	assert_int_equal(frame_walk_from(packet.data, packet.len, 0, 0x0800, &frame),
			 FRAME_DATAGRAM);
	assert_int_equal(frame.payload_len, 5);
	assert_int_equal(frame_walk_from(packet.data, packet.len, packet.len + 1, 0x0800, &frame),
			 FRAME_LET_GO);
	assert_int_equal(frame.reason, WIRE_SHORT_FRAME);
}

// RFC 768's sum as a kernel leaves it for a device to finish, and other values.
static void test_unfinished_checksum(void **state)
{
	struct packet packet = {0};
	struct frame frame;

	build(&packet, "plain"); // 10.0.0.1 + 10.0.0.2, 17, 13 octets of UDP
	const uint16_t sums[] = {0x0a00 + 1 + 0x0a00 + 2 + 17 + 13, 0, 1, 0xffff};
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		packet.data[14 + 20 + 6] = (uint8_t)(sums[i] >> 8);
		packet.data[14 + 20 + 7] = (uint8_t)sums[i];
		walk_exact(packet.data, packet.len, &frame);
		assert_int_equal(frame_checksum_unfinished(packet.data, &frame), i == 0);
	}
	build(&packet, "ipv6"); // twice 2001:db8::, 1 + 2, 17, 13
	const uint16_t sum = 2 * (0x2001 + 0x0db8) + 1 + 2 + 17 + 13;
	packet.data[14 + 40 + 6] = (uint8_t)(sum >> 8);
	packet.data[14 + 40 + 7] = (uint8_t)sum;
	walk_exact(packet.data, packet.len, &frame);
	assert_true(frame_checksum_unfinished(packet.data, &frame));
}

// What fragments carried: extension headers may come first, another fragment header may not.
static void test_reassembled(void **state)
{
	struct packet packet = {0};
	struct frame frame = {.version = 6, .next = 60, .more_fragments = true};

	layers_build(&packet, "x:11010000000000000000000000000000 " HELLO);
	assert_int_equal(frame_walk_reassembled(packet.data, packet.len, &frame), FRAME_DATAGRAM);
	assert_memory_equal(packet.data + frame.payload_off, "hello", 5);

	frame = (struct frame){.version = 6, .next = 44};
	layers_build(&packet, "x:1100000100000001 ff:16");
	assert_int_equal(frame_walk_reassembled(packet.data, packet.len, &frame), FRAME_LET_GO);
	assert_int_equal(frame.reason, WIRE_FRAGMENT_INVALID);

	frame = (struct frame){.version = 6, .next = 60};
	layers_build(&packet, "x:2c00000000000000 x:1100000100000001 ff:16");
	assert_int_equal(frame_walk_reassembled(packet.data, packet.len, &frame), FRAME_LET_GO);
	assert_int_equal(frame.reason, WIRE_FRAGMENT_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),       cmocka_unit_test(test_unsegmented),
		cmocka_unit_test(test_every_length), cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_fragments),    cmocka_unit_test(test_other_layers),
		cmocka_unit_test(test_reassembled),  cmocka_unit_test(test_unfinished_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
