// SPDX-License-Identifier: Apache-2.0
// Tunnels, fragments and HEP together, through look_frame(): the outer packet in fragments, the
// inner one, both; what is counted; whose addresses an event has.
#include "dataplane/look.h"

#include "config/settings.h"
#include "dataplane/defrag.h"
#include "dataplane/eal.h"
#include "dataplane/frame.h"
#include "layers.h"
#include "link/call_event.h"
#include "link/counters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct siphash_key key = {{1, 2}};
static struct wire_counters counters;
static struct look look;
static struct defrag *defrag;
static struct call_event event; // the last
static unsigned int events;

static void on_event(void *ctx, const struct call_event *told)
{
	event = *told;
	events++;
}

static int prepare(void **state)
{
	static struct settings settings;
	char error[256] = "";

	settings_default(&settings);
	defrag = defrag_new(64, 2000, &key, &counters, error, sizeof(error));
	assert_non_null(defrag);
	look = (struct look){.key = key, .counters = &counters, .defrag = defrag, .tell = on_event};
	look_follow(&look, false, false, false);
	tunnel_port_set(&look.ports, &settings.wire);
	memset(&counters, 0, sizeof(counters));
	events = 0;
	return 0;
}

static int clean_up(void **state)
{
	defrag_free(defrag);
	return 0;
}

static void feed(const struct packet *packet)
{
	uint8_t *exact = malloc(packet->len);
	struct frame frame;

	memcpy(exact, packet->data, packet->len);
	frame_walk(exact, packet->len, &frame);
	look_frame(&look, &frame, exact, 7);
	free(exact);
}

static uint64_t count(enum wire_counter counter)
{
	return counters.value[counter];
}

// So long that it needs fragments.
static void put_bye(struct packet *packet)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "BYE sip:b@x SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
		 "From: <sip:a@x>;tag=a\r\nTo: <sip:b@x>;tag=b\r\nCall-ID: c\r\n"
		 "Subject: %01500d\r\nCSeq: 1 BYE\r\n\r\n",
		 0);
	packet->len = 0;
	packet_text(packet, text);
}

static void wrap(struct packet *packet, const char *layer)
{
	struct packet header = {0};

	layer_header(&header, layer, (unsigned int)packet->len);
	memmove(packet->data + header.len, packet->data, packet->len);
	memcpy(packet->data, header.data, header.len);
	packet->len += header.len;
}

// The IPv4 packet that *whole is, in two frames below `layers` (outermost last), or more.
static void feed_pieces(const struct packet *whole, unsigned int piece, unsigned int id,
			unsigned int proto, void (*outside)(struct packet *packet))
{
	for (unsigned int off = 0; off < whole->len; off += piece) {
		unsigned int left = (unsigned int)whole->len - off;
		unsigned int len = left < piece ? left : piece;
		struct packet packet = {0};
		packet_ipv4(&packet, 0, len, id, off / 8 | (left > piece ? 0x2000 : 0), proto);
		packet_raw(&packet, whole->data + off, len);
		outside(&packet);
	}
}

static void in_ethernet(struct packet *packet)
{
	wrap(packet, "eth:0800");
	feed(packet);
}

static void in_vxlan(struct packet *packet)
{
	wrap(packet, "eth:0800");
	wrap(packet, "x:0800000000002a00");
	wrap(packet, "udp:4789");
	wrap(packet, "ip4:17");
	in_ethernet(packet);
}

// The VXLAN datagram is in fragments too.
static void in_fragmented_vxlan(struct packet *packet)
{
	static unsigned int id = 500;

	wrap(packet, "eth:0800");
	wrap(packet, "x:0800000000002a00");
	wrap(packet, "udp:4789");
	feed_pieces(packet, 400, id++, 17, in_ethernet);
}

static void in_fragmented_gre(struct packet *packet)
{
	static unsigned int id = 900;

	wrap(packet, "x:2000080000000007");
	feed_pieces(packet, 400, id++, 47, in_ethernet);
}

static void test_outer_fragments(void **state)
{
	struct packet packet;

	put_bye(&packet);
	wrap(&packet, "udp:5070");
	wrap(&packet, "ip4:17");
	in_fragmented_gre(&packet);
	assert_int_equal(events, 1);
	assert_int_equal(event.target_port, 5070);
	assert_int_equal(count(WIRE_REASSEMBLED), 1);
	assert_int_equal(count(WIRE_GRE), 1);
	assert_int_equal(count(WIRE_OTHER_PROTOCOL), 0);
}

static void test_inner_fragments(void **state)
{
	struct packet packet;

	put_bye(&packet);
	wrap(&packet, "udp:5070");
	feed_pieces(&packet, 1000, 1, 17, in_vxlan);
	assert_int_equal(events, 1);
	assert_int_equal(count(WIRE_REASSEMBLED), 1);
	assert_int_equal(count(WIRE_FRAGMENTS), 2);
	assert_int_equal(count(WIRE_VXLAN), 2);
}

// Outer ones first, then those that were in them: four of 400 octets, two of 1000.
static void test_fragments_in_fragments(void **state)
{
	struct packet packet;

	put_bye(&packet);
	wrap(&packet, "udp:5070");
	feed_pieces(&packet, 1000, 1, 17, in_fragmented_vxlan);
	assert_int_equal(events, 1);
	assert_int_equal(event.source_port, 5060);
	assert_int_equal(count(WIRE_REASSEMBLED), 3);
	assert_int_equal(count(WIRE_SIP_PARSED), 1);
	// Again, as a second mirror sends it: the same pieces are known.
	feed_pieces(&packet, 1000, 1, 17, in_vxlan);
	assert_int_equal(events, 1);
	assert_int_equal(count(WIRE_FRAGMENT_DUPLICATE), 2);
}

// The same identifiers and addresses in two networks are two packets.
static void test_networks_apart(void **state)
{
	struct packet packet, first = {0}, second = {0};

	put_bye(&packet);
	wrap(&packet, "udp:5070");
	packet_ipv4(&first, 0, 1000, 1, 0x2000, 17);
	packet_raw(&first, packet.data, 1000);
	unsigned int rest = (unsigned int)packet.len - 1000;
	packet_ipv4(&second, 0, rest, 1, 125, 17);
	packet_raw(&second, packet.data + 1000, rest);
	wrap(&first, "x:2000080000000007");
	wrap(&first, "ip4:47");
	wrap(&second, "x:2000080000000008");
	wrap(&second, "ip4:47");
	in_ethernet(&first);
	in_ethernet(&second);
	assert_int_equal(events, 0);
	second.data[14 + 20 + 7] = 7;
	feed(&second);
	assert_int_equal(events, 1);
}

// Each level needs an encapsulation of its own, of which there are FRAME_DEPTH.
static void test_reassembly_is_bounded(void **state)
{
	struct packet packet, piece;

	put_bye(&packet);
	packet.len = 400;
	for (unsigned int depth = 0; depth < 8; depth++)
		wrap(&packet, "ip4:4");
	feed_pieces(&packet, 200, 1, 4, in_ethernet);
	assert_int_equal(count(WIRE_TOO_DEEP), 1);
	assert_int_equal(count(WIRE_IP_IN_IP), 1);
	// A fragment whose payload is said to be a fragment header.
	piece.len = 0;
	layers_build(&piece, "eth:86dd ip6:44 x:3c00000100000063 x:2c00000000000000 "
			     "x:1100000100000064 ff:16");
	feed(&piece);
	layers_build(&piece, "eth:86dd ip6:44 x:3c00002000000063 ff:8");
	feed(&piece);
	assert_int_equal(count(WIRE_FRAGMENT_INVALID), 1);
}

static void put_hep(struct packet *packet)
{
	struct packet sip;

	put_bye(&sip);
	packet->len = 0;
	packet_text(packet, "HEP3");
	packet_be16(packet, 6 + 10 + 10 + 8 + 8 + 7 + 6 + (unsigned int)sip.len);
	packet_raw(packet, "\0\0\0\3\0\x0a\xc0\0\2\1", 10);
	packet_raw(packet, "\0\0\0\4\0\x0a\xc0\0\2\2", 10);
	packet_raw(packet, "\0\0\0\7\0\x08\x12\x67", 8);
	packet_raw(packet, "\0\0\0\x08\0\x08\x12\xb5", 8); // 4789: no tunnel behind HEP
	packet_raw(packet, "\0\0\0\x0b\0\7\1", 7);
	packet_be32(packet, 15);
	packet_be16(packet, 6 + (unsigned int)sip.len);
	packet_raw(packet, sip.data, sip.len);
}

static void test_hep(void **state)
{
	struct packet packet;

	put_hep(&packet);
	wrap(&packet, "udp:9060");
	feed_pieces(&packet, 1000, 1, 17, in_ethernet);
	assert_int_equal(events, 1);
	assert_memory_equal(event.source, "\xc0\0\2\1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(event.target, "\xc0\0\2\2\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(event.source_port, 4711);
	assert_int_equal(event.target_port, 4789);
	assert_int_equal(event.mono_ns, 7);
	assert_false(event.flags & EVENT_IPV6);
	assert_int_equal(count(WIRE_HEP), 1);
	assert_int_equal(count(WIRE_UNFINISHED_CHECKSUM), 0);
	assert_int_equal(count(WIRE_VXLAN), 0);
}

static void test_hep_let_go(void **state)
{
	struct packet packet;

	layers_build(&packet, "eth:0800 ip4:17 udp:9060 x:0210021113c413cec0000201c0000202 INVITE");
	feed(&packet);
	layers_build(&packet, "eth:0800 ip4:17 udp:9060 hello");
	feed(&packet);
	layers_build(&packet, "eth:0800 ip4:17 udp:9060");
	feed(&packet);
	assert_int_equal(events, 0);
	assert_int_equal(count(WIRE_HEP), 3);
	assert_int_equal(count(WIRE_HEP_OLD), 1);
	assert_int_equal(count(WIRE_HEP_HEADER), 2);
	assert_int_equal(count(WIRE_NOT_SIP), 0);
}

static int start_eal(void **state)
{
	struct eal_plan plan = {.memory_bytes = (16 << 20) + defrag_memory(64, false)};
	char error[512] = "";

	if (eal_start(&plan, error, sizeof(error)))
		fail_msg("%s", error);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_outer_fragments, prepare, clean_up),
		cmocka_unit_test_setup_teardown(test_inner_fragments, prepare, clean_up),
		cmocka_unit_test_setup_teardown(test_fragments_in_fragments, prepare, clean_up),
		cmocka_unit_test_setup_teardown(test_networks_apart, prepare, clean_up),
		cmocka_unit_test_setup_teardown(test_reassembly_is_bounded, prepare, clean_up),
		cmocka_unit_test_setup_teardown(test_hep, prepare, clean_up),
		cmocka_unit_test_setup_teardown(test_hep_let_go, prepare, clean_up),
	};

	return cmocka_run_group_tests(tests, start_eal, NULL);
}
