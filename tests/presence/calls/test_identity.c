// SPDX-License-Identifier: Apache-2.0
#include "presence/identity.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/settings.h"
#include "link/call_event.h"

static const struct settings settings = {
	.calls =
		{
			.callers = true,
			.caller_identity = {IDENTITY_REMOTE_PARTY_ID, IDENTITY_P_ASSERTED_IDENTITY},
			.callee_identity = {IDENTITY_TO, IDENTITY_REQUEST_URI},
			.ignore_number = {"112", "+49115", "j.pilot"},
			.ignore_number_count = 3,
			.ignore_source = {"10.1.2.0/23", "2001:db8:7::/45", "192.0.2.7"},
			.ignore_source_count = 3,
			.ignore_user_agent = {"UCCAPI/*", "*[Ss]ofty*"},
			.ignore_user_agent_count = 2,
		},
};

static void text_put(struct call_event *event, enum event_text which, const char *text)
{
	event->text[which] = (struct sip_slice){event->text_bytes, (uint16_t)strlen(text)};
	memcpy(event->bytes + event->text_bytes, text, strlen(text));
	event->text_bytes += (uint16_t)strlen(text);
}

static void the_order_is_the_operators(void **state)
{
	struct identity_rules *rules = identity_rules_new(&settings);
	struct call_event event = {.flags = 0};
	struct identity identity;
	unsigned int order = 0;

	text_put(&event, EVENT_TEXT_FROM, "sip:from@x");
	text_put(&event, EVENT_TEXT_ASSERTED, "sip:one@x");
	text_put(&event, EVENT_TEXT_ASSERTED_2, "tel:+492");
	text_put(&event, EVENT_TEXT_REMOTE_PARTY, "sip:party@x");
	static const char *const expect[] = {"sip:party@x", "sip:one@x", "tel:+492"};
	for (int i = 0; i < 3; i++) {
		assert_true(identity_next(rules, &event, true, &order, &identity));
		assert_int_equal(identity.len, strlen(expect[i]));
		assert_memory_equal(identity.text, expect[i], identity.len);
	}
	// From is not in the order at all.
	assert_false(identity_next(rules, &event, true, &order, &identity));
	assert_false(identity_next(rules, &event, true, &order, &identity));
	order = 0;
	assert_false(identity_next(rules, &event, false, &order, &identity));
	identity_rules_free(rules);
}

static void a_slice_outside_of_the_text_is_nothing(void **state)
{
	struct identity_rules *rules = identity_rules_new(&settings);
	struct call_event event = {.text_bytes = 10};
	struct identity identity;
	unsigned int order = 0;

	event.text[EVENT_TEXT_REMOTE_PARTY] = (struct sip_slice){5, 6};
	assert_false(identity_next(rules, &event, true, &order, &identity));
	event.text_bytes = UINT16_MAX;
	event.text[EVENT_TEXT_REMOTE_PARTY] = (struct sip_slice){5, 60000};
	order = 0;
	assert_false(identity_next(rules, &event, true, &order, &identity));
	identity_rules_free(rules);
}

static const struct {
	const char *source;
	bool ignored;
} sources[] = {
	{"10.1.2.0", true},       {"10.1.3.255", true},    {"10.1.4.0", false},
	{"10.1.1.255", false},    {"192.0.2.7", true},     {"192.0.2.6", false},
	{"2001:db8:7::1", true},  {"2001:db8:5::1", true}, {"2001:db8:0:ffff::1", true},
	{"2001:db8:8::1", false}, {"a01:200::", false}, // 10.1.2.0 in its first octets
};

static void sources_are_ignored_by_prefix(void **state)
{
	struct identity_rules *rules = identity_rules_new(&settings);

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		struct call_event event = {.flags = 0};
		bool ipv6 = strchr(sources[i].source, ':') != NULL;
		event.flags = ipv6 ? EVENT_IPV6 : 0;
		assert_int_equal(
			inet_pton(ipv6 ? AF_INET6 : AF_INET, sources[i].source, event.source), 1);
		if ((identity_ignore_call(rules, &event) == IGNORE_SOURCE) != sources[i].ignored)
			fail_msg("%s", sources[i].source);
		// A response goes to where the request came from.
		memcpy(event.target, event.source, sizeof(event.target));
		memset(event.source, 0, sizeof(event.source));
		event.flags |= EVENT_IS_RESPONSE;
		if ((identity_ignore_call(rules, &event) == IGNORE_SOURCE) != sources[i].ignored)
			fail_msg("%s, response", sources[i].source);
	}
	identity_rules_free(rules);
}

static const struct {
	enum event_text text;
	const char *uri;
	bool ignored;
} numbers[] = {
	{EVENT_TEXT_TO, "sip:112@gw", true},
	{EVENT_TEXT_TO, "tel:1-1-2", true},
	{EVENT_TEXT_TO, "tel:112;phone-context=+49", true},
	{EVENT_TEXT_REQUEST_URI, "sip:%2B49115@gw;user=phone", true},
	{EVENT_TEXT_ASSERTED_2, "tel:+49-115", true},
	{EVENT_TEXT_FROM, "sip:j.pilot@gw", true},
	{EVENT_TEXT_FROM, "sip:jpilot@gw", false},
	{EVENT_TEXT_TO, "sip:1120@gw", false},
	{EVENT_TEXT_TO, "sip:0112@gw", false},
	{EVENT_TEXT_TO, "sip:112.example", false},
	{EVENT_TEXT_TO, "112", false},
	{EVENT_TEXT_USER_AGENT, "sip:112@gw", false},
};

static void numbers_are_ignored(void **state)
{
	struct identity_rules *rules = identity_rules_new(&settings);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct call_event event = {.flags = 0};
		text_put(&event, numbers[i].text, numbers[i].uri);
		if ((identity_ignore_call(rules, &event) == IGNORE_NUMBER) != numbers[i].ignored)
			fail_msg("%s", numbers[i].uri);
	}
	identity_rules_free(rules);
}

static void agents_are_ignored_by_pattern(void **state)
{
	static const struct {
		const char *agent;
		bool ignored;
	} agents[] = {
		{"UCCAPI/16.0.1 OC/16", true},
		{"my softy 3", true},
		{"UCCAPI", false},
		{"Mediant SW/7.20A", false},
	};
	struct identity_rules *rules = identity_rules_new(&settings);

	for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
		struct call_event event = {.flags = 0};
		text_put(&event, EVENT_TEXT_USER_AGENT, agents[i].agent);
		if (identity_ignore_agent(rules, &event) != agents[i].ignored)
			fail_msg("%s", agents[i].agent);
	}
	assert_false(identity_ignore_agent(rules, &(struct call_event){.flags = 0}));
	assert_false(identity_ignore_role(rules, true));
	assert_true(identity_ignore_role(rules, false));
	identity_rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_is_the_operators),
		cmocka_unit_test(a_slice_outside_of_the_text_is_nothing),
		cmocka_unit_test(sources_are_ignored_by_prefix),
		cmocka_unit_test(numbers_are_ignored),
		cmocka_unit_test(agents_are_ignored_by_pattern),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
