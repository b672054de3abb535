// SPDX-License-Identifier: Apache-2.0
// What a poll core copies for a capture: frames that moved a counter of things not understood,
// messages that match, each once, as they came or by themselves; nothing when nothing is asked for.
#include "dataplane/probe.h"

#include "config/settings.h"
#include "dataplane/capture_filter.h"
#include "dataplane/defrag.h"
#include "dataplane/eal.h"
#include "dataplane/frame.h"
#include "dataplane/look.h"
#include "dataplane/tcp_flow.h"
#include "layers.h"
#include "link/counters.h"
#include "sip/msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYE                                                                               \
	"BYE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"            \
	"From: <sip:a@x>;tag=a\r\nTo: <sip:b@x>;tag=b\r\nCall-ID: 1@x\r\nCSeq: 1 BYE\r\n" \
	"Content-Length: 0\r\n\r\n"

static const struct siphash_key key = {{1, 2}};
static struct wire_counters counters;
static struct capture_filter filter;
static struct capture_calls calls;
static struct probe_order order = {.filter = &filter};
static struct probe probe;
static struct look look;
static unsigned int events;

static void on_event(void *ctx, const struct call_event *told)
{
	events++;
}

static int prepare(void **state)
{
	static struct settings settings;
	char error[256] = "";

	settings_default(&settings);
	memset(&counters, 0, sizeof(counters));
	look = (struct look){.key = key, .counters = &counters, .tell = on_event};
	look.defrag = defrag_new(64, 2000, &key, &counters, error, sizeof(error));
	look.flows = tcp_flows_new(64, 16, &key, &counters, look_message, &look);
	assert_non_null(look.defrag);
	assert_non_null(look.flows);
	look_follow(&look, false, false, false);
	tunnel_port_set(&look.ports, &settings.wire);
	order.generation = 0;
	return probe_init(&probe, &order, &counters);
}

static int start_eal(void **state)
{
	struct eal_plan plan = {.memory_bytes = 64 << 20};
	char error[256] = "";
	int rc = eal_start(&plan, error, sizeof(error));

	if (rc)
		print_message("%s\n", error);
	return rc;
}

static int clean_up(void **state)
{
	probe_fini(&probe);
	tcp_flows_free(look.flows);
	defrag_free(look.defrag);
	return 0;
}

static void ask(enum capture_kind kind, const char *text)
{
	struct capture_request request = {.kind = kind};

	snprintf(request.text, sizeof(request.text) - 1, "%s", text);
	memset(&calls, 0, sizeof(calls));
	capture_filter_set(&filter, &request, &calls, &key);
	order.generation = 1;
}

// What a poll core does with a frame.
static void feed(const struct packet *packet)
{
	uint8_t *exact = malloc(packet->len ? packet->len : 1);
	struct frame frame;

	memcpy(exact, packet->data, packet->len);
	look.probe = probe_follow(&probe) ? &probe : NULL;
	if (look.probe)
		probe_begin(&probe, 3, exact, packet->len, 7);
	frame_walk(exact, packet->len, &frame);
	look_frame(&look, &frame, exact, 7);
	if (look.probe)
		probe_end(&probe);
	free(exact);
}

// The next record is of this kind, and of this content.
static struct probe_record taken(enum probe_kind kind, const void *data, size_t len)
{
	const struct probe_record *record = record_ring_peek(&probe.ring);

	assert_non_null(record);
	assert_int_equal(record->kind, kind);
	assert_int_equal(record->len, len);
	assert_memory_equal(record + 1, data, len);
	assert_true(record->mono_ns == 7);
	struct probe_record copy = *record;
	record_ring_pop(&probe.ring, sizeof(*record) + record->len);
	return copy;
}

static void assert_empty(void)
{
	assert_null(record_ring_peek(&probe.ring));
}

static struct packet datagram(const char *text)
{
	struct packet packet = {0};

	packet_datagram(&packet, text);
	return packet;
}

static struct packet segment(uint32_t sequence, const char *text, size_t len)
{
	struct packet packet = {0};

	packet_ethernet(&packet, 0x0800);
	packet_ipv4(&packet, 0, 20 + (unsigned int)len, 1, 0, 6);
	packet_tcp(&packet, sequence, 0, FRAME_TCP_ACK, 0);
	packet_raw(&packet, text, len);
	return packet;
}

static void test_not_asked(void **state)
{
	struct packet bye = datagram(BYE), broken = datagram("BYE sip:b@x SIP/2.0\r\n\r\n");

	feed(&bye);
	feed(&broken);
	ask(CAPTURE_CALL, "1@x");
	order.generation = 2; // asked for, and ended before this core saw it
	feed(&bye);
	assert_empty();
	assert_int_equal(counters.value[WIRE_CAPTURED], 0);
	assert_true(probe.seen == 2);
}

static void test_datagram(void **state)
{
	struct packet bye = datagram(BYE), other = datagram("OPTIONS sip:b@x SIP/2.0\r\n\r\n");
	struct packet ignored = datagram("OPTIONS sip:b@x SIP/2.0\r\nCall-ID: 1@x\r\n\r\n");

	ask(CAPTURE_CALL, "1@x");
	feed(&other);
	feed(&ignored); // and malformed
	taken(PROBE_FRAME, ignored.data, ignored.len);
	feed(&bye);
	struct probe_record record = taken(PROBE_FRAME, bye.data, bye.len);
	assert_int_equal(record.port, 3);
	assert_int_equal(record.reject, SIP_REJECT_NONE);
	assert_empty();
	assert_int_equal(counters.value[WIRE_CAPTURED], 2);
	ask(CAPTURE_REJECTED, "");
	feed(&bye);
	feed(&ignored);
	assert_empty();
}

static void test_reasons(void **state)
{
	static const struct {
		const char *text;
		enum sip_reject reject;
	} rows[] = {
		{"BYE sip:b@x SIP/2.0\r\nCall-ID: 1\r\n\r\n", SIP_REJECT_NO_CSEQ},
		{"BYE sip:b@x SIP/2.0\r\nCall-ID: 1", SIP_REJECT_HEADER_END},
		{"not SIP", SIP_REJECT_NONE},
	};

	ask(CAPTURE_REJECTED, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct packet packet = datagram(rows[i].text);
		feed(&packet);
		if (rows[i].reject != SIP_REJECT_NONE)
			assert_int_equal(taken(PROBE_FRAME, packet.data, packet.len).reject,
					 rows[i].reject);
		assert_empty();
	}
}

// Each cut of a frame, and each of its octets turned: it is written exactly when a counter of
// rejections moved, and once.
static void test_counters(void **state)
{
	static const enum wire_counter seen[] = {WIRE_SHORT_FRAME, WIRE_IPV4_HEADER,
						 WIRE_UDP_LENGTH, WIRE_CUT_DATAGRAM};
	struct packet whole = datagram(BYE), packet;
	uint64_t hits[WIRE_COUNTER_COUNT] = {0};

	ask(CAPTURE_REJECTED, "");
	for (size_t i = 0; i < 2 * whole.len; i++) {
		packet = whole;
		if (i < whole.len)
			packet.len = i;
		else
			packet.data[i - whole.len] ^= 0xff;
		feed(&packet);
		const struct probe_record *record = record_ring_peek(&probe.ring);
		if (!record)
			continue;
		assert_true(record->counter != WIRE_RX_FRAMES || record->reject);
		hits[record->counter]++;
		taken(PROBE_FRAME, packet.data, packet.len);
		assert_empty();
	}
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		assert_true(hits[seen[i]] > 0);
		if (seen[i] != WIRE_CUT_DATAGRAM) // that one may be malformed, too
			assert_int_equal(hits[seen[i]], counters.value[seen[i]]);
	}
}

static void test_stream(void **state)
{
	const size_t len = strlen(BYE), half = len / 2;
	struct packet both = segment(100, BYE BYE, 2 * len),
		      first = segment(100 + 2 * (uint32_t)len, BYE, half),
		      second = segment(100 + 2 * (uint32_t)len + (uint32_t)half, &BYE[half],
				       len - half);

	ask(CAPTURE_CALL, "1@x");
	feed(&both);
	for (int i = 0; i < 2; i++) {
		struct probe_record record = taken(PROBE_MESSAGE, BYE, len);
		assert_true(record.stream);
		assert_int_equal(record.version, 4);
		assert_int_equal(record.source_port, 5060);
		assert_int_equal(record.target_port, 5070);
		assert_memory_equal(record.source, "\x0a\0\0\x01", 4);
		assert_memory_equal(record.target, "\x0a\0\0\x02", 4);
		assert_int_equal(record.missing, 0);
	}
	feed(&first);
	assert_empty();
	feed(&second);
	taken(PROBE_MESSAGE, BYE, len);
	assert_empty();
}

// A stream's garbage in its frame; a malformed message of one segment in its frame, once.
static void test_stream_rejected(void **state)
{
	static const char broken[] =
		"BYE sip:b@x SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n";
	static const char garbage[] = "what is this\r\n";
	struct packet bye = segment(100, BYE, strlen(BYE));

	ask(CAPTURE_REJECTED, "");
	feed(&bye);
	assert_empty();
	struct packet one = segment(100 + (uint32_t)strlen(BYE), broken, strlen(broken));
	feed(&one);
	assert_int_equal(taken(PROBE_FRAME, one.data, one.len).reject, SIP_REJECT_NO_CSEQ);
	struct packet two = segment(100 + (uint32_t)(strlen(BYE) + strlen(broken)), garbage,
				    strlen(garbage));
	feed(&two);
	assert_int_equal(taken(PROBE_FRAME, two.data, two.len).counter, WIRE_TCP_GARBAGE);
	assert_empty();
}

static void test_fragments(void **state)
{
	const size_t len = strlen(BYE), first = 80;
	struct packet udp = {0};

	packet_udp(&udp, (unsigned int)len);
	packet_text(&udp, BYE);
	ask(CAPTURE_CALL, "1@x");
	for (int i = 0; i < 2; i++) {
		size_t off = i ? first : 0, bytes = i ? udp.len - first : first;
		struct packet piece = {0};
		packet_ethernet(&piece, 0x0800);
		packet_ipv4(&piece, 0, (unsigned int)bytes, 1,
			    (unsigned int)off / 8 | (i ? 0 : 0x2000), 17);
		packet_raw(&piece, udp.data + off, bytes);
		assert_empty();
		feed(&piece);
	}
	assert_false(taken(PROBE_MESSAGE, BYE, len).stream);
	assert_empty();
}

// HEP by a socket: there is no frame.
static void test_socket(void **state)
{
	struct packet hep = {0};

	look.probe = &probe;
	ask(CAPTURE_REJECTED, "");
	packet_text(&hep, "HEP3");
	packet_be16(&hep, 7);
	packet_zeros(&hep, 1);
	look_hep(&look, hep.data, hep.len, 7);
	assert_int_equal(taken(PROBE_HEP, hep.data, hep.len).counter, WIRE_HEP_CHUNK);
	assert_empty();
}

// Everything else goes on as if there were no capture.
static void test_no_room(void **state)
{
	struct packet bye = datagram(BYE);
	unsigned int fed = 0;

	ask(CAPTURE_CALL, "1@x");
	events = 0;
	for (; counters.value[WIRE_CAPTURE_LOST] < 10; fed++)
		feed(&bye);
	assert_int_equal(events, fed);
	assert_int_equal(counters.value[WIRE_CAPTURED], fed - 10);
	for (unsigned int i = 0; i < fed - 10; i++)
		taken(PROBE_FRAME, bye.data, bye.len);
	assert_empty();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, clean_up)
	const struct CMUnitTest tests[] = {
		TEST(test_not_asked), TEST(test_datagram), TEST(test_reasons),
		TEST(test_counters),  TEST(test_stream),   TEST(test_stream_rejected),
		TEST(test_fragments), TEST(test_socket),   TEST(test_no_room),
	};

	return cmocka_run_group_tests(tests, start_eal, NULL);
}
