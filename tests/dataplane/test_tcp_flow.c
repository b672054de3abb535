// SPDX-License-Identifier: Apache-2.0
// Segments in every order, twice, overlapping, missing; connections that begin, end, wrap, are met
// in their middle, and are too many. What comes out is compared with the messages that went in.
#include "dataplane/tcp_flow.h"

#include "dataplane/frame.h"
#include "dataplane/tcp_window.h"
#include "link/counters.h"
#include "sip/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	FLOWS = 64,
	TAILS = 16,
	FIN = FRAME_TCP_FIN,
	SYN = FRAME_TCP_SYN,
	RST = FRAME_TCP_RST,
	ACK = FRAME_TCP_ACK,
};

#define MS UINT64_C(1000000)

static const struct siphash_key key = {{1, 2}};
static struct wire_counters counters;
static struct tcp_flows *flows;
static char told[1 << 20]; // Call-IDs, each with its direction: "c1> c2< "
static size_t told_len, told_bytes;
static unsigned int told_messages;
static uint64_t now_ns;

static void on_message(void *ctx, const struct frame *frame, const char *text, size_t len,
		       uint64_t told_ns)
{
	const char *id = memmem(text, len, "Call-ID: ", 9);

	assert_ptr_equal(ctx, &told);
	assert_int_equal(told_ns, now_ns);
	assert_non_null(id);
	size_t id_len = strcspn(id + 9, "\r");
	memcpy(told + told_len, id + 9, id_len);
	told_len += id_len;
	told[told_len++] = frame->source_port < frame->target_port ? '>' : '<';
	told[told_len++] = ' ';
	told[told_len] = '\0';
	told_messages++;
	told_bytes += len;
}

static void forget(void)
{
	told_len = told_bytes = told_messages = 0;
	told[0] = '\0';
}

static void prepare_sized(unsigned int connections, unsigned int tails)
{
	tcp_flows_free(flows);
	memset(&counters, 0, sizeof(counters));
	flows = tcp_flows_new(connections, tails, &key, &counters, on_message, told);
	assert_non_null(flows);
	forget();
	now_ns = 1000 * MS;
}

static void prepare(void)
{
	prepare_sized(FLOWS, TAILS);
}

struct segment {
	uint16_t port; // of the client; server: 5060
	bool back;     // from the server
	bool ipv6;
	unsigned int flags;
	uint32_t sequence, acknowledged;
	const char *text;
	size_t len;
};

// In a buffer of exactly its size, that is gone afterwards.
static void send_segment(struct segment segment)
{
	struct frame frame = {
		.verdict = FRAME_SEGMENT,
		.version = segment.ipv6 ? 6 : 4,
		.next = 6,
		.source_port = segment.back ? 50600 : 5060,
		.target_port = segment.back ? 5060 : 50600,
		.sequence = segment.sequence,
		.acknowledged = segment.acknowledged,
		.tcp_flags = (uint8_t)segment.flags,
		.payload_len = (uint32_t)segment.len,
	};
	char *exact = malloc(segment.len ? segment.len : 1);

	frame.source[0] = frame.target[0] = 10;
	frame.source[segment.ipv6 ? 15 : 3] = segment.back ? 2 : 1;
	frame.target[segment.ipv6 ? 15 : 3] = segment.back ? 1 : 2;
	frame.source[1] = frame.target[1] = (uint8_t)segment.port;
	frame.source[2] = frame.target[2] = (uint8_t)(segment.port >> 8);
	memcpy(exact, segment.text ? segment.text : "", segment.len);
	tcp_flows_segment(flows, &frame, exact, now_ns);
	free(exact);
}

static void data(uint32_t sequence, const char *text, size_t len)
{
	send_segment(
		(struct segment){.flags = ACK, .sequence = sequence, .text = text, .len = len});
}

static void mark(unsigned int flags, uint32_t sequence)
{
	send_segment((struct segment){.flags = flags, .sequence = sequence});
}

static size_t put_message(char *to, const char *call_id, size_t body)
{
	size_t len = (size_t)sprintf(to,
				     "INVITE sip:b@x SIP/2.0\r\n"
				     "Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\n"
				     "From: <sip:a@x>;tag=a1\r\n"
				     "To: <sip:b@x>\r\n"
				     "Call-ID: %s\r\n"
				     "CSeq: 1 INVITE\r\n"
				     "Content-Length: %zu\r\n\r\n",
				     call_id, body);

	memset(to + len, 'b', body);
	if (body > 0)
		to[len + body - 1] = '\n'; // as SDP ends
	to[len + body] = '\0';
	return len + body;
}

// Three messages, about 700 octets.
static size_t put_call(char *to)
{
	size_t len = put_message(to, "c1", 100);

	len += put_message(to + len, "c2", 0);
	return len + put_message(to + len, "c3", 20);
}

static const char all[] = "c1> c2> c3> ";

static void assert_told(const char *expect, const char *what, size_t which)
{
	if (strcmp(told, expect) != 0)
		fail_msg("%s %zu: \"%s\" instead of \"%s\"", what, which, told, expect);
}

// Five segments in all 120 orders, each order also with every segment twice, from a sequence number
// that wraps in the middle; some borders are in headers, some in bodies.
static void test_orders(void **state)
{
	char text[2048];
	size_t len = put_call(text), part = (len + 4) / 5;

	for (size_t order = 0; order < 120; order++) {
		for (unsigned int twice = 0; twice < 2; twice++) {
			unsigned int left[5] = {0, 1, 2, 3, 4}, count = 5;
			prepare();
			mark(SYN, 0xffffff00 - 1);
			for (size_t rest = order, base = 24; count > 0;
			     rest %= base, base /= --count > 0 ? count : 1) {
				unsigned int pick = (unsigned int)(rest / base);
				size_t off = left[pick] * part;
				size_t n = len - off < part ? len - off : part;
				memmove(&left[pick], &left[pick + 1], (4 - pick) * sizeof(left[0]));
				for (unsigned int i = 0; i <= twice; i++)
					data(0xffffff00 + (uint32_t)off, text + off, n);
			}
			assert_told(all, "order", order);
			assert_int_equal(told_bytes, len);
			assert_int_equal(counters.value[WIRE_TCP_GAPS], 0);
			assert_int_equal(counters.value[WIRE_TCP_SKIPPED_BYTES], 0);
			assert_int_equal(counters.value[WIRE_TCP_SEGMENTS], twice ? 10 : 5);
		}
	}
}

// Random segments of random places until all was sent, overlapping as they like. What comes twice
// differs the second time: the first copy wins.
static void test_overlaps(void **state)
{
	static char text[2048], wrong[2048];
	size_t len = put_call(text);
	unsigned int seed = 20261120;

	printf("seed %u\n", seed);
	memset(wrong, '\n', sizeof(wrong));
	for (size_t round = 0; round < 500; round++) {
		bool sent[2048] = {false};
		size_t missing = len;
		prepare();
		mark(SYN, 999);
		while (missing > 0) {
			size_t off = (size_t)rand_r(&seed) % len;
			size_t n = 1 + (size_t)rand_r(&seed) % 200;
			char mixed[256];
			n = n < len - off ? n : len - off;
			// Where there would be too many holes at a time: the first one.
			if (round % 2 || rand_r(&seed) % 4 == 0)
				for (off = 0; sent[off];)
					off++;
			n = n < len - off ? n : len - off;
			for (size_t i = 0; i < n; i++) {
				mixed[i] = sent[off + i] ? wrong[off + i] : text[off + i];
				missing -= !sent[off + i];
				sent[off + i] = true;
			}
			data(1000 + (uint32_t)off, mixed, n);
			if (counters.value[WIRE_TCP_GAPS])
				break; // too many holes after all
		}
		if (counters.value[WIRE_TCP_GAPS] == 0)
			assert_told(all, "round", round);
		else
			assert_int_equal(round % 2, 0);
	}
}

// Cut in two and in three anywhere, in order; and sent again.
static void test_cuts(void **state)
{
	char text[2048];
	size_t len = put_call(text);

	for (size_t cut = 1; cut < len; cut++) {
		size_t second = cut + (len - cut) / 2;
		prepare();
		mark(SYN, 999);
		data(1000, text, cut);
		data(1000, text, cut);
		data(1000 + (uint32_t)cut, text + cut, second - cut);
		data(1000 + (uint32_t)cut / 2, text + cut / 2, second - cut / 2);
		data(1000 + (uint32_t)second, text + second, len - second);
		assert_told(all, "cut", cut);
		assert_int_equal(counters.value[WIRE_TCP_SEEN_BEFORE], 2);
	}
}

// Both directions, both versions, several connections at a time, octet by octet.
static void test_directions(void **state)
{
	char text[2][1024];
	size_t len[2] = {put_message(text[0], "there", 7), put_message(text[1], "back", 0)};

	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		prepare();
		for (uint16_t port = 1; port <= 4; port++) {
			send_segment((struct segment){
				.port = port, .ipv6 = ipv6, .flags = SYN, .sequence = 99});
			send_segment((struct segment){.port = port,
						      .ipv6 = ipv6,
						      .back = true,
						      .flags = SYN | ACK,
						      .sequence = 4294967295u,
						      .acknowledged = 100});
		}
		for (size_t at = 0; at < len[0]; at++)
			for (uint16_t port = 1; port <= 4; port++)
				for (int back = 0; back < 2; back++)
					if (at < len[back])
						send_segment((struct segment){
							.port = port,
							.ipv6 = ipv6,
							.back = back,
							.flags = ACK,
							.sequence = (back ? 0 : 100) + (uint32_t)at,
							.text = text[back] + at,
							.len = 1});
		assert_told("back< back< back< back< there> there> there> there> ", "ipv6",
			    (size_t)ipv6);
		assert_int_equal(counters.value[WIRE_TCP_FLOWS], 4);
		assert_int_equal(counters.value[WIRE_TCP_NO_ROOM], 0);
	}
}

// Without a beginning: from each octet of the first message on, the others are told.
static void test_from_the_middle(void **state)
{
	char text[2048];
	size_t len = put_call(text), first = put_message(text, "c1", 100);

	put_call(text);
	for (size_t from = 0; from < first; from++) {
		prepare();
		for (size_t at = from; at < len; at += 50)
			data(7000 + (uint32_t)at, text + at, len - at < 50 ? len - at : 50);
		assert_told(from ? all + 4 : all, "from", from);
	}
}

// A segment that never comes: in a body it costs nothing, in headers one message; and only after
// some patience, or once the receiver says that it has it.
static void test_gaps(void **state)
{
	char text[2048];
	size_t len = put_call(text), first = put_message(text, "c1", 100);

	put_call(text);
	for (unsigned int in_body = 0; in_body < 2; in_body++) {
		for (unsigned int acked = 0; acked < 2; acked++) {
			size_t from = in_body ? first - 90 : 40, to = from + 30;
			uint64_t patience = (acked ? TCP_PATIENCE_ACKED_MS : TCP_PATIENCE_MS) * MS;
			prepare();
			mark(SYN, 999);
			data(1000, text, from);
			data(1000 + (uint32_t)to, text + to, len - to);
			if (acked)
				send_segment((struct segment){.back = true,
							      .flags = ACK,
							      .sequence = 5,
							      .acknowledged = 1000 + (uint32_t)len,
							      .text = "\r\n",
							      .len = 2});
			now_ns += patience - 1;
			tcp_flows_expire(flows, now_ns);
			assert_told("", "too early", in_body);
			now_ns += 1;
			tcp_flows_expire(flows, now_ns);
			assert_told(in_body ? all : all + 4, "in body", in_body);
			assert_int_equal(counters.value[WIRE_TCP_GAPS], 1);
			assert_int_equal(counters.value[WIRE_TCP_GAP_BYTES], 30);
			assert_int_equal(counters.value[WIRE_TCP_GAPS_IN_BODY], in_body);
			assert_int_equal(counters.value[WIRE_TCP_CUT_BODY], in_body);
			forget();
			// It comes after all: nothing new.
			data(1000 + (uint32_t)from, text + from, to - from);
			assert_told("", "late", in_body);
			assert_int_equal(counters.value[WIRE_TCP_SEEN_BEFORE], 1);
			data(1000 + (uint32_t)len, text, len);
			assert_told(all, "behind", in_body);
		}
	}
}

// More holes than are kept, or something too far away: the first hole is given up at once.
static void test_overflow(void **state)
{
	char text[8192];
	size_t len = 0;

	for (int i = 0; i < 20; i++) {
		char id[8];
		snprintf(id, sizeof(id), "m%d", i);
		len += put_message(text + len, id, 0);
	}
	size_t one = len / 20;
	prepare();
	mark(SYN, 999);
	// Every second message is missing.
	for (size_t i = 0; i < 9; i++)
		data(1000 + (uint32_t)((2 * i + 1) * one), text + (2 * i + 1) * one, one - 20);
	assert_int_equal(counters.value[WIRE_TCP_GAPS], 1);
	assert_int_equal(counters.value[WIRE_TCP_HELD], 9);
	tcp_flows_finish(flows, now_ns);
	assert_int_equal(counters.value[WIRE_TCP_GAPS], 9);
	prepare();
	mark(SYN, 999);
	data(1000, text, one);
	data(1000 + 100000, text + one, one);
	assert_told("m0> m1> ", "far", 0);
	assert_int_equal(counters.value[WIRE_TCP_GAP_BYTES], 100000 - one);
	// Too far to be the same connection.
	data(1000 + 500000000, text + 2 * one, one);
	data(1000 - 500000000, text + 3 * one, one);
	assert_told("m0> m1> m2> m3> ", "elsewhere", 0);
}

static void test_ends(void **state)
{
	char text[2048];
	size_t len = put_call(text), half = put_message(text, "c1", 100) - 50;

	put_call(text);
	// FIN behind half a body: what there is of it is told.
	prepare();
	mark(SYN, 999);
	data(1000, text, half);
	mark(FIN | ACK, 1000 + (uint32_t)half);
	assert_told("c1> ", "fin", 0);
	assert_int_equal(counters.value[WIRE_TCP_CUT_BODY], 1);
	// FIN before the octets that it ends.
	prepare();
	mark(SYN, 999);
	send_segment((struct segment){.flags = FIN | ACK,
				      .sequence = 1000 + (uint32_t)half,
				      .text = text + half,
				      .len = len - half});
	assert_told("", "early fin", 0);
	data(1000, text, half);
	assert_told(all, "early fin", 1);
	// RST with a sequence number from elsewhere, then one that fits.
	prepare();
	mark(SYN, 999);
	data(1000, text, half);
	mark(RST, 77777777);
	assert_told("", "foreign reset", 0);
	mark(RST, 1000 + (uint32_t)half);
	assert_told("c1> ", "reset", 0);
	// The port pair is used again, with and without an end before.
	for (int reset = 0; reset < 2; reset++) {
		prepare();
		mark(SYN, 999);
		data(1000, text, half - 100);
		if (reset)
			mark(RST, 1000 + (uint32_t)half - 100);
		mark(SYN, 5999);
		mark(SYN, 5999); // a mirror shows it twice
		data(6000, text, len);
		mark(SYN, 5999);
		data(6000 + (uint32_t)len, text, len);
		assert_told("c1> c2> c3> c1> c2> c3> ", "reset", (size_t)reset);
		assert_int_equal(counters.value[WIRE_TCP_FLOWS], 2);
		assert_int_equal(counters.value[WIRE_TCP_LOST], 0); // nothing proved it SIP
	}
	// A SYN behind the first octets.
	prepare();
	data(1000, text, half);
	mark(SYN, 999);
	data(1000 + (uint32_t)half, text + half, len - half);
	assert_told(all, "late", 0);
	assert_int_equal(counters.value[WIRE_TCP_FLOWS], 1);
	// Both ends: nothing of it is left, and an octet more is a new connection.
	prepare();
	mark(SYN, 999);
	send_segment((struct segment){
		.back = true, .flags = SYN | ACK, .sequence = 99, .acknowledged = 1000});
	data(1000, text, len);
	mark(FIN | ACK, 1000 + (uint32_t)len);
	send_segment((struct segment){.back = true, .flags = FIN | ACK, .sequence = 100});
	data(1000 + (uint32_t)len, text, len);
	assert_int_equal(counters.value[WIRE_TCP_FLOWS], 2);
}

// TLS, WebSocket, HTTP: left alone after the first octets, whatever comes then, in both directions,
// until the ports are used again.
static void test_foreign(void **state)
{
	static const struct {
		const char *text;
		enum wire_counter counter;
	} rows[] = {
		{"\x16\x03\x01\x02\x7f\x01\x01\x02\x03", WIRE_TCP_TLS},
		{"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", WIRE_TCP_WEBSOCKET},
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", WIRE_TCP_FOREIGN},
		{"SSH-2.0-x\r\n", WIRE_TCP_FOREIGN},
	};
	char text[2048];
	size_t len = put_call(text);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t first = strlen(rows[i].text);
		prepare();
		mark(SYN, 999);
		data(1000, rows[i].text, first);
		for (int n = 0; n < 100; n++)
			data(1000 + (uint32_t)(first + (size_t)n * len), text, len);
		send_segment((struct segment){
			.back = true, .flags = ACK, .sequence = 1, .text = text, .len = len});
		assert_told("", "foreign", i);
		assert_int_equal(counters.value[rows[i].counter], 1);
		assert_int_equal(counters.value[WIRE_TCP_FOREIGN], 1);
		assert_int_equal(counters.value[WIRE_TCP_SKIPPED_BYTES], 0);
		mark(SYN, 70000);
		data(70001, text, len);
		assert_told(all, "again", i);
	}
}

// More connections than there is room for: those that are not SIP go first, then the oldest.
static void test_eviction(void **state)
{
	char text[2048];
	size_t len = put_call(text);

	prepare_sized(8, TAILS); // one bucket
	for (uint16_t port = 0; port < 8; port++) {
		const char *what = port == 3 ? "SSH-2.0-x\r\n" : text;
		now_ns += MS;
		send_segment((struct segment){.port = port, .flags = SYN, .sequence = 999});
		send_segment((struct segment){.port = port,
					      .flags = ACK,
					      .sequence = 1000,
					      .text = what,
					      .len = port == 3 ? 11 : 300});
	}
	// The first one was used last.
	now_ns += MS;
	send_segment((struct segment){
		.port = 0, .flags = ACK, .sequence = 1300, .text = text + 300, .len = 10});
	forget();
	send_segment((struct segment){.port = 100, .flags = SYN, .sequence = 1});
	assert_int_equal(counters.value[WIRE_TCP_EVICTED], 0);
	now_ns += MS;
	send_segment((struct segment){.port = 101, .flags = SYN, .sequence = 1});
	assert_int_equal(counters.value[WIRE_TCP_EVICTED], 1);
	send_segment((struct segment){
		.port = 0, .flags = ACK, .sequence = 1310, .text = text + 310, .len = len - 310});
	assert_told(all + 4, "used last", 0);
	assert_int_equal(counters.value[WIRE_TCP_FLOWS], 10);
	// What has shown nothing yet went for 101. Now all are SIP, and it is the turn of the
	// oldest.
	send_segment((struct segment){
		.port = 101, .flags = ACK, .sequence = 2, .text = text, .len = 300});
	forget();
	send_segment((struct segment){.port = 102, .flags = SYN, .sequence = 1});
	assert_int_equal(counters.value[WIRE_TCP_EVICTED], 2);
	for (uint16_t port = 1; port <= 2; port++)
		send_segment((struct segment){.port = port,
					      .flags = ACK,
					      .sequence = 1300,
					      .text = text + 300,
					      .len = len - 300});
	assert_told("c3> c2> c3> ", "oldest", 0);
}

// More unfinished messages than there is room for: the one that waits longest gives way, told if
// its headers are whole.
static void test_no_room(void **state)
{
	char text[2048];
	size_t first = put_message(text, "c1", 100);

	prepare_sized(FLOWS, 16);
	for (uint16_t port = 0; port < 20; port++) {
		send_segment((struct segment){.port = port, .flags = SYN, .sequence = 999});
		send_segment((struct segment){.port = port,
					      .flags = ACK,
					      .sequence = 1000,
					      .text = text,
					      .len = port % 2 ? first - 50 : 60});
	}
	assert_int_equal(counters.value[WIRE_TCP_NO_ROOM], 4);
	assert_told("c1> c1> ", "no room", 0);
	forget();
	// Whose headers were whole is still in step.
	send_segment((struct segment){.port = 1,
				      .flags = ACK,
				      .sequence = 1000 + (uint32_t)first - 50,
				      .text = text + first - 50,
				      .len = 50});
	send_segment((struct segment){.port = 1,
				      .flags = ACK,
				      .sequence = 1000 + (uint32_t)first,
				      .text = text,
				      .len = first});
	assert_told("c1> ", "in step", 0);
}

// The end of a body that does not come: the message is told after some patience.
static void test_patience(void **state)
{
	char text[2048];
	size_t first = put_message(text, "c1", 100);

	prepare();
	mark(SYN, 999);
	data(1000, text, first - 1);
	now_ns += TCP_PATIENCE_MS * MS;
	tcp_flows_expire(flows, now_ns);
	assert_told("c1> ", "patience", 0);
	data(1000 + (uint32_t)first - 1, "\n", 1);
	data(1000 + (uint32_t)first, text, first);
	assert_told("c1> c1> ", "in step", 0);
	// Half of the headers waits.
	data(1000 + 2 * (uint32_t)first, text, 50);
	now_ns += 60 * TCP_PATIENCE_MS * MS;
	tcp_flows_expire(flows, now_ns);
	data(1000 + 2 * (uint32_t)first + 50, text + 50, first - 50);
	assert_told("c1> c1> c1> ", "headers", 0);
	// Nothing for very long: forgotten, and found again like one met in its middle.
	data(1000 + 3 * (uint32_t)first, text, 50);
	now_ns += TCP_IDLE_S * 1000 * MS;
	for (int i = 0; i < FLOWS; i++)
		tcp_flows_expire(flows, now_ns);
	assert_int_equal(counters.value[WIRE_TCP_IDLE], 1);
	assert_int_equal(counters.value[WIRE_TCP_LOST], 1);
	data(1000 + 4 * (uint32_t)first, text, first);
	assert_told("c1> c1> c1> c1> ", "again", 0);
}

// Longer than what is kept of a message: its body is cut, and what follows is in step.
static void test_long_bodies(void **state)
{
	static char text[200000];
	size_t long_one = put_message(text, "long", 60000), len = long_one;

	len += put_message(text + len, "next", 10);
	for (size_t part = 1000; part <= 65000; part *= 2) {
		prepare();
		mark(SYN, 999);
		for (size_t at = 0; at < len; at += part)
			data(1000 + (uint32_t)at, text + at, len - at < part ? len - at : part);
		assert_told("long> next> ", "part", part);
		assert_int_equal(counters.value[WIRE_TCP_GAPS], 0);
		assert_int_equal(counters.value[WIRE_TCP_SKIPPED_BYTES], 0);
	}
}

static int teardown(void **state)
{
	tcp_flows_free(flows);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_from_the_middle),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_long_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
