// SPDX-License-Identifier: Apache-2.0
// Reassembly through the frame walk: both IP versions, every order, duplicates, holes, overlaps,
// VLANs, time-outs, floods.
#include "dataplane/defrag.h"

#include "dataplane/eal.h"
#include "dataplane/frame.h"
#include "link/counters.h"
#include "packet.h"
#include "sip/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TIMEOUT = 2000, FLOWS = 64 };

static const struct siphash_key key = {{1, 2}};
static struct wire_counters counters;
static char body[4096];

static struct defrag *make(void)
{
	char error[256] = "";
	struct defrag *defrag = defrag_new(FLOWS, TIMEOUT, &key, &counters, error, sizeof(error));

	if (!defrag)
		fail_msg("%s", error);
	memset(&counters, 0, sizeof(counters));
	return defrag;
}

struct piece {
	unsigned int version, vlan, id, off, len;
	bool more;
};

static unsigned int protocol = 17; // of IPv4's pieces

// One piece of the datagram UDP(body) as a frame.
static void build(struct packet *packet, struct piece piece, size_t body_len)
{
	static struct packet whole;

	whole.len = 0;
	packet_udp(&whole, (unsigned int)body_len);
	memcpy(whole.data + whole.len, body, sizeof(whole.data) - whole.len);
	packet->len = 0;
	packet_ethernet(packet, piece.vlan ? 0x8100 : piece.version == 4 ? 0x0800 : 0x86dd);
	if (piece.vlan)
		packet_tag(packet, piece.vlan, piece.version == 4 ? 0x0800 : 0x86dd);
	if (piece.version == 4) {
		packet_ipv4(packet, 0, piece.len, piece.id,
			    piece.off / 8 | (piece.more ? 0x2000 : 0), protocol);
	} else {
		packet_ipv6(packet, 8 + 8 + piece.len, 60);
		packet_extension(packet, 44, 8);
		packet_fragment_header(packet, 17, piece.off, piece.more, piece.id);
	}
	packet_raw(packet, whole.data + piece.off, piece.len);
	packet_zeros(packet, 4); // a trailer that is no part of it
}

// Feeds it; true and a checked payload when it completes.
static bool feed(struct defrag *defrag, struct piece piece, size_t body_len, uint64_t now)
{
	struct packet packet;
	struct frame frame;
	size_t len;

	build(&packet, piece, body_len);
	const uint8_t *data = packet.data;
	assert_int_equal(frame_walk(data, packet.len, &frame), FRAME_FRAGMENT);
	if (!defrag_add(defrag, &frame, &data, &len, now))
		return false;
	assert_int_equal(frame_walk_reassembled(data, len, &frame), FRAME_DATAGRAM);
	assert_int_equal(frame.source_port, 5060);
	assert_int_equal(frame.payload_len, body_len);
	assert_memory_equal(data + frame.payload_off, body, body_len);
	return true;
}

static void test_orders(void **state)
{
	static const unsigned int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
						  {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	for (unsigned int version = 4; version <= 6; version += 2) {
		struct defrag *defrag = make();
		for (unsigned int i = 0; i < 6; i++) {
			const struct piece pieces[] = {{version, 0, i, 0, 1000, true},
						       {version, 0, i, 1000, 1000, true},
						       {version, 0, i, 2000, 508, false}};
			assert_false(feed(defrag, pieces[orders[i][0]], 2500, 1));
			assert_false(feed(defrag, pieces[orders[i][1]], 2500, 1));
			assert_true(feed(defrag, pieces[orders[i][2]], 2500, 1));
		}
		assert_int_equal(counters.value[WIRE_REASSEMBLED], 6);
		assert_int_equal(counters.value[WIRE_FRAGMENTS], 18);
		defrag_free(defrag);
	}
}

// A mirror that shows each packet twice.
static void test_duplicates(void **state)
{
	struct defrag *defrag = make();
	const struct piece first = {4, 0, 1, 0, 1000, true}, last = {4, 0, 1, 1000, 508, false};

	assert_false(feed(defrag, first, 1500, 1));
	assert_false(feed(defrag, first, 1500, 1));
	assert_true(feed(defrag, last, 1500, 1));
	assert_false(feed(defrag, last, 1500, 1));
	assert_int_equal(counters.value[WIRE_FRAGMENT_DUPLICATE], 2);
	// The same identifier again, later, is another datagram.
	assert_false(feed(defrag, first, 1500, 1 + TIMEOUT));
	assert_true(feed(defrag, last, 1500, 1 + TIMEOUT));
	defrag_free(defrag);
}

static void test_apart(void **state)
{
	struct defrag *defrag = make();

	// Same addresses and identifier on two VLANs; two identifiers on one.
	assert_false(feed(defrag, (struct piece){4, 10, 1, 0, 1000, true}, 1500, 1));
	assert_false(feed(defrag, (struct piece){4, 20, 1, 1000, 508, false}, 1500, 1));
	assert_false(feed(defrag, (struct piece){4, 10, 2, 1000, 508, false}, 1500, 1));
	assert_true(feed(defrag, (struct piece){4, 20, 1, 0, 1000, true}, 1500, 1));
	assert_true(feed(defrag, (struct piece){4, 10, 1, 1000, 508, false}, 1500, 1));
	// The same identifier of two protocols (RFC 791 3.2).
	assert_false(feed(defrag, (struct piece){4, 0, 3, 0, 1000, true}, 1500, 1));
	protocol = 6;
	assert_false(feed(defrag, (struct piece){4, 0, 3, 1000, 508, false}, 1500, 1));
	protocol = 17;
	assert_true(feed(defrag, (struct piece){4, 0, 3, 1000, 508, false}, 1500, 1));
	defrag_free(defrag);
}

static void test_broken_sets(void **state)
{
	struct defrag *defrag = make();

	// Overlap: more octets than the last fragment allows.
	assert_false(feed(defrag, (struct piece){4, 0, 1, 0, 1000, true}, 1500, 1));
	assert_false(feed(defrag, (struct piece){4, 0, 1, 504, 504, false}, 1500, 1));
	assert_int_equal(counters.value[WIRE_FRAGMENT_INVALID], 2);
	// Two different last ones.
	assert_false(feed(defrag, (struct piece){4, 0, 2, 1000, 508, false}, 1500, 1));
	assert_false(feed(defrag, (struct piece){4, 0, 2, 2000, 508, false}, 1500, 1));
	assert_int_equal(counters.value[WIRE_FRAGMENT_INVALID], 4);
	// More pieces than a datagram may have.
	for (unsigned int i = 0; i < 10; i++)
		assert_false(feed(defrag, (struct piece){4, 0, 3, i * 8, 8, true}, 1500, 1));
	assert_true(counters.value[WIRE_FRAGMENT_INVALID] > 4);
	assert_int_equal(counters.value[WIRE_REASSEMBLED], 0);
	defrag_free(defrag);
}

static void test_timeout(void **state)
{
	struct defrag *defrag = make();

	assert_false(feed(defrag, (struct piece){4, 0, 1, 0, 1000, true}, 1500, 1));
	defrag_expire(defrag, TIMEOUT);
	assert_int_equal(counters.value[WIRE_FRAGMENT_TIMEOUT], 0);
	defrag_expire(defrag, 2 + TIMEOUT);
	assert_int_equal(counters.value[WIRE_FRAGMENT_TIMEOUT], 1);
	assert_false(feed(defrag, (struct piece){4, 0, 1, 1000, 508, false}, 1500, 3 + TIMEOUT));
	defrag_free(defrag);
}

// First fragments without end: bounded, counted, and over once they are old.
static void test_flood(void **state)
{
	struct defrag *defrag = make();

	for (unsigned int i = 0; i < 10 * FLOWS; i++)
		assert_false(feed(defrag, (struct piece){4, 0, i, 0, 1000, true}, 1500, 1));
	assert_true(counters.value[WIRE_FRAGMENT_NO_ROOM] >= 9 * FLOWS);
	uint64_t later = 2 + TIMEOUT;
	for (unsigned int i = 0; i < 4; i++)
		defrag_expire(defrag, later);
	assert_false(feed(defrag, (struct piece){4, 0, 7777, 0, 1000, true}, 1500, later));
	assert_true(feed(defrag, (struct piece){4, 0, 7777, 1000, 508, false}, 1500, later));
	assert_int_equal(counters.value[WIRE_FRAGMENTS],
			 counters.value[WIRE_FRAGMENT_NO_ROOM] +
				 counters.value[WIRE_FRAGMENT_TIMEOUT] + 2);
	defrag_free(defrag);
}

// A piece that needs more than one buffer (jumbo frames).
static void test_long_pieces(void **state)
{
	struct defrag *defrag = make();

	assert_false(feed(defrag, (struct piece){6, 0, 1, 0, 3200, true}, 3700, 1));
	assert_true(feed(defrag, (struct piece){6, 0, 1, 3200, 508, false}, 3700, 1));
	defrag_free(defrag);
}

// Random pieces of a few datagrams never read or write astray, and no buffer is lost.
static void test_random(void **state)
{
	struct defrag *defrag = make();
	const char *given = getenv("SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 10) : 20260102;

	print_message("SEED=%u\n", seed);
	srandom(seed);
	for (unsigned int i = 0; i < 50000; i++) {
		struct packet packet;
		struct frame frame;
		size_t len;
		struct piece piece = {random() % 2 ? 4 : 6,
				      0,
				      (unsigned int)random() % 8,
				      (unsigned int)random() % 20 * 8,
				      (unsigned int)random() % 20 * 8 + 8,
				      random() % 3 != 0};
		build(&packet, piece, 1500);
		const uint8_t *data = packet.data;
		if (frame_walk(data, packet.len, &frame) == FRAME_FRAGMENT &&
		    defrag_add(defrag, &frame, &data, &len, i * 10))
			frame_walk_reassembled(data, len, &frame);
	}
	assert_true(counters.value[WIRE_REASSEMBLED] > 0);
	for (unsigned int i = 0; i < 8; i++)
		defrag_expire(defrag, 10000000);
	counters.value[WIRE_FRAGMENT_NO_ROOM] = 0;
	for (unsigned int i = 0; i < FLOWS / 2; i++) {
		feed(defrag, (struct piece){4, 0, 100 + i, 0, 1000, true}, 1500, 10000000);
		assert_true(feed(defrag, (struct piece){4, 0, 100 + i, 1000, 508, false}, 1500,
				 10000000));
	}
	assert_int_equal(counters.value[WIRE_FRAGMENT_NO_ROOM], 0);
	defrag_free(defrag);
}

static int setup(void **state)
{
	struct eal_plan plan = {.memory_bytes = 64 << 20};
	char error[256];

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)(i * 7 + i / 251);
	return eal_start(&plan, error, sizeof(error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),      cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_apart),       cmocka_unit_test(test_broken_sets),
		cmocka_unit_test(test_timeout),     cmocka_unit_test(test_flood),
		cmocka_unit_test(test_long_pieces), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
