// SPDX-License-Identifier: Apache-2.0
// Which messages are of a call and of a user, by all the ways in which both are written.
#include "dataplane/capture_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct siphash_key key = {{5, 6}};
static struct capture_filter filter;
static struct capture_calls calls;

// texts: with a blank between them.
static void prepare(enum capture_kind kind, const char *texts)
{
	static struct capture_request request;

	memset(&request, 0, sizeof(request));
	memset(&calls, 0, sizeof(calls));
	request.kind = kind;
	snprintf(request.text, sizeof(request.text) - 1, "%s", texts);
	for (char *at = request.text; (at = strchr(at, ' ')) != NULL;)
		*at = '\0';
	capture_filter_set(&filter, &request, &calls, &key);
}

// In a buffer of exactly its size.
static bool wants(const char *text)
{
	size_t len = strlen(text);
	char *exact = malloc(len);
	struct sip_msg msg;

	memcpy(exact, text, len);
	enum sip_reject reject = sip_msg_parse(exact, len, &msg);
	bool wanted = capture_filter_wants(&filter, exact, len, reject, &msg);
	free(exact);
	return wanted;
}

static const char *message(const char *start, const char *call_id, const char *from, const char *to,
			   const char *more)
{
	static char text[8192];

	snprintf(text, sizeof(text),
		 "%s\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <%s>;tag=a\r\n"
		 "To: <%s>\r\nCall-ID: %s\r\nCSeq: 1 %s\r\n%sContent-Length: 0\r\n\r\n",
		 start, from, to, call_id, strncmp(start, "ACK", 3) ? "OPTIONS" : "ACK", more);
	return text;
}

static void test_call(void **state)
{
	static const struct {
		const char *asked, *call_id;
		bool wanted;
	} rows[] = {
		{"1@x", "1@x", true},   {"1@x", "11@x", false},
		{"1@x", "1@xx", false}, {"1@x", "1@X", false}, // compared octet by octet
		{"1", "1@x", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		prepare(CAPTURE_CALL, rows[i].asked);
		for (int ack = 0; ack < 2; ack++)
			if (wants(message(
				    ack ? "ACK sip:b@x SIP/2.0" : "OPTIONS sip:b@x SIP/2.0",
				    rows[i].call_id, "sip:a@x", "sip:b@x",
				    "Subject: 1@x\r\nReplaces: 1@x;to-tag=1;from-tag=2\r\n")) !=
			    rows[i].wanted)
				fail_msg("%s: %s", rows[i].asked, rows[i].call_id);
	}
}

// As far as the list of calls shows it.
static void test_long_call_id(void **state)
{
	char shown[97], whole[200];

	memset(shown, 'a', 96);
	shown[96] = '\0';
	snprintf(whole, sizeof(whole), "%sbcd@x", shown);
	prepare(CAPTURE_CALL, shown);
	assert_true(wants(message("OPTIONS sip:b@x SIP/2.0", whole, "sip:a@x", "sip:b@x", "")));
	prepare(CAPTURE_CALL, shown + 1);
	assert_false(wants(message("OPTIONS sip:b@x SIP/2.0", whole, "sip:a@x", "sip:b@x", "")));
}

static void test_malformed(void **state)
{
	static const struct {
		enum capture_kind kind;
		const char *asked, *text;
		bool wanted;
	} rows[] = {
		{CAPTURE_CALL, "1@x", "INVITE sip:b@x SIP/2.0\r\nCall-ID: 1@x\r\nTo: b", true},
		{CAPTURE_CALL, "1@x", "INVITE sip:b@x SIP/2.0\r\ni:1@x", true},
		{CAPTURE_CALL, "1@x", "INVITE sip:b@x SIP/2.0\r\nCall-ID: 11@x\r\n", false},
		{CAPTURE_CALL, "1@x", "INVITE sip:b@x SIP/2.0\r\nCall-ID: 1@xy\r\n", false},
		{CAPTURE_CALL, "1@x", "INVITE sip:b@x SIP/2.0\r\n", false},
		{CAPTURE_USER, "bob", "INVITE sip:bob@x SIP/2.0\r\n", true},
		{CAPTURE_USER, "bob", "INVITE sip:b@x SIP/2.0\r\nFrom: <sip:bob;x@y>\r\n", true},
		{CAPTURE_USER, "4930", "INVITE tel:+4930 SIP/2.0\r\n", true},
		{CAPTURE_USER, "bob", "INVITE sip:bobby@x SIP/2.0\r\n", false},
		{CAPTURE_REJECTED, "", "INVITE sip:bobby@x SIP/2.0\r\n", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		prepare(rows[i].kind, rows[i].asked);
		if (wants(rows[i].text) != rows[i].wanted)
			fail_msg("%s: %s", rows[i].asked, rows[i].text);
	}
	prepare(CAPTURE_REJECTED, "");
	assert_false(wants(message("OPTIONS sip:b@x SIP/2.0", "1", "sip:a@x", "sip:b@x", "")));
}

static void test_user(void **state)
{
	static const struct {
		const char *asked, *uri;
		bool wanted;
	} rows[] = {
		{"john.doe", "sip:john.doe@gw", true},
		{"john.doe", "sip:JOHN.doe@other.example:5061;transport=tcp", true},
		{"john.doe", "sips:john%2edoe@gw", true},
		{"john.doe", "sip:john.doe2@gw", false},
		{"john.doe", "sip:john@doe", false},
		{"john.doe", "sip:gw", false},
		{"+4930123456", "sip:+4930123456@gw;user=phone", true},
		{"+4930123456", "tel:+49-30-123456", true},
		{"+4930123456", "tel:+49-30-123456;phone-context=x", true},
		{"+49 (30) 123-456", "sip:4930123456@gw", true},
		{"+4930123456", "sip:00493012345600@gw", false},
		{"+4930123456", "sip:004930123456@gw", true},
		{"+4930123456", "sip:030123456@gw", true},
		{"+4930123456", "sip:030123456;ext=9@gw", true},
		{"+4930123456", "sip:3456@gw", false}, // the end of many
		{"17", "sip:17@gw", true},
		{"17", "sip:117@gw", false},
		{"17", "sip:170@gw", false},
		{"17 alice", "sip:alice@gw", true},
		{"0", "sip:0@gw", true},
		{"alice", "sip:17@gw", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char more[300];

		prepare(CAPTURE_USER, strchr(rows[i].asked, '(') ? "" : rows[i].asked);
		if (strchr(rows[i].asked, '(')) {
			static struct capture_request request = {.kind = CAPTURE_USER};
			strcpy(request.text, rows[i].asked);
			capture_filter_set(&filter, &request, &calls, &key);
		}
		const char *other = "sip:x@y", *options = "OPTIONS sip:x@y SIP/2.0";
		snprintf(more, sizeof(more), "P-Asserted-Identity: <%s>\r\n", rows[i].uri);
		if (wants(message(options, "1", rows[i].uri, other, "")) != rows[i].wanted)
			fail_msg("%s: From %s", rows[i].asked, rows[i].uri);
		if (wants(message(options, "2", other, rows[i].uri, "")) != rows[i].wanted)
			fail_msg("%s: To %s", rows[i].asked, rows[i].uri);
		if (wants(message(options, "3", other, other, more)) != rows[i].wanted)
			fail_msg("%s: P-Asserted-Identity %s", rows[i].asked, rows[i].uri);
		snprintf(more, sizeof(more), "OPTIONS %s SIP/2.0", rows[i].uri);
		if (wants(message(more, "4", other, other, "")) != rows[i].wanted)
			fail_msg("%s: Request-URI %s", rows[i].asked, rows[i].uri);
	}
}

// Once it named the user, all of a call is the user's.
static void test_users_call(void **state)
{
	const char *options = "OPTIONS sip:x@y SIP/2.0";

	prepare(CAPTURE_USER, "bob");
	assert_false(wants(message(options, "1@x", "sip:a@x", "sip:c@x", "")));
	assert_true(wants(message(options, "1@x", "sip:bob@x", "sip:c@x", "")));
	assert_true(wants(message(options, "1@x", "sip:a@x", "sip:c@x", "")));
	assert_false(wants(message(options, "2@x", "sip:a@x", "sip:c@x", "")));
}

// A request full of texts, from a presence that may write what it likes.
static void test_many_texts(void **state)
{
	static struct capture_request request = {.kind = CAPTURE_USER};

	for (size_t i = 0; i + 2 < sizeof(request.text); i += 2)
		memcpy(request.text + i, "a", 2);
	capture_filter_set(&filter, &request, &calls, &key);
	assert_int_equal(filter.texts, CAPTURE_TEXTS);
	memset(request.text, '1', sizeof(request.text) - 2);
	capture_filter_set(&filter, &request, &calls, &key);
	assert_int_equal(filter.texts, 1);
	assert_false(wants(message("OPTIONS sip:1@y SIP/2.0", "1", "sip:11@x", "sip:c@x", "")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),       cmocka_unit_test(test_long_call_id),
		cmocka_unit_test(test_malformed),  cmocka_unit_test(test_user),
		cmocka_unit_test(test_users_call), cmocka_unit_test(test_many_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
