// SPDX-License-Identifier: Apache-2.0
// Connections that begin, end, are none of ours, and are too many; both directions of each.
#include "tcp_test.h"

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

// The same addresses, ports and sequence numbers in three networks and two VLANs, segment by
// segment.
static void test_networks(void **state)
{
	char text[2048];
	size_t len = put_message(text, "c1", 100);

	prepare();
	for (size_t at = 0; at < len; at += 90)
		for (uint32_t i = 0; i < 6; i++)
			send_segment((struct segment){.network = i / 2,
						      .vlan = i % 2 ? 7 : 0,
						      .flags = ACK,
						      .sequence = 1000 + (uint32_t)at,
						      .text = text + at,
						      .len = len - at < 90 ? len - at : 90});
	assert_told("c1> c1> c1> c1> c1> c1> ", "networks", 0);
	assert_int_equal(counters.value[WIRE_TCP_FLOWS], 6);
	assert_int_equal(counters.value[WIRE_TCP_SEEN_BEFORE], 0);
}

// From an address to itself, as on a loopback: the ports tell the directions apart.
static void test_one_address(void **state)
{
	char text[2048];
	size_t len = put_call(text);

	prepare();
	for (size_t at = 0; at < len; at += 50)
		for (int back = 0; back < 2; back++)
			send_segment((struct segment){.alone = true,
						      .back = back,
						      .flags = ACK,
						      .sequence = 1000 + (uint32_t)at,
						      .text = text + at,
						      .len = len - at < 50 ? len - at : 50});
	assert_told("c1> c1< c2> c2< c3> c3< ", "alone", 0);
	assert_int_equal(counters.value[WIRE_TCP_FLOWS], 1);
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
	// Where a capture cut the segment that has the FIN, nobody knows where it is.
	prepare();
	mark(SYN, 999);
	send_segment((struct segment){
		.cut = true, .flags = FIN | ACK, .sequence = 1000, .text = text, .len = half});
	assert_told("", "cut fin", 0);
	data(1000 + (uint32_t)half, text + half, len - half);
	assert_told(all, "cut fin", 1);
	// FINs that fit nowhere, then one that does.
	prepare();
	mark(SYN, 999);
	data(1000, text, half);
	mark(FIN | ACK, 1000 - 500000);
	mark(FIN | ACK, 1000 + 500000000);
	assert_told("", "foreign fin", 0);
	mark(FIN | ACK, 1000 + (uint32_t)half);
	assert_told("c1> ", "fin", 1);
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

// A SYN alone changes nothing, as anybody can send one. Octets behind it do, wherever they are.
static void test_syns(void **state)
{
	static const uint32_t places[] = {100000000, 4000, 400, 0xffff0000};
	char text[2048];
	size_t len = put_call(text), half = put_message(text, "c1", 100) / 2;

	put_call(text);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint32_t again = 1000 + 2 * (uint32_t)len + places[i];
		prepare();
		mark(SYN, 999);
		data(1000, text, len);
		data(1000 + (uint32_t)len, text, half);
		mark(SYN, again - 1);
		send_segment((struct segment){.back = true, .flags = SYN, .sequence = 7});
		forget();
		data(1000 + (uint32_t)(len + half), text + half, len - half);
		assert_told(all, "made up", i);
		assert_int_equal(counters.value[WIRE_TCP_FLOWS], 2);
		forget();
		mark(SYN, again - 1);
		data(again, text, half);
		data(again + (uint32_t)half, text + half, len - half);
		assert_told(all, "used again", i);
		assert_int_equal(counters.value[WIRE_TCP_GAPS], 0);
		assert_int_equal(counters.value[WIRE_TCP_HELD], 0);
		assert_int_equal(counters.value[WIRE_TCP_LOST], 0);
		assert_int_equal(counters.value[WIRE_TCP_FLOWS], 2);
		// In the first message, when nothing has shown yet that it is SIP.
		prepare();
		mark(SYN, 999);
		data(1000, text, half);
		mark(SYN, again - 1);
		data(1000 + (uint32_t)half, text + half, len - half);
		assert_told(all, "made up at first", i);
	}
	// The answer was faster than what it answers.
	prepare();
	send_segment((struct segment){
		.back = true, .flags = SYN | ACK, .sequence = 99, .acknowledged = 1000});
	mark(SYN, 999);
	for (int back = 0; back < 2; back++)
		send_segment((struct segment){.back = back,
					      .flags = ACK,
					      .sequence = back ? 100 : 1000,
					      .text = text,
					      .len = len});
	assert_told("c1> c2> c3> c1< c2< c3< ", "answer first", 0);
	assert_int_equal(counters.value[WIRE_TCP_FLOWS], 1);
}

// A SYN that carries octets (RFC 7413), half a message of them: the answer says that they arrived,
// or that they have to come again.
static void test_octets_of_a_syn(void **state)
{
	char text[2048];
	size_t len = put_call(text), half = put_message(text, "c1", 100) - 50;

	put_call(text);
	for (int arrived = 0; arrived < 2; arrived++) {
		uint32_t next = 1000 + (arrived ? (uint32_t)half : 0);
		prepare();
		send_segment(
			(struct segment){.flags = SYN, .sequence = 999, .text = text, .len = half});
		send_segment((struct segment){
			.back = true, .flags = SYN | ACK, .sequence = 99, .acknowledged = next});
		data(next, text + (next - 1000), len - (next - 1000));
		assert_told(all, "arrived", (size_t)arrived);
		assert_int_equal(counters.value[WIRE_TCP_FLOWS], 1);
		assert_int_equal(counters.value[WIRE_TCP_CUT_BODY], 0);
	}
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

static int teardown(void **state)
{
	tcp_flows_free(flows);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directions),  cmocka_unit_test(test_networks),
		cmocka_unit_test(test_one_address), cmocka_unit_test(test_ends),
		cmocka_unit_test(test_syns),        cmocka_unit_test(test_octets_of_a_syn),
		cmocka_unit_test(test_foreign),     cmocka_unit_test(test_eviction),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
