// SPDX-License-Identifier: Apache-2.0
#include "sip/gate.h"

#include "tests/sip/sip_test.h"

#define BYTES(text) text, sizeof(text) - 1
#define RTP         "\x80\x08\x12\x34\0\0\0\xa0\xde\xad\xbe\xef voice voice voice"
#define STUN        "\0\x01\0\0\x21\x12\xa4\x42 twelve bytes"

static const struct {
	const char *payload;
	size_t len;
	enum gate_verdict calls; // with gate_policy_calls(false, false)
	enum gate_verdict all;   // with .everything
} cases[] = {
	{BYTES("INVITE sip:a@b SIP/2.0\r\n"), GATE_PARSE, GATE_PARSE},
	{BYTES("BYE sip:a@b SIP/2.0\r\n"), GATE_PARSE, GATE_PARSE},
	{BYTES("CANCEL sip:a@b SIP/2.0\r\n"), GATE_PARSE, GATE_PARSE},
	{BYTES("ACK sip:a@b SIP/2.0\r\n"), GATE_IGNORE, GATE_PARSE},
	{BYTES("OPTIONS sip:a@b SIP/2.0\r\n"), GATE_IGNORE, GATE_PARSE},
	{BYTES("REGISTER sip:a@b SIP/2.0\r\n"), GATE_IGNORE, GATE_PARSE},
	{BYTES("SUBSCRIBE sip:a@b SIP/2.0\r\n"), GATE_IGNORE, GATE_PARSE},
	{BYTES("SIP/2.0 100 Trying\r\n"), GATE_IGNORE, GATE_PARSE},
	{BYTES("SIP/2.0 180 Ringing\r\n"), GATE_IGNORE, GATE_PARSE},
	{BYTES("SIP/2.0 183 Progress\r\n"), GATE_IGNORE, GATE_PARSE},
	{BYTES("SIP/2.0 200 OK\r\n"), GATE_PARSE, GATE_PARSE},
	{BYTES("SIP/2.0 401 Unauthorized\r\n"), GATE_PARSE, GATE_PARSE},
	{BYTES("SIP/2.0 487 Request Terminated\r\n"), GATE_PARSE, GATE_PARSE},
	{BYTES("sip/2.0 100 Trying\r\n"), GATE_IGNORE, GATE_PARSE},
	// Empty lines before a message.
	{BYTES("\r\n\r\nBYE sip:a@b SIP/2.0\r\n"), GATE_PARSE, GATE_PARSE},
	{BYTES("\r\n\r\nOPTIONS sip:a@b SIP/2.0\r\n"), GATE_IGNORE, GATE_PARSE},
	// Methods nobody knows, schemes nobody knows.
	{BYTES("NEWMETHOD sip:a@b SIP/2.0\r\n"), GATE_IGNORE, GATE_PARSE},
	{BYTES("invite sip:a@b SIP/2.0\r\n"), GATE_IGNORE, GATE_PARSE},
	{BYTES("X tel:+1 SIP/2.0\r\n"), GATE_IGNORE, GATE_PARSE},
	{BYTES("NEW foo:bar SIP/2.0\r\n"), GATE_IGNORE, GATE_PARSE},
	{BYTES("NEW foo:bar SIP/3.0\n"), GATE_IGNORE, GATE_PARSE},
	{BYTES("NEW sip:cut"), GATE_IGNORE, GATE_PARSE},
	// What can't be right is for the parser to say.
	{BYTES("SIP/7.0 200 OK\r\n"), GATE_PARSE, GATE_PARSE},
	{BYTES("SIP/2.0 2OO OK\r\n"), GATE_PARSE, GATE_PARSE},
	{BYTES("SIP/2.0 4294967301 big\r\n"), GATE_PARSE, GATE_PARSE},
	{BYTES("SIP/2.0"), GATE_PARSE, GATE_PARSE},
	{BYTES("SIP/"), GATE_PARSE, GATE_PARSE},
	{BYTES("INVITE <sip:a@b> SIP/2.0\r\n"), GATE_PARSE, GATE_PARSE},
	{BYTES("INVITE  sip:a@b  SIP/2.0\r\n"), GATE_PARSE, GATE_PARSE},
	{BYTES("INVITE sip:cut"), GATE_PARSE, GATE_PARSE},
	{BYTES("INVITE "), GATE_PARSE, GATE_PARSE},
	{BYTES("INFO  sip:a@b SIP/2.0\r\n"), GATE_IGNORE, GATE_PARSE},
	{BYTES("OPTIONS <sip:a@b> SIP/2.0\r\n"), GATE_IGNORE, GATE_PARSE},
	// Not SIP.
	{BYTES(""), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("SIP"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("INVITE"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("GET /SIP/2.0 HTTP/1.1\r\n\r\n"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("OPTIONS rtsp://a/b RTSP/1.0\r\nCSeq: 1\r\n"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("INFO link is down\n"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("hello world\r\n"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("hello SIP/2.0"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("jaK\n"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES(RTP), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("\x80\xc8\0\x06 rtcp"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("\r\n\r\n\x80garbage"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("\r\n\r\n\x01"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("\0\0\0\0x"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("\x7f"), GATE_NOT_SIP, GATE_NOT_SIP},
	// Keep-alives (RFC 5626 3.5.1, 4.4.1 and what phones make of them).
	{BYTES("\r\n"), GATE_KEEPALIVE, GATE_KEEPALIVE},
	{BYTES("\r\n\r\n"), GATE_KEEPALIVE, GATE_KEEPALIVE},
	{BYTES("\0"), GATE_KEEPALIVE, GATE_KEEPALIVE},
	{BYTES("\0\0\0\0"), GATE_KEEPALIVE, GATE_KEEPALIVE},
	{BYTES(STUN), GATE_STUN, GATE_STUN},
	{BYTES("\x01\x01\0\x0c\x21\x12\xa4\x42 twelve bytes and more"), GATE_STUN, GATE_STUN},
	{BYTES("\0\x01\0\0\x21\x12\xa4\x42 short"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"), GATE_TLS, GATE_TLS},
	{BYTES("\x17\x03\x03\0\x20 data"), GATE_TLS, GATE_TLS},
	{BYTES("\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x80\x01"), GATE_TLS, GATE_TLS},
	{BYTES("\x17\xfe\xfd\0\x01\0\0\0\0\0\x01\0\x20"), GATE_TLS, GATE_TLS},
	{BYTES("\x16\x03\x01"), GATE_NOT_SIP, GATE_NOT_SIP},
	{BYTES("\x16\x04\x01\0\0"), GATE_NOT_SIP, GATE_NOT_SIP},
};

static void test_table(void **state)
{
	struct gate_policy calls = gate_policy_calls(false, false);
	struct gate_policy all = {.everything = true};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *copy = exact_copy(cases[i].payload, cases[i].len);
		enum gate_verdict calls_verdict = gate_classify(&calls, copy, cases[i].len);
		enum gate_verdict all_verdict = gate_classify(&all, copy, cases[i].len);

		if (calls_verdict != cases[i].calls || all_verdict != cases[i].all)
			fail_msg("%zu \"%.40s\": %s, %s", i, cases[i].payload,
				 gate_verdict_name(calls_verdict), gate_verdict_name(all_verdict));
		free(copy);
	}
}

static void test_policy_of_calls(void **state)
{
	static const struct {
		const char *line;
		bool early, ack;
		enum gate_verdict verdict;
	} lines[] = {
		{"SIP/2.0 100 Trying\r\n", true, true, GATE_IGNORE},
		{"SIP/2.0 180 Ringing\r\n", true, false, GATE_PARSE},
		{"SIP/2.0 180 Ringing\r\n", false, true, GATE_IGNORE},
		{"ACK sip:a@b SIP/2.0\r\n", false, true, GATE_PARSE},
		{"ACK sip:a@b SIP/2.0\r\n", true, false, GATE_IGNORE},
		{"SIP/2.0 407 Proxy Authentication Required\r\n", false, false, GATE_PARSE},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct gate_policy policy = gate_policy_calls(lines[i].early, lines[i].ack);

		assert_int_equal(gate_classify(&policy, lines[i].line, strlen(lines[i].line)),
				 lines[i].verdict);
	}
}

// What may carry an offer or an answer passes if it ends like one, whatever else is set.
static void test_descriptions(void **state)
{
	static const char head[] = "Via: SIP/2.0/UDP h\r\nContent-Type: application/sdp\r\n";
	static const struct {
		const char *start, *end;
		enum gate_verdict verdict;
	} rows[] = {
		{"SIP/2.0 183 Progress", "\r\nv=0\r\nm=audio 6000 RTP/AVP 0\r\n", GATE_PARSE},
		{"SIP/2.0 180 Ringing", "\r\nv=0\r\na=sendrecv", GATE_PARSE},
		{"SIP/2.0 183 Progress", "\nv=0\na=sendrecv\n", GATE_PARSE},
		{"SIP/2.0 183 Progress", "\r\nv=0\r\na=sendrecv\r\n\r\n", GATE_PARSE},
		{"SIP/2.0 183 Progress", "\r\n--b\r\n\r\nv=0\r\n--b--\r\n", GATE_PARSE},
		{"SIP/2.0 183 Progress", "Content-Length: 0\r\n\r\n", GATE_IGNORE},
		{"SIP/2.0 180 Ringing", "l:0\r\n\r\n", GATE_IGNORE},
		{"SIP/2.0 180 Ringing", "\r\n\r\n\r\n", GATE_IGNORE},
		{"SIP/2.0 100 Trying", "\r\nv=0\r\na=sendrecv\r\n", GATE_IGNORE},
		{"ACK sip:a@b SIP/2.0", "\r\nv=0\r\na=sendrecv\r\n", GATE_PARSE},
		{"ACK sip:a@b SIP/2.0", "Content-Length: 0\r\n\r\n", GATE_IGNORE},
		{"PRACK sip:a@b SIP/2.0", "\r\nv=0\r\na=sendrecv\r\n", GATE_PARSE},
		{"PRACK sip:a@b SIP/2.0", "Content-Length: 0\r\n\r\n", GATE_IGNORE},
		{"UPDATE sip:a@b SIP/2.0", "\r\nv=0\r\na=sendrecv\r\n", GATE_PARSE},
		{"UPDATE sip:a@b SIP/2.0", "Content-Length: 0\r\n\r\n", GATE_IGNORE},
		{"OPTIONS sip:a@b SIP/2.0", "\r\nv=0\r\na=sendrecv\r\n", GATE_IGNORE},
	};
	struct gate_policy policy = gate_policy_calls(false, false);
	char text[2048], line[700];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int len = snprintf(text, sizeof(text), "%s\r\n%s%s", rows[i].start, head,
				   rows[i].end);
		char *copy = exact_copy(text, (size_t)len);

		if (gate_classify(&policy, copy, (size_t)len) != rows[i].verdict)
			fail_msg("%s", text);
		free(copy);
	}
	// A last line longer than any header is one of a description.
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	int len = snprintf(text, sizeof(text), "%s\r\n%s\r\nv=0\r\na=%s", rows[0].start, head,
			   line);
	assert_int_equal(gate_classify(&policy, text, (size_t)len), GATE_PARSE);
	policy.descriptions = false;
	assert_int_equal(gate_classify(&policy, text, (size_t)len), GATE_IGNORE);
}

static void test_challenges_may_be_let_go(void **state)
{
	struct gate_policy policy = gate_policy_calls(false, false);

	policy.challenges = false;
	assert_int_equal(gate_classify(&policy, BYTES("SIP/2.0 401 Unauthorized\r\n")),
			 GATE_IGNORE);
	assert_int_equal(gate_classify(&policy, BYTES("SIP/2.0 403 Forbidden\r\n")), GATE_PARSE);
}

// What a gate lets go as "not SIP" must not be a message that the parser would take.
static void test_nothing_good_is_lost(void **state)
{
	static const char rest[] = "Via: SIP/2.0/UDP h\r\nFrom: <sip:a@b>\r\nTo: <sip:a@b>\r\n"
				   "Call-ID: 1\r\nCSeq: 1 M\r\n\r\n";
	static const char alphabet[] = "M .:/SsIiPp20\r\n\t\x01z%";
	struct gate_policy all = {.everything = true};
	uint64_t random = test_seed();
	unsigned int taken = 0;

	for (int round = 0; round < 200000; round++) {
		char text[256] = "M sip:x SIP/2.0\r\n";
		size_t len = strlen(text);
		struct sip_msg msg;

		for (int i = 0; i < 2; i++) {
			uint64_t pick = next_random(&random);

			text[pick % len] = alphabet[(pick >> 16) % (sizeof(alphabet) - 1)];
		}
		memcpy(text + len, rest, sizeof(rest));
		len += sizeof(rest) - 1;
		if (sip_msg_parse(text, len, &msg) != SIP_REJECT_NONE)
			continue;
		taken++;
		if (gate_classify(&all, text, len) != GATE_PARSE)
			fail_msg("%s", text);
	}
	assert_true(taken > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_policy_of_calls),
		cmocka_unit_test(test_descriptions),
		cmocka_unit_test(test_challenges_may_be_let_go),
		cmocka_unit_test(test_nothing_good_is_lost),
	};

	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
