// SPDX-License-Identifier: Apache-2.0
// The frame walk: every shape, every reason, and every length from nothing to the whole frame in a
// buffer of exactly that size (AddressSanitizer sees one octet too far).
#include "dataplane/frame.h"

#include "packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DATAGRAM = -1, FRAGMENT = -2, SEGMENT = -3 };

struct shape {
	const char *name;
	void (*build)(struct packet *packet);
	int expect; // DATAGRAM, SEGMENT, FRAGMENT or a reason
	unsigned int tags;
};

static void plain(struct packet *p)
{
	packet_datagram(p, "hello");
}

static void padded(struct packet *p)
{
	packet_datagram(p, "hello");
	packet_zeros(p, 13);
}

static void empty(struct packet *p)
{
	packet_datagram(p, "");
}

static void udp_after(struct packet *p)
{
	packet_udp(p, 5);
	packet_text(p, "hello");
}

static void ipv4_udp(struct packet *p)
{
	packet_ipv4(p, 0, 13, 1, 0, 17);
	udp_after(p);
}

static void one_tag(struct packet *p)
{
	packet_ethernet(p, 0x8100);
	packet_tag(p, 7, 0x0800);
	ipv4_udp(p);
}

static void qinq(struct packet *p)
{
	packet_ethernet(p, 0x88a8);
	packet_tag(p, 100, 0x8100);
	packet_tag(p, 200, 0x0800);
	ipv4_udp(p);
}

static void old_qinq(struct packet *p)
{
	packet_ethernet(p, 0x9100);
	packet_tag(p, 100, 0x8100);
	packet_tag(p, 200, 0x86dd);
	packet_ipv6(p, 13, 17);
	udp_after(p);
}

static void four_tags(struct packet *p)
{
	packet_ethernet(p, 0x88a8);
	packet_tag(p, 1, 0x88a8);
	packet_tag(p, 2, 0x8100);
	packet_tag(p, 3, 0x8100);
	packet_tag(p, 4, 0x0800);
	ipv4_udp(p);
}

static void five_tags(struct packet *p)
{
	packet_ethernet(p, 0x8100);
	for (unsigned int i = 1; i < 5; i++)
		packet_tag(p, i, 0x8100);
	packet_tag(p, 5, 0x0800);
	ipv4_udp(p);
}

static void arp(struct packet *p)
{
	packet_ethernet(p, 0x0806);
	packet_zeros(p, 28);
}

static void length_field(struct packet *p)
{
	packet_ethernet(p, 38); // IEEE 802.3
	packet_zeros(p, 38);
}

static void ipv4_options(struct packet *p)
{
	packet_ethernet(p, 0x0800);
	packet_ipv4(p, 40, 13, 1, 0x4000, 17); // do not fragment
	udp_after(p);
}

static void ipv4_version(struct packet *p)
{
	plain(p);
	p->data[14] = 0x55;
}

static void ipv4_short_header(struct packet *p)
{
	plain(p);
	p->data[14] = 0x44;
}

static void ipv4_short_total(struct packet *p)
{
	plain(p);
	p->data[17] = 19;
}

static void tcp(struct packet *p)
{
	packet_ethernet(p, 0x0800);
	packet_ipv4(p, 0, 25, 1, 0, 6);
	packet_tcp(p, 0x11223344, 0x55667788, 0x18, 0);
	packet_text(p, "hello");
}

static void tcp_options(struct packet *p)
{
	packet_ethernet(p, 0x86dd);
	packet_ipv6(p, 37, 6);
	packet_tcp(p, 0x11223344, 0x55667788, 0x18, 12);
	packet_text(p, "hello");
}

static void tcp_no_header(struct packet *p)
{
	packet_ethernet(p, 0x0800);
	packet_ipv4(p, 0, 19, 1, 0, 6);
	packet_zeros(p, 19);
}

static void tcp_short_header(struct packet *p)
{
	tcp(p);
	p->data[14 + 20 + 12] = 0x40;
}

static void tcp_long_header(struct packet *p)
{
	tcp(p);
	p->data[14 + 20 + 12] = 0x70; // 28, and 25 are there
}

static void tcp_fragment(struct packet *p)
{
	packet_ethernet(p, 0x0800);
	packet_ipv4(p, 0, 16, 1, 0x2000, 6);
	packet_zeros(p, 16);
}

static void ipv6_udp(struct packet *p)
{
	packet_ethernet(p, 0x86dd);
	packet_ipv6(p, 13, 17);
	udp_after(p);
}

static void ipv6_version(struct packet *p)
{
	ipv6_udp(p);
	p->data[14] = 0x40;
}

static void ipv6_six(struct packet *p)
{
	packet_ethernet(p, 0x86dd);
	packet_ipv6(p, 6 * 8 + 13, 0);
	packet_extension(p, 60, 8);
	packet_extension(p, 43, 8);
	packet_extension(p, 135, 8);
	packet_extension(p, 139, 8);
	packet_extension(p, 140, 8);
	packet_extension(p, 17, 8);
	udp_after(p);
}

static void ipv6_seven(struct packet *p)
{
	packet_ethernet(p, 0x86dd);
	packet_ipv6(p, 7 * 8 + 13, 0);
	for (unsigned int i = 0; i < 6; i++)
		packet_extension(p, 60, 8);
	packet_extension(p, 17, 8);
	udp_after(p);
}

static void ipv6_authenticated(struct packet *p)
{
	packet_ethernet(p, 0x86dd);
	packet_ipv6(p, 24 + 13, 51);
	packet_u8(p, 17);
	packet_u8(p, 4); // (4 + 2) * 4 octets
	packet_zeros(p, 22);
	udp_after(p);
}

static void ipv6_atomic(struct packet *p)
{
	packet_ethernet(p, 0x86dd);
	packet_ipv6(p, 8 + 13, 44);
	packet_fragment_header(p, 17, 0, false, 9);
	udp_after(p);
}

static void ipv6_extension_too_long(struct packet *p)
{
	packet_ethernet(p, 0x86dd);
	packet_ipv6(p, 8 + 13, 0);
	packet_u8(p, 17);
	packet_u8(p, 3); // 32 octets where 21 are
	packet_zeros(p, 6);
	udp_after(p);
}

static void ipv6_extension_missing(struct packet *p)
{
	packet_ethernet(p, 0x86dd);
	packet_ipv6(p, 4, 0);
	packet_zeros(p, 4);
}

static void ipv6_no_next(struct packet *p)
{
	packet_ethernet(p, 0x86dd);
	packet_ipv6(p, 0, 59);
}

static void ipv6_esp(struct packet *p)
{
	packet_ethernet(p, 0x86dd);
	packet_ipv6(p, 16, 50);
	packet_zeros(p, 16);
}

static void icmp6(struct packet *p)
{
	packet_ethernet(p, 0x86dd);
	packet_ipv6(p, 8, 58);
	packet_zeros(p, 8);
}

static void udp_none(struct packet *p)
{
	packet_ethernet(p, 0x0800);
	packet_ipv4(p, 0, 7, 1, 0, 17);
	packet_zeros(p, 7);
}

static void udp_too_short(struct packet *p)
{
	plain(p);
	p->data[14 + 20 + 5] = 7;
}

static void udp_too_long(struct packet *p)
{
	plain(p);
	p->data[14 + 20 + 5] = 14;
}

static void first_fragment(struct packet *p)
{
	packet_ethernet(p, 0x0800);
	packet_ipv4(p, 4, 16, 77, 0x2000, 17);
	packet_udp(p, 100);
	packet_zeros(p, 8);
}

static void last_fragment(struct packet *p)
{
	packet_ethernet(p, 0x0800);
	packet_ipv4(p, 0, 5, 77, 2, 17);
	packet_text(p, "hello");
}

static void ipv6_fragment(struct packet *p)
{
	packet_ethernet(p, 0x86dd);
	packet_ipv6(p, 8 + 8 + 16, 0);
	packet_extension(p, 44, 8);
	packet_fragment_header(p, 17, 0, true, 0xdeadbeef);
	packet_udp(p, 100);
	packet_zeros(p, 8);
}

static void ipv6_tcp_fragment(struct packet *p)
{
	packet_ethernet(p, 0x86dd);
	packet_ipv6(p, 8 + 16, 44);
	packet_fragment_header(p, 6, 0, true, 1);
	packet_zeros(p, 16);
}

static void fragment_odd(struct packet *p)
{
	packet_ethernet(p, 0x0800);
	packet_ipv4(p, 0, 15, 77, 0x2000, 17);
	packet_zeros(p, 15);
}

static void fragment_empty(struct packet *p)
{
	packet_ethernet(p, 0x0800);
	packet_ipv4(p, 0, 0, 77, 0x2000, 17);
}

static void fragment_beyond(struct packet *p)
{
	packet_ethernet(p, 0x0800);
	packet_ipv4(p, 0, 16, 77, 0x1fff, 17); // 65528 + 16
	packet_zeros(p, 16);
}

static const struct shape shapes[] = {
	{"plain", plain, DATAGRAM, 0},
	{"padded", padded, DATAGRAM, 0},
	{"empty", empty, DATAGRAM, 0},
	{"one tag", one_tag, DATAGRAM, 1},
	{"qinq", qinq, DATAGRAM, 2},
	{"old qinq", old_qinq, DATAGRAM, 2},
	{"four tags", four_tags, DATAGRAM, 4},
	{"five tags", five_tags, WIRE_TOO_MANY_TAGS, 4},
	{"arp", arp, WIRE_NOT_IP, 0},
	{"length field", length_field, WIRE_NOT_IP, 0},
	{"ipv4 options", ipv4_options, DATAGRAM, 0},
	{"ipv4 version", ipv4_version, WIRE_IPV4_HEADER, 0},
	{"ipv4 short header", ipv4_short_header, WIRE_IPV4_HEADER, 0},
	{"ipv4 short total", ipv4_short_total, WIRE_IPV4_HEADER, 0},
	{"tcp", tcp, SEGMENT, 0},
	{"tcp options", tcp_options, SEGMENT, 0},
	{"tcp without header", tcp_no_header, WIRE_TCP_HEADER, 0},
	{"tcp header too short", tcp_short_header, WIRE_TCP_HEADER, 0},
	{"tcp header too long", tcp_long_header, WIRE_TCP_HEADER, 0},
	{"tcp fragment", tcp_fragment, FRAGMENT, 0},
	{"ipv6", ipv6_udp, DATAGRAM, 0},
	{"ipv6 version", ipv6_version, WIRE_IPV6_HEADER, 0},
	{"ipv6 six extensions", ipv6_six, DATAGRAM, 0},
	{"ipv6 seven extensions", ipv6_seven, WIRE_IPV6_EXTENSIONS, 0},
	{"ipv6 authenticated", ipv6_authenticated, DATAGRAM, 0},
	{"ipv6 atomic fragment", ipv6_atomic, DATAGRAM, 0},
	{"ipv6 extension too long", ipv6_extension_too_long, WIRE_IPV6_HEADER, 0},
	{"ipv6 extension missing", ipv6_extension_missing, WIRE_IPV6_HEADER, 0},
	{"ipv6 no next", ipv6_no_next, WIRE_IPV6_NO_NEXT, 0},
	{"ipv6 esp", ipv6_esp, WIRE_IPV6_NO_NEXT, 0},
	{"icmp6", icmp6, WIRE_OTHER_PROTOCOL, 0},
	{"udp none", udp_none, WIRE_UDP_LENGTH, 0},
	{"udp too short", udp_too_short, WIRE_UDP_LENGTH, 0},
	{"udp too long", udp_too_long, WIRE_UDP_LENGTH, 0},
	{"first fragment", first_fragment, FRAGMENT, 0},
	{"last fragment", last_fragment, FRAGMENT, 0},
	{"ipv6 fragment", ipv6_fragment, FRAGMENT, 0},
	{"ipv6 tcp fragment", ipv6_tcp_fragment, FRAGMENT, 0},
	{"fragment odd", fragment_odd, WIRE_FRAGMENT_INVALID, 0},
	{"fragment empty", fragment_empty, WIRE_FRAGMENT_INVALID, 0},
	{"fragment beyond 65535", fragment_beyond, WIRE_FRAGMENT_INVALID, 0},
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

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
		struct packet packet = {0};
		struct frame frame;
		shapes[i].build(&packet);
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
		if (shapes[i].build == empty) {
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
	struct {
		void (*build)(struct packet *packet);
		size_t length; // where in the frame
		int expect;
	} rows[] = {
		{tcp, 14 + 2, SEGMENT},
		{tcp_options, 14 + 4, SEGMENT},
		{plain, 14 + 2, DATAGRAM},
		{ipv6_six, 14 + 4, DATAGRAM},
		{ipv6_no_next, 14 + 4, WIRE_IPV6_NO_NEXT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct packet packet = {0};
		struct frame frame;
		rows[i].build(&packet);
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
		struct packet packet = {0};
		struct frame whole, frame;
		shapes[i].build(&packet);
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

	one_tag(&packet);
	walk_exact(packet.data, packet.len, &frame);
	assert_int_equal(frame.version, 4);
	assert_int_equal(frame.tag[0], 7);
	assert_memory_equal(frame.source, "\x0a\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(frame.target, "\x0a\0\0\x02", 4);

	packet.len = 0;
	ipv6_udp(&packet);
	walk_exact(packet.data, packet.len, &frame);
	assert_int_equal(frame.version, 6);
	assert_memory_equal(frame.source, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	assert_memory_equal(frame.target, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
}

static void test_fragments(void **state)
{
	struct packet packet = {0};
	struct frame frame;

	first_fragment(&packet);
	assert_int_equal(walk_exact(packet.data, packet.len, &frame), FRAGMENT);
	assert_int_equal(frame.fragment_off, 0);
	assert_true(frame.more_fragments);
	assert_int_equal(frame.fragment_id, 77);
	assert_int_equal(frame.payload_off, 14 + 24);
	assert_int_equal(frame.payload_len, 16);

	packet.len = 0;
	last_fragment(&packet);
	packet_zeros(&packet, 21); // Ethernet's padding is no part of it
	assert_int_equal(walk_exact(packet.data, packet.len, &frame), FRAGMENT);
	assert_int_equal(frame.fragment_off, 16);
	assert_false(frame.more_fragments);
	assert_int_equal(frame.payload_len, 5);

	packet.len = 0;
	ipv6_fragment(&packet);
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

	ipv4_udp(&packet);
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

	plain(&packet); // 10.0.0.1 + 10.0.0.2, 17, 13 octets of UDP
	const uint16_t sums[] = {0x0a00 + 1 + 0x0a00 + 2 + 17 + 13, 0, 1, 0xffff};
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		packet.data[14 + 20 + 6] = (uint8_t)(sums[i] >> 8);
		packet.data[14 + 20 + 7] = (uint8_t)sums[i];
		walk_exact(packet.data, packet.len, &frame);
		assert_int_equal(frame_checksum_unfinished(packet.data, &frame), i == 0);
	}
	packet.len = 0;
	ipv6_udp(&packet); // twice 2001:db8::, 1 + 2, 17, 13
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

	packet_extension(&packet, 17, 16);
	udp_after(&packet);
	assert_int_equal(frame_walk_reassembled(packet.data, packet.len, &frame), FRAME_DATAGRAM);
	assert_memory_equal(packet.data + frame.payload_off, "hello", 5);

	frame = (struct frame){.version = 6, .next = 44};
	packet.len = 0;
	packet_fragment_header(&packet, 17, 0, true, 1);
	packet_zeros(&packet, 16);
	assert_int_equal(frame_walk_reassembled(packet.data, packet.len, &frame), FRAME_LET_GO);
	assert_int_equal(frame.reason, WIRE_FRAGMENT_INVALID);

	frame = (struct frame){.version = 6, .next = 60};
	packet.len = 0;
	packet_extension(&packet, 44, 8);
	packet_fragment_header(&packet, 17, 0, true, 1);
	packet_zeros(&packet, 16);
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
