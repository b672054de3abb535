// SPDX-License-Identifier: Apache-2.0
#include "sip/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sip/msg.h"

static const struct {
	const char *name;
	bool is_response;
	uint8_t method;
	uint16_t status;
	bool has_to_tag;
	enum call_message message;
} classified[] = {
	{"first INVITE", false, SIP_INVITE, 0, false, CALL_MSG_INVITE},
	{"re-INVITE", false, SIP_INVITE, 0, true, CALL_MSG_REINVITE},
	{"ACK", false, SIP_ACK, 0, true, CALL_MSG_ACK},
	{"CANCEL", false, SIP_CANCEL, 0, false, CALL_MSG_CANCEL},
	{"BYE", false, SIP_BYE, 0, true, CALL_MSG_BYE},
	{"UPDATE request", false, SIP_UPDATE, 0, true, CALL_MSG_NONE},
	{"PRACK request", false, SIP_PRACK, 0, true, CALL_MSG_NONE},
	{"REGISTER", false, SIP_REGISTER, 0, false, CALL_MSG_NONE},
	{"100", true, SIP_INVITE, 100, true, CALL_MSG_NONE},
	{"180 with a tag", true, SIP_INVITE, 180, true, CALL_MSG_PROGRESS},
	{"183 with a tag", true, SIP_INVITE, 183, true, CALL_MSG_PROGRESS},
	{"180 without a tag", true, SIP_INVITE, 180, false, CALL_MSG_NONE},
	{"200 INVITE", true, SIP_INVITE, 200, true, CALL_MSG_ANSWER},
	{"299 INVITE", true, SIP_INVITE, 299, true, CALL_MSG_ANSWER},
	{"200 without a tag (RFC 2543)", true, SIP_INVITE, 200, false, CALL_MSG_ANSWER},
	{"302 INVITE", true, SIP_INVITE, 302, true, CALL_MSG_REFUSE},
	{"401 INVITE", true, SIP_INVITE, 401, true, CALL_MSG_CHALLENGE},
	{"407 INVITE", true, SIP_INVITE, 407, true, CALL_MSG_CHALLENGE},
	{"408 INVITE", true, SIP_INVITE, 408, true, CALL_MSG_GONE},
	{"481 INVITE", true, SIP_INVITE, 481, true, CALL_MSG_GONE},
	{"486 INVITE", true, SIP_INVITE, 486, true, CALL_MSG_REFUSE},
	{"487 INVITE", true, SIP_INVITE, 487, true, CALL_MSG_REFUSE},
	{"488 INVITE", true, SIP_INVITE, 488, true, CALL_MSG_REFUSE},
	{"491 INVITE", true, SIP_INVITE, 491, true, CALL_MSG_REFUSE},
	{"603 INVITE", true, SIP_INVITE, 603, true, CALL_MSG_REFUSE},
	{"200 CANCEL", true, SIP_CANCEL, 200, true, CALL_MSG_NONE},
	{"100 BYE", true, SIP_BYE, 100, true, CALL_MSG_NONE},
	{"200 BYE", true, SIP_BYE, 200, true, CALL_MSG_BYE_DONE},
	{"481 BYE", true, SIP_BYE, 481, true, CALL_MSG_BYE_DONE},
	{"408 BYE", true, SIP_BYE, 408, true, CALL_MSG_BYE_DONE},
	{"401 BYE", true, SIP_BYE, 401, true, CALL_MSG_BYE_CHALLENGE},
	{"407 BYE", true, SIP_BYE, 407, true, CALL_MSG_BYE_CHALLENGE},
	{"403 BYE", true, SIP_BYE, 403, true, CALL_MSG_BYE_REFUSE},
	{"500 BYE", true, SIP_BYE, 500, true, CALL_MSG_BYE_REFUSE},
	{"200 UPDATE", true, SIP_UPDATE, 200, true, CALL_MSG_INSIDE},
	{"491 UPDATE", true, SIP_UPDATE, 491, true, CALL_MSG_NONE},
	{"481 UPDATE", true, SIP_UPDATE, 481, true, CALL_MSG_GONE},
	{"200 INFO", true, SIP_INFO, 200, true, CALL_MSG_INSIDE},
	{"200 PRACK", true, SIP_PRACK, 200, true, CALL_MSG_ALIVE},
	{"202 REFER", true, SIP_REFER, 202, true, CALL_MSG_ALIVE},
	{"200 NOTIFY", true, SIP_NOTIFY, 200, true, CALL_MSG_ALIVE},
	{"200 OPTIONS", true, SIP_OPTIONS, 200, true, CALL_MSG_ALIVE},
	{"481 NOTIFY", true, SIP_NOTIFY, 481, true, CALL_MSG_NONE},
	{"200 REGISTER", true, SIP_REGISTER, 200, true, CALL_MSG_NONE},
	{"200 PUBLISH", true, SIP_PUBLISH, 200, true, CALL_MSG_NONE},
};

static void classifies_messages(void **state)
{
	for (size_t i = 0; i < sizeof(classified) / sizeof(classified[0]); i++) {
		uint8_t method = classified[i].is_response ? SIP_NONE : classified[i].method;
		enum call_message message = call_classify(
			classified[i].is_response, method, classified[i].method,
			classified[i].status, classified[i].has_to_tag);
		if (message != classified[i].message)
			fail_msg("%s: %s instead of %s", classified[i].name,
				 call_message_name(message),
				 call_message_name(classified[i].message));
	}
}

// The whole table, a line a state, in the order of enum call_message: none, invite, re-invite,
// progress, answer, challenge, gone, refuse, ack, cancel, bye, bye-done, bye-challenge, bye-refuse,
// inside, alive, bye-timeout, lost, replaced. First the new state (None, Early, Up, eNding, Over),
// then the event (. none, r rings, s starts, a alive, e ends).
static const char *const expected_states[CALL_STATE_COUNT] = {
	[CALL_NONE] = "NNNEUNNNNNNONNUNNNN", [CALL_EARLY] = "EEEEUOOOEEEOEEEEEOO",
	[CALL_UP] = "UUUUUUOUUUDOUUUUUOO",   [CALL_ENDING] = "DDDDUDODDDDOUDUUOOO",
	[CALL_OVER] = "OOOOOOOOOOOOOOOOOOO",
};
static const char *const expected_events[CALL_STATE_COUNT] = {
	[CALL_NONE] = "...rs.........s....", [CALL_EARLY] = "...aseeea..e..aa.ee",
	[CALL_UP] = "....a.e.a..e..aa.ee",   [CALL_ENDING] = "....a.e....ea.aaeee",
	[CALL_OVER] = "...................",
};

static void follows_the_table(void **state)
{
	for (int from = 0; from < CALL_STATE_COUNT; from++) {
		assert_int_equal(strlen(expected_states[from]), CALL_MSG_COUNT);
		assert_int_equal(strlen(expected_events[from]), CALL_MSG_COUNT);
		for (int message = 0; message < CALL_MSG_COUNT; message++) {
			struct call_change change = call_step(from, message);
			char got[3] = {"NEUDO"[change.state], ".rsae"[change.event], 0};
			char want[3] = {expected_states[from][message],
					expected_events[from][message], 0};
			if (strcmp(got, want) != 0)
				fail_msg("%s, %s: %s instead of %s", call_state_name(from),
					 call_message_name(message), got, want);
		}
	}
}

static void names_are_there(void **state)
{
	for (int i = 0; i < CALL_STATE_COUNT; i++)
		assert_non_null(call_state_name(i));
	for (int i = 0; i < CALL_MSG_COUNT; i++)
		assert_non_null(call_message_name(i));
	assert_string_equal(call_state_name(99), "?");
	assert_string_equal(call_message_name(99), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classifies_messages),
		cmocka_unit_test(follows_the_table),
		cmocka_unit_test(names_are_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
