// SPDX-License-Identifier: Apache-2.0
// HEP version 3, chunk by chunk: what is read, every reason to let go, and every length in a buffer
// of exactly that size. What another program sends is in tests/corpus/captures/hep.pcap.
#include "dataplane/hep.h"

#include "layers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DATAGRAM = -1 };

// Vendor, type, length, value.
#define FAMILY   "00000001000702"
#define UDP      "00000002000711"
#define SOURCE   "00000003000ac0000201"
#define TARGET   "00000004000ac0000202"
#define SOURCE_6 "00000005001620010db8000000000000000000000001"
#define TARGET_6 "00000006001620010db8000000000000000000000002"
#define PORTS              \
	"00000007000813c4" \
	"00000008000813ce"
#define TIME                   \
	"00000009000a65f00000" \
	"0000000a000a00000001"
#define SIP        "0000000b000701"
#define AGENT      "0000000c000a000007d1"
#define PASSWORD   "0000000e000a73657372"
#define PAYLOAD    "0000000f000b68656c6c6f"
#define COMPRESSED "00000010000b789c030000"
#define VENDOR     "00010003000affffffff"
#define NEWER      "00000030000affffffff"
#define PLAIN      FAMILY UDP SOURCE TARGET PORTS TIME SIP AGENT PASSWORD PAYLOAD

static const struct {
	const char *name, *chunks;
	int expect;
	unsigned int version;
} rows[] = {
	{"plain", PLAIN, DATAGRAM, 4},
	{"another order", PAYLOAD SIP PORTS TARGET SOURCE, DATAGRAM, 4},
	{"ipv6", SOURCE_6 TARGET_6 PORTS SIP PAYLOAD, DATAGRAM, 6},
	{"family of another system", "0000000100071e" SOURCE_6 TARGET_6 PORTS SIP PAYLOAD, DATAGRAM,
	 6},
	{"vendor's and newer chunks", VENDOR NEWER PLAIN VENDOR NEWER, DATAGRAM, 4},
	{"both payloads", PLAIN COMPRESSED, DATAGRAM, 4},
	{"rtcp", SOURCE TARGET PORTS "0000000b000705" PAYLOAD, WIRE_HEP_NOT_SIP, 0},
	{"no protocol", SOURCE TARGET PORTS PAYLOAD, WIRE_HEP_NOT_SIP, 0},
	{"compressed", SOURCE TARGET PORTS SIP COMPRESSED, WIRE_HEP_COMPRESSED, 0},
	{"no payload", SOURCE TARGET PORTS SIP, WIRE_HEP_NO_PAYLOAD, 0},
	{"no chunks", "", WIRE_HEP_NOT_SIP, 0},
	{"no addresses", PORTS SIP PAYLOAD, WIRE_HEP_ADDRESSES, 0},
	{"no source", TARGET PORTS SIP PAYLOAD, WIRE_HEP_ADDRESSES, 0},
	{"no target", SOURCE PORTS SIP PAYLOAD, WIRE_HEP_ADDRESSES, 0},
	{"half of each", SOURCE TARGET_6 PORTS SIP PAYLOAD, WIRE_HEP_ADDRESSES, 0},
	{"one and a half", SOURCE TARGET TARGET_6 PORTS SIP PAYLOAD, WIRE_HEP_ADDRESSES, 0},
	{"both pairs", SOURCE TARGET SOURCE_6 TARGET_6 PORTS SIP PAYLOAD, WIRE_HEP_ADDRESSES, 0},
	{"address twice", PLAIN SOURCE, WIRE_HEP_CHUNK, 0},
	{"payload twice", PLAIN PAYLOAD, WIRE_HEP_CHUNK, 0},
	{"address too short", "000000030009c00002" TARGET PORTS SIP PAYLOAD, WIRE_HEP_CHUNK, 0},
	{"address too long", "00000003000bc000020101" TARGET PORTS SIP PAYLOAD, WIRE_HEP_CHUNK, 0},
	{"port too long", SOURCE TARGET "00000007000913c400" SIP PAYLOAD, WIRE_HEP_CHUNK, 0},
	{"empty protocol", SOURCE TARGET PORTS "0000000b0006" PAYLOAD, WIRE_HEP_CHUNK, 0},
	{"length below its own", PLAIN "000000300005", WIRE_HEP_CHUNK, 0},
	{"length 0", PLAIN "000000300000", WIRE_HEP_CHUNK, 0},
	{"length beyond the end", PLAIN "000000300007", WIRE_HEP_CHUNK, 0},
	{"half a chunk header", PLAIN "0000003000", WIRE_HEP_CHUNK, 0},
};

static void build(struct packet *packet, const char *chunks)
{
	char layers[1024];

	packet->len = 0;
	if (chunks[0]) {
		snprintf(layers, sizeof(layers), "x:%s", chunks);
		layers_build(packet, layers);
	}
	memmove(packet->data + 6, packet->data, packet->len);
	packet->len += 6;
	memcpy(packet->data, "HEP3", 4);
	packet->data[4] = (uint8_t)(packet->len >> 8);
	packet->data[5] = (uint8_t)packet->len;
}

static const struct frame outside = {.verdict = FRAME_DATAGRAM,
				     .version = 6,
				     .source_port = 40000,
				     .target_port = 9060,
				     .source = {[15] = 0xaa},
				     .target = {[15] = 0xbb}};

static int walk_exact(const uint8_t *data, size_t len, struct frame *frame)
{
	uint8_t *exact = malloc(len ? len : 1);

	memcpy(exact, data, len);
	*frame = outside;
	frame->payload_len = (uint32_t)len;
	enum frame_verdict verdict = hep_walk(exact, frame);
	free(exact);
	assert_int_equal(verdict, frame->verdict);
	return verdict == FRAME_DATAGRAM ? DATAGRAM : (int)frame->reason;
}

static void test_rows(void **state)
{
	static const uint8_t four[2][16] = {{192, 0, 2, 1}, {192, 0, 2, 2}};
	static const uint8_t six[2][16] = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1},
					   {0x20, 0x01, 0x0d, 0xb8, [15] = 2}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct packet packet;
		struct frame frame;
		build(&packet, rows[i].chunks);
		int got = walk_exact(packet.data, packet.len, &frame);
		if (got != rows[i].expect)
			fail_msg("%s: %d instead of %d", rows[i].name, got, rows[i].expect);
		if (got != DATAGRAM) {
			assert_memory_equal(frame.source, outside.source, 16);
			continue;
		}
		assert_int_equal(frame.version, rows[i].version);
		assert_memory_equal(frame.source, rows[i].version == 4 ? four[0] : six[0], 16);
		assert_memory_equal(frame.target, rows[i].version == 4 ? four[1] : six[1], 16);
		assert_int_equal(frame.source_port, 5060);
		assert_int_equal(frame.target_port, 5070);
		assert_int_equal(frame.payload_len, 5);
		assert_memory_equal(packet.data + frame.payload_off, "hello", 5);
	}
}

static void test_ports_may_be_missing(void **state)
{
	struct packet packet;
	struct frame frame;

	build(&packet, SOURCE TARGET SIP PAYLOAD);
	assert_int_equal(walk_exact(packet.data, packet.len, &frame), DATAGRAM);
	assert_int_equal(frame.source_port, 0);
	assert_int_equal(frame.target_port, 0);
}

// The header's length counts: less in the datagram is no message, more is left alone.
static void test_every_length(void **state)
{
	struct packet packet;
	struct frame frame;

	build(&packet, PLAIN);
	for (size_t len = 0; len < packet.len; len++)
		assert_int_equal(walk_exact(packet.data, len, &frame), WIRE_HEP_HEADER);
	for (unsigned int total = 0; total < packet.len; total++) {
		packet.data[4] = (uint8_t)(total >> 8);
		packet.data[5] = (uint8_t)total;
		int got = walk_exact(packet.data, packet.len, &frame);
		assert_true(got >= WIRE_HEP_OLD && got <= WIRE_HEP_ADDRESSES);
	}
	build(&packet, PLAIN);
	packet_zeros(&packet, 9);
	assert_int_equal(walk_exact(packet.data, packet.len, &frame), DATAGRAM);
	// So is what a capture cut behind the message.
	frame = (struct frame){.cut = true, .payload_len = (uint32_t)packet.len};
	assert_int_equal(hep_walk(packet.data, &frame), FRAME_DATAGRAM);
	assert_false(frame.cut);
}

static void test_other_versions(void **state)
{
	// Version, header length, family, protocol, ports, addresses.
	static const uint8_t two[] = {2, 16, 2, 17,  0x13, 0xc4, 0x13, 0xce, 192,
				      0, 2,  1, 192, 0,    2,    2,    'I',  'N'};
	struct frame frame;

	assert_int_equal(walk_exact(two, sizeof(two), &frame), WIRE_HEP_OLD);
	assert_int_equal(walk_exact((const uint8_t *)"\1\x10\2\x11", 4, &frame), WIRE_HEP_OLD);
	assert_int_equal(walk_exact((const uint8_t *)"HEP4\0\6", 6, &frame), WIRE_HEP_HEADER);
	assert_int_equal(walk_exact((const uint8_t *)"INVITE sip:", 11, &frame), WIRE_HEP_HEADER);
}

static void test_too_many_chunks(void **state)
{
	char chunks[1024] = SOURCE TARGET PORTS SIP PAYLOAD;
	struct packet packet;
	struct frame frame;

	for (unsigned int i = 6; i < HEP_CHUNKS; i++)
		strcat(chunks, "000000300006");
	build(&packet, chunks);
	assert_int_equal(walk_exact(packet.data, packet.len, &frame), DATAGRAM);
	strcat(chunks, "000000300006");
	build(&packet, chunks);
	assert_int_equal(walk_exact(packet.data, packet.len, &frame), WIRE_HEP_CHUNK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_ports_may_be_missing),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_other_versions),
		cmocka_unit_test(test_too_many_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
