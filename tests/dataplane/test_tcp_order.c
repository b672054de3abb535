// SPDX-License-Identifier: Apache-2.0
// Segments in every order, twice, overlapping, missing, from the middle on, and too many at a time.
// What comes out is compared with the messages that went in.
#include "tcp_test.h"

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

// What follows a hole while it is open makes it wait no longer, nor does what the receiver says of
// octets before it.
static void test_patience_of_holes(void **state)
{
	char text[2048];
	size_t len = put_call(text);

	prepare();
	mark(SYN, 999);
	data(1000, text, 40);
	data(1000 + 70, text + 70, 30);
	send_segment((struct segment){.back = true,
				      .flags = ACK,
				      .sequence = 5,
				      .acknowledged = 1000 + 40,
				      .text = "\r\n",
				      .len = 2});
	now_ns += TCP_PATIENCE_MS * MS - 1;
	tcp_flows_expire(flows, now_ns);
	assert_int_equal(counters.value[WIRE_TCP_GAPS], 0);
	data(1000 + 100, text + 100, len - 100);
	now_ns += 1;
	tcp_flows_expire(flows, now_ns);
	assert_int_equal(counters.value[WIRE_TCP_GAPS], 1);
	assert_told(all + 4, "in time", 0);
}

// More holes than are kept: the first one is given up at once.
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
}

// Far from all others: read on its own, and no more than that, until another one goes on behind it.
static void test_strays(void **state)
{
	static const int32_t places[] = {-2000000000, -40000, 40000, 100000, 2000000, 2000000000};
	char text[4096];
	size_t len = 0;

	for (int i = 0; i < 9; i++) {
		char id[8];
		snprintf(id, sizeof(id), "m%d", i);
		len += put_message(text + len, id, 0);
	}
	uint32_t one = (uint32_t)len / 9;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint32_t there = 70000 + (uint32_t)places[i];
		bool old = places[i] == -40000; // not so far back that it could not be known
		prepare();
		mark(SYN, 69999);
		data(70000, text, one + 50);
		data(there, text + 5 * one, one);
		assert_told(old ? "m0> " : "m0> m5> ", "stray", i);
		data(70000 + one + 50, text + one + 50, one - 50);
		assert_told(old ? "m0> m1> " : "m0> m5> m1> ", "in step", i);
		assert_int_equal(counters.value[WIRE_TCP_STRAY], !old);
		assert_int_equal(counters.value[WIRE_TCP_SKIPPED_BYTES], 0);
		assert_int_equal(counters.value[WIRE_TCP_GAPS], 0);
		// Half a message in it is nothing to anybody.
		data(there, text + 5 * one, one - 7);
		assert_int_equal(counters.value[WIRE_TCP_SKIPPED_BYTES], old ? 0 : one - 7);
		// In the first message, when nothing has shown yet that it is SIP.
		prepare();
		data(70000, text, 50);
		data(there, text + 5 * one, one);
		data(70000 + 50, text + 50, one - 50);
		assert_told(old ? "m0> " : "m5> m0> ", "stray at first", i);
		if (old)
			continue;
		// A second one, and the octets in between never come.
		data(70000 + one, text + one, one);
		forget();
		data(there + one, text + 6 * one, one + 50);
		data(there + 2 * one + 50, text + 7 * one + 50, one - 50);
		assert_told("m6> m7> ", "believed", i);
		assert_int_equal(counters.value[WIRE_TCP_GAPS], 1);
		// It was made up, too: the others go on where they were.
		forget();
		data(70000 + 2 * one, text + 2 * one, one);
		data(70000 + 3 * one, text + 3 * one, 50);
		data(70000 + 3 * one + 50, text + 3 * one + 50, 2 * one - 50);
		assert_told("m2> m3> m4> ", "back", i);
	}
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
	// 40,000 octets of it are missing, more than a window of ours.
	prepare();
	mark(SYN, 999);
	data(1000, text + long_one, len - long_one);
	for (size_t at = 0; at < len; at += 1000)
		if (at < 10000 || at >= 50000)
			data(1000 + (uint32_t)(len - long_one + at), text + at,
			     len - at < 1000 ? len - at : 1000);
	assert_told("next> long> next> ", "gap", 0);
	assert_int_equal(counters.value[WIRE_TCP_STRAY], 1);
	assert_int_equal(counters.value[WIRE_TCP_GAPS_IN_BODY], 1);
}

static int teardown(void **state)
{
	tcp_flows_free(flows);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),      cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_cuts),        cmocka_unit_test(test_from_the_middle),
		cmocka_unit_test(test_gaps),        cmocka_unit_test(test_patience_of_holes),
		cmocka_unit_test(test_overflow),    cmocka_unit_test(test_strays),
		cmocka_unit_test(test_no_room),     cmocka_unit_test(test_patience),
		cmocka_unit_test(test_long_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
