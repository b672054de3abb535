// SPDX-License-Identifier: Apache-2.0
// From payload to event: which messages make one, what is in it, where its limits are, and that
// every payload moves exactly one counter of each kind.
#include "dataplane/look.h"

#include "dataplane/frame.h"
#include "link/call_event.h"
#include "link/counters.h"
#include "sip/msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct siphash_key key = {{3, 4}};
static struct wire_counters counters;
static struct look look;
static struct call_event event;
static struct frame frame = {.verdict = FRAME_DATAGRAM,
			     .version = 4,
			     .source_port = 5060,
			     .target_port = 5070,
			     .source = {10, 0, 0, 1},
			     .target = {10, 0, 0, 2}};

static void prepare(bool early, bool ack, bool everything)
{
	memset(&counters, 0, sizeof(counters));
	look = (struct look){.key = key, .counters = &counters, .lcore = 3};
	look_follow(&look, early, ack, everything);
}

// In a buffer of exactly its size.
static bool look_text(const char *text)
{
	size_t len = strlen(text);
	char *exact = malloc(len ? len : 1);

	memcpy(exact, text, len);
	bool made = look_payload(&look, &frame, exact, len, 77, &event);
	free(exact);
	return made;
}

static const char *message(const char *start, const char *to_tag, const char *cseq,
			   const char *extra)
{
	static char text[4096];

	snprintf(text, sizeof(text),
		 "%s\r\n"
		 "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
		 "From: \"A\" <sip:+4930111@sbc.example>;tag=a1\r\n"
		 "To: <sip:+4930222@sbc.example>%s\r\n"
		 "Call-ID: call-1@sbc\r\n"
		 "CSeq: 7 %s\r\n"
		 "%s"
		 "Content-Length: 0\r\n\r\n",
		 start, to_tag, cseq, extra);
	return text;
}

static const struct {
	const char *start, *to_tag, *cseq;
	bool plain, early, ack; // makes an event with this setting alone
} rows[] = {
	{"INVITE sip:b@x SIP/2.0", "", "INVITE", true, true, true},
	{"INVITE sip:b@x SIP/2.0", ";tag=b1", "INVITE", true, true, true},
	{"BYE sip:b@x SIP/2.0", ";tag=b1", "BYE", true, true, true},
	{"CANCEL sip:b@x SIP/2.0", "", "CANCEL", true, true, true},
	{"ACK sip:b@x SIP/2.0", ";tag=b1", "ACK", false, false, true},
	{"OPTIONS sip:b@x SIP/2.0", "", "OPTIONS", false, false, false},
	{"REGISTER sip:x SIP/2.0", "", "REGISTER", false, false, false},
	{"SIP/2.0 100 Trying", "", "INVITE", false, false, false},
	{"SIP/2.0 180 Ringing", ";tag=b1", "INVITE", false, true, false},
	{"SIP/2.0 200 OK", ";tag=b1", "INVITE", true, true, true},
	{"SIP/2.0 486 Busy Here", ";tag=b1", "INVITE", true, true, true},
	{"SIP/2.0 200 OK", ";tag=b1", "BYE", true, true, true},
	{"SIP/2.0 481 Gone", ";tag=b1", "BYE", true, true, true},
	{"SIP/2.0 200 OK", ";tag=b1", "UPDATE", true, true, true},
	{"SIP/2.0 200 OK", ";tag=b1", "REGISTER", false, false, false},
};

static void test_which(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = message(rows[i].start, rows[i].to_tag, rows[i].cseq, "");
		// everything: counts more, tells the same
		for (int everything = 0; everything < 2; everything++) {
			prepare(false, false, everything);
			if (look_text(text) != rows[i].plain)
				fail_msg("%s %s", rows[i].start, rows[i].cseq);
			prepare(true, false, everything);
			if (look_text(text) != rows[i].early)
				fail_msg("early: %s %s", rows[i].start, rows[i].cseq);
			prepare(false, true, everything);
			if (look_text(text) != rows[i].ack)
				fail_msg("ack: %s %s", rows[i].start, rows[i].cseq);
			assert_int_equal(counters.value[WIRE_SIP_MESSAGES], 1);
			if (everything)
				assert_int_equal(counters.value[WIRE_SIP_PARSED], 1);
		}
	}
}

// Names travel where presence may look for the parties, the Call-ID always.
static void test_names(void **state)
{
	static const struct {
		const char *start, *cseq;
		bool names;
	} messages[] = {
		{"INVITE sip:b@x SIP/2.0", "INVITE", true},
		{"SIP/2.0 180 Ringing", "INVITE", true},
		{"SIP/2.0 200 OK", "INVITE", true},
		{"SIP/2.0 200 OK", "UPDATE", true},
		{"SIP/2.0 486 Busy Here", "INVITE", false},
		{"BYE sip:b@x SIP/2.0", "BYE", false},
		{"SIP/2.0 200 OK", "BYE", false},
		{"CANCEL sip:b@x SIP/2.0", "CANCEL", false},
	};

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		prepare(true, true, false);
		assert_true(look_text(
			message(messages[i].start, ";tag=b1", messages[i].cseq,
				"P-Asserted-Identity: <sip:john@x>\r\nUser-Agent: Phone\r\n")));
		for (int text = 0; text < EVENT_TEXT_COUNT; text++)
			if (event.text[text].len != 0 && text != EVENT_TEXT_CALL_ID &&
			    !messages[i].names)
				fail_msg("%s %s has text %d", messages[i].start, messages[i].cseq,
					 text);
		assert_int_equal(event.text[EVENT_TEXT_CALL_ID].len, strlen("call-1@sbc"));
		assert_int_equal(event.text[EVENT_TEXT_FROM].len != 0, messages[i].names);
	}
}

static const struct {
	const char *payload;
	size_t len;
	enum wire_counter counter;
} others[] = {
	{"", 0, WIRE_EMPTY_DATAGRAM},
	{"\r\n\r\n", 4, WIRE_KEEPALIVE},
	{"\0\0\0\0", 4, WIRE_KEEPALIVE},
	{"\x80\x08\x12\x34\0\0\0\xa0\x11\x22\x33\x44voice", 17, WIRE_NOT_SIP},
	{"\x16\x03\x01\0\x2f\x01\0\0\x2b\x03\x03", 11, WIRE_TLS},
	{"\0\x01\0\0\x21\x12\xa4\x42"
	 "123456789012",
	 20, WIRE_STUN},
};

static void test_others(void **state)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		prepare(false, true, true);
		assert_false(
			look_payload(&look, &frame, others[i].payload, others[i].len, 1, &event));
		if (counters.value[others[i].counter] != 1)
			fail_msg("%s", wire_counter_name(others[i].counter));
		assert_int_equal(counters.value[WIRE_SIP_MESSAGES], 0);
	}
}

static const char *text_of(enum event_text which)
{
	static char text[EVENT_TEXT_BYTES + 1];

	memcpy(text, event.bytes + event.text[which].off, event.text[which].len);
	text[event.text[which].len] = '\0';
	return text;
}

static void test_fields(void **state)
{
	prepare(false, true, false);
	assert_true(look_text(message("INVITE sip:+4930222@sbc SIP/2.0", "", "INVITE",
				      "P-Asserted-Identity: <sip:john@x>, <tel:+4930111>\r\n"
				      "Remote-Party-ID: <sip:rpid@x>\r\n"
				      "P-Called-Party-ID: <sip:called@x>\r\n"
				      "Session-Expires: 1800;refresher=uac\r\n"
				      "User-Agent: Phone 1.0\r\n")));
	assert_int_equal(event.mono_ns, 77);
	assert_int_equal(event.lcore, 3);
	assert_int_equal(event.method, SIP_INVITE);
	assert_int_equal(event.cseq_method, SIP_INVITE);
	assert_int_equal(event.cseq, 7);
	assert_int_equal(event.status, 0);
	assert_int_equal(event.flags, 0);
	assert_int_equal(event.session_expires_s, 1800);
	assert_int_equal(event.source_port, 5060);
	assert_int_equal(event.target_port, 5070);
	assert_memory_equal(event.source, frame.source, 16);
	assert_memory_equal(event.target, frame.target, 16);
	struct siphash128 call = siphash128(&key, "call-1@sbc", 10);
	assert_memory_equal(&event.call_key, &call, sizeof(call));
	assert_true(event.from_tag == siphash64(&key, "a1", 2));
	assert_true(event.to_tag == 0);
	assert_true(event.branch == siphash64(&key, "z9hG4bK1", 8));
	assert_string_equal(text_of(EVENT_TEXT_CALL_ID), "call-1@sbc");
	assert_string_equal(text_of(EVENT_TEXT_REQUEST_URI), "sip:+4930222@sbc");
	assert_string_equal(text_of(EVENT_TEXT_FROM), "sip:+4930111@sbc.example");
	assert_string_equal(text_of(EVENT_TEXT_TO), "sip:+4930222@sbc.example");
	assert_string_equal(text_of(EVENT_TEXT_ASSERTED), "sip:john@x");
	assert_string_equal(text_of(EVENT_TEXT_ASSERTED_2), "tel:+4930111");
	assert_string_equal(text_of(EVENT_TEXT_REMOTE_PARTY), "sip:rpid@x");
	assert_string_equal(text_of(EVENT_TEXT_CALLED_PARTY), "sip:called@x");
	assert_string_equal(text_of(EVENT_TEXT_USER_AGENT), "Phone 1.0");
	assert_true(call_event_bytes(&event) <= sizeof(event));

	frame.version = 6;
	assert_true(look_text(message("SIP/2.0 200 OK", ";tag=b1", "INVITE", "")));
	frame.version = 4;
	assert_int_equal(event.flags, EVENT_IS_RESPONSE | EVENT_HAS_TO_TAG | EVENT_IPV6);
	assert_int_equal(event.status, 200);
	assert_int_equal(event.method, SIP_NONE);
	assert_true(event.to_tag == siphash64(&key, "b1", 2));
	assert_int_equal(event.text[EVENT_TEXT_REQUEST_URI].len, 0);
}

#define SDP "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 6000 RTP/AVP 0\r\n"

static const struct {
	const char *start, *to_tag, *cseq, *type, *body;
	bool event, media; // with everything off
} described[] = {
	{"INVITE sip:b@x SIP/2.0", "", "INVITE", "application/sdp", SDP, true, true},
	{"SIP/2.0 200 OK", ";tag=b1", "INVITE", "application/sdp", SDP, true, true},
	{"SIP/2.0 200 OK", ";tag=b1", "INVITE", "application/SDP;x=y", SDP, true, true},
	{"SIP/2.0 200 OK", ";tag=b1", "UPDATE", "application/sdp", SDP, true, true},
	{"SIP/2.0 200 OK", ";tag=b1", "PRACK", "application/sdp", SDP, true, true},
	{"SIP/2.0 200 OK", ";tag=b1", "OPTIONS", "application/sdp", SDP, true, false},
	{"SIP/2.0 488 No", ";tag=b1", "INVITE", "application/sdp", SDP, true, false},
	{"SIP/2.0 183 Progress", ";tag=b1", "INVITE", "application/sdp", SDP, true, true},
	{"SIP/2.0 183 Progress", "", "INVITE", "application/sdp", SDP, false, false},
	{"SIP/2.0 183 Progress", ";tag=b1", "INVITE", "text/plain", SDP, false, false},
	{"SIP/2.0 183 Progress", ";tag=b1", "INVITE", "application/sdp", "a=x\r\n", false, false},
	{"SIP/2.0 100 Trying", ";tag=b1", "INVITE", "application/sdp", SDP, false, false},
	{"ACK sip:b@x SIP/2.0", ";tag=b1", "ACK", "application/sdp", SDP, true, true},
	{"PRACK sip:b@x SIP/2.0", ";tag=b1", "PRACK", "application/sdp", SDP, true, true},
	{"UPDATE sip:b@x SIP/2.0", ";tag=b1", "UPDATE", "application/sdp", SDP, true, true},
	{"OPTIONS sip:b@x SIP/2.0", ";tag=b1", "OPTIONS", "application/sdp", SDP, false, false},
	{"SIP/2.0 200 OK", ";tag=b1", "INVITE", "multipart/mixed;boundary=q",
	 "--q\r\nContent-Type: application/sdp\r\n\r\n" SDP "\r\n--q--\r\n", true, true},
	{"SIP/2.0 200 OK", ";tag=b1", "INVITE", "multipart/mixed;boundary=q",
	 "\r\n--q\r\nContent-Type: application/sdp\r\n\r\n" SDP "\r\n--q--\r\n", true, true},
	{"SIP/2.0 200 OK", ";tag=b1", "INVITE", "text/plain", "\r\n" SDP, true, false},
};

static void test_media(void **state)
{
	char extra[256], text[4096];
	struct sdp sdp;

	for (size_t i = 0; i < sizeof(described) / sizeof(described[0]); i++) {
		snprintf(extra, sizeof(extra), "Content-Type: %s\r\n", described[i].type);
		snprintf(
			text, sizeof(text), "%s",
			message(described[i].start, described[i].to_tag, described[i].cseq, extra));
		size_t head = strlen(text) - strlen("Content-Length: 0\r\n\r\n");
		snprintf(text + head, sizeof(text) - head, "Content-Length: %zu\r\n\r\n%s",
			 strlen(described[i].body), described[i].body);
		prepare(false, false, false);
		bool made = look_text(text);
		if (made != described[i].event ||
		    (made && call_event_media(&event, &sdp) != described[i].media))
			fail_msg("%s, %s: %d", described[i].start, described[i].type, made);
		if (!made || !described[i].media)
			continue;
		assert_int_equal(sdp.count, 1);
		assert_int_equal(sdp.two_way, 1);
		assert_int_equal(sdp.address[0].port, 6000);
		assert_memory_equal(sdp.address[0].octet, ((uint8_t[16]){192, 0, 2, 9}), 16);
		assert_string_equal(text_of(EVENT_TEXT_CALL_ID), "call-1@sbc");
	}
}

// Of a body that was cut the last line says nothing: it may be half of one.
static void test_cut_description(void **state)
{
	static const char body[] = SDP "m=audio 6002 RTP/AVP 0\r\n";
	char text[4096];
	struct sdp sdp;

	for (size_t cut = 1; cut < strlen(body); cut++) {
		const char *head = message("SIP/2.0 200 OK", ";tag=b1", "INVITE",
					   "Content-Type: application/sdp\r\n");
		snprintf(text, sizeof(text), "%.*sContent-Length: %zu\r\n\r\n%.*s",
			 (int)(strlen(head) - strlen("Content-Length: 0\r\n\r\n")), head,
			 strlen(body), (int)cut, body);
		prepare(false, false, false);
		assert_true(look_text(text));
		bool has = call_event_media(&event, &sdp);
		for (int i = 0; has && i < sdp.count; i++)
			assert_int_equal(sdp.address[i].port, i ? 6002 : 6000);
		assert_int_equal(has && sdp.count > 0, cut >= strlen(SDP));
	}
}

static void test_limits(void **state)
{
	char uri[400], tail[400], extra[2048], agent[120];

	// One octet more than fits: absent, flagged, counted; never half of it.
	for (int over = 0; over < 2; over++) {
		size_t len = EVENT_URI_BYTES + (size_t)over;
		memset(uri, 'x', len);
		memcpy(uri, "sip:", 4);
		memcpy(uri + len - 2, "@h", 2);
		uri[len] = '\0';
		snprintf(extra, sizeof(extra), "P-Asserted-Identity: <%s>\r\n", uri);
		prepare(false, true, false);
		assert_true(look_text(message("INVITE sip:b@x SIP/2.0", "", "INVITE", extra)));
		assert_int_equal(event.text[EVENT_TEXT_ASSERTED].len, over ? 0 : len);
		assert_int_equal((event.flags & EVENT_CUT_TEXT) != 0, over);
		assert_int_equal(counters.value[WIRE_EVENT_TEXT_CUT], over);
	}
	// Too long only by what says nothing about who it is.
	memset(tail, 'p', sizeof(tail) - 1);
	tail[sizeof(tail) - 1] = '\0';
	snprintf(extra, sizeof(extra),
		 "P-Asserted-Identity: <sip:a;b=1@x:5060;tgrp=%s@y?h=%s>, <tel:+1;c=%s>\r\n", tail,
		 tail, tail);
	prepare(false, true, false);
	assert_true(look_text(message("INVITE sip:b@x SIP/2.0", "", "INVITE", extra)));
	assert_string_equal(text_of(EVENT_TEXT_ASSERTED), "sip:a;b=1@x");
	assert_string_equal(text_of(EVENT_TEXT_ASSERTED_2), "tel:+1");
	assert_false(event.flags & EVENT_CUT_TEXT);
	// Texts for people are cut and not flagged.
	memset(agent, 'u', sizeof(agent) - 1);
	agent[sizeof(agent) - 1] = '\0';
	snprintf(extra, sizeof(extra), "User-Agent: %s\r\n", agent);
	assert_true(look_text(message("INVITE sip:b@x SIP/2.0", "", "INVITE", extra)));
	assert_int_equal(event.text[EVENT_TEXT_USER_AGENT].len, EVENT_USER_AGENT_BYTES);
	assert_false(event.flags & EVENT_CUT_TEXT);
	// More than the arena holds: the first ones stay.
	uri[EVENT_URI_BYTES] = '\0';
	snprintf(extra, sizeof(extra),
		 "P-Asserted-Identity: <%s>, <tel:+1>\r\nRemote-Party-ID: <%s>\r\n"
		 "P-Called-Party-ID: <%s>\r\nUser-Agent: %s\r\n",
		 uri, uri, uri, agent);
	uri[EVENT_URI_BYTES] = '\0';
	snprintf(tail, sizeof(tail), "INVITE %s SIP/2.0", uri);
	assert_true(look_text(message(tail, "", "INVITE", extra)));
	assert_true(event.text_bytes <= EVENT_TEXT_BYTES);
	assert_int_equal(event.text[EVENT_TEXT_ASSERTED].len, EVENT_URI_BYTES);
	assert_int_equal(event.text[EVENT_TEXT_CALLED_PARTY].len, 0);
	assert_true(event.flags & EVENT_CUT_TEXT);
}

static const struct {
	const char *value;
	bool good;
} replaces[] = {
	{"old@x;to-tag=t;from-tag=f", true},
	{"old@x;from-tag=f;to-tag=t;early-only", true},
	{"old@x ; To-Tag = t ; FROM-TAG=f", true},
	{"old@x;to-tag=t", false},
	{"old@x;from-tag=f", false},
	{";to-tag=t;from-tag=f", false},
	{"old@x;to-tag=t;from-tag=f;to-tag=u", false},
	{"old@x;to-tag=;from-tag=f", false},
	{"old@x", false},
};

static void test_replaces(void **state)
{
	struct siphash128 call = siphash128(&key, "old@x", 5);
	char extra[256];

	for (size_t i = 0; i < sizeof(replaces) / sizeof(replaces[0]); i++) {
		snprintf(extra, sizeof(extra), "Replaces: %s\r\n", replaces[i].value);
		prepare(false, true, false);
		assert_true(look_text(message("INVITE sip:b@x SIP/2.0", "", "INVITE", extra)));
		if (((event.flags & EVENT_HAS_REPLACES) != 0) != replaces[i].good)
			fail_msg("%s", replaces[i].value);
		if (!replaces[i].good)
			continue;
		assert_memory_equal(&event.replaces_key, &call, sizeof(call));
		assert_true(event.replaces_to_tag == siphash64(&key, "t", 1));
		assert_true(event.replaces_from_tag == siphash64(&key, "f", 1));
	}
}

// Each cut of a message is parsed, ignored or rejected by a reason, and never read beyond its end.
static void test_cut_anywhere(void **state)
{
	static char whole[4096];
	size_t len = (size_t)snprintf(whole, sizeof(whole), "%s",
				      message("INVITE sip:b@x SIP/2.0", "", "INVITE",
					      "P-Asserted-Identity: <sip:john@x>\r\n"));

	for (size_t cut = 1; cut < len; cut++) {
		char *exact = malloc(cut);
		memcpy(exact, whole, cut);
		prepare(false, true, true);
		look_payload(&look, &frame, exact, cut, 1, &event);
		free(exact);
		uint64_t *value = counters.value;
		assert_int_equal(value[WIRE_SIP_MESSAGES] + value[WIRE_NOT_SIP], 1);
		assert_int_equal(value[WIRE_SIP_MESSAGES],
				 value[WIRE_SIP_PARSED] + value[WIRE_SIP_REJECTED]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which),        cmocka_unit_test(test_names),
		cmocka_unit_test(test_others),       cmocka_unit_test(test_fields),
		cmocka_unit_test(test_media),        cmocka_unit_test(test_cut_description),
		cmocka_unit_test(test_limits),       cmocka_unit_test(test_replaces),
		cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
