// SPDX-License-Identifier: Apache-2.0
// Requests octet by octet.
#include "presence/registrar/publish.h"

#include "config/settings.h"
#include "presence/registrar/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct settings_registrar settings;
static struct publish_identity identity = {.call_id = "call", .from_tag = "1c53", .cseq = 1};
static struct sockaddr_storage sent_by;
static char sent_by_text[PUBLISH_SENT_BY];

static const char *write(struct publish_request request, enum connection_kind kind)
{
	static char bytes[PUBLISH_BYTES];
	struct text text = {.at = bytes, .size = sizeof(bytes)};
	struct publish_wire wire = {
		.settings = &settings,
		.request = &request,
		.identity = &identity,
		.branch = "z9hG4bKb",
		.kind = kind,
		.sent_by = sent_by_text,
	};

	publish_sent_by(&sent_by, sent_by_text);
	publish_write(&wire, &text);
	return text.cut ? NULL : bytes;
}

static int setup(void **state)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&sent_by;

	(void)state;
	memset(&settings, 0, sizeof(settings));
	memset(&sent_by, 0, sizeof(sent_by));
	settings.alias = true;
	settings.body = BODY_SFB_LEGACY;
	strcpy(settings.activity, "on-the-phone");
	strcpy(settings.user_agent, "offhook");
	in->sin_family = AF_INET;
	in->sin_port = htons(5061);
	inet_pton(AF_INET, "10.33.221.57", &in->sin_addr);
	return 0;
}

static void initial_over_tls(void **state)
{
	struct publish_request request = {.kind = PUBLISH_INITIAL,
					  .person = "sip:john.doe@sfb.example",
					  .display = "John Doe",
					  .expires_s = 600,
					  .busy = true};
	const char *bytes = write(request, CONNECTION_TLS), *body;
	char length[64];

	static const char head[] = "PUBLISH sip:john.doe@sfb.example SIP/2.0\r\n"
				   "Via: SIP/2.0/TLS 10.33.221.57:5061;branch=z9hG4bKb;alias\r\n"
				   "From: <sip:john.doe@sfb.example>;tag=1c53\r\n"
				   "To: <sip:john.doe@sfb.example>\r\n"
				   "Call-ID: call\r\n"
				   "CSeq: 1 PUBLISH\r\n"
				   "Max-Forwards: 70\r\n"
				   "Contact: <sip:john.doe@10.33.221.57:5061;transport=tls>\r\n"
				   "User-Agent: offhook\r\n"
				   "Event: presence\r\n"
				   "Expires: 600\r\n"
				   "Content-Type: application/pidf+xml\r\n"
				   "Content-Length: ";

	(void)state;
	assert_memory_equal(bytes, head, sizeof(head) - 1);
	body = strstr(bytes, "\r\n\r\n") + 4;
	snprintf(length, sizeof(length), "Content-Length: %zu\r\n\r\n<?xml", strlen(body));
	assert_non_null(strstr(bytes, length));
	assert_int_equal(strlen(body), 481); // 479 of the manual's lines with CR LF, and the last
}

static void remove_over_udp(void **state)
{
	struct publish_request request = {.kind = PUBLISH_REMOVE,
					  .person = "sip:john.doe@sfb.example",
					  .etag = "2545777538-1-1"};

	(void)state;
	assert_string_equal(write(request, CONNECTION_UDP),
			    "PUBLISH sip:john.doe@sfb.example SIP/2.0\r\n"
			    "Via: SIP/2.0/UDP 10.33.221.57:5061;branch=z9hG4bKb;rport\r\n"
			    "From: <sip:john.doe@sfb.example>;tag=1c53\r\n"
			    "To: <sip:john.doe@sfb.example>\r\n"
			    "Call-ID: call\r\n"
			    "CSeq: 1 PUBLISH\r\n"
			    "Max-Forwards: 70\r\n"
			    "Contact: <sip:john.doe@10.33.221.57:5061>\r\n"
			    "User-Agent: offhook\r\n"
			    "Event: presence\r\n"
			    "Expires: 0\r\n"
			    "SIP-If-Match: 2545777538-1-1\r\n"
			    "Content-Length: 0\r\n\r\n");
}

static void kinds_have_what_rfc_3903_says(void **state)
{
	static const struct {
		enum publish_kind kind;
		bool tag, body;
	} table[] = {
		{PUBLISH_INITIAL, false, true},
		{PUBLISH_MODIFY, true, true},
		{PUBLISH_REFRESH, true, false},
		{PUBLISH_REMOVE, true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct publish_request request = {.kind = table[i].kind,
						  .person = "sip:a@b",
						  .etag = table[i].tag ? "t" : NULL,
						  .busy = true};
		const char *bytes = write(request, CONNECTION_TCP);

		assert_int_equal(strstr(bytes, "\r\nSIP-If-Match: t\r\n") != NULL, table[i].tag);
		assert_int_equal(strstr(bytes, "\r\nContent-Type: ") != NULL, table[i].body);
		assert_int_equal(strstr(bytes, "<presence") != NULL, table[i].body);
	}
}

static void ipv6_and_no_alias(void **state)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&sent_by;
	struct publish_request request = {
		.kind = PUBLISH_REFRESH, .person = "sip:a@b", .etag = "t"};
	const char *bytes;

	(void)state;
	memset(&sent_by, 0, sizeof(sent_by));
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(5062);
	inet_pton(AF_INET6, "2001:db8::1", &in6->sin6_addr);
	settings.alias = false;
	bytes = write(request, CONNECTION_TCP);
	assert_non_null(strstr(bytes, "Via: SIP/2.0/TCP [2001:db8::1]:5062;branch=z9hG4bKb\r\n"));
	assert_non_null(strstr(bytes, "<sip:a@[2001:db8::1]:5062;transport=tcp>"));
}

static void nothing_is_smuggled(void **state)
{
	static const char *const persons[] = {"sip:a@b\r\nX: y", "sip:a b@c", "sip:a>@b",
					      "sip:\"a@b", "sip:a\x7f@b"};

	(void)state;
	for (size_t i = 0; i < sizeof(persons) / sizeof(persons[0]); i++) {
		struct publish_request request = {.kind = PUBLISH_INITIAL, .person = persons[i]};

		assert_null(write(request, CONNECTION_UDP));
		assert_null(write(request, CONNECTION_UDP));
	}
	assert_null(write((struct publish_request){.kind = PUBLISH_REFRESH,
						   .person = "sip:a@b",
						   .etag = "t\r\nX: y"},
			  CONNECTION_UDP));
}

static void users(void **state)
{
	static const struct {
		const char *person, *user;
	} table[] = {
		{"sip:john.doe@sfb.example", "john.doe"},
		{"sips:j@x", "j"},
		{"tel:+4930;x=y", "+4930"},
		{"john@x", "john"},
	};
	char user[64];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		publish_user(table[i].person, user, sizeof(user));
		assert_string_equal(user, table[i].user);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(initial_over_tls, setup),
		cmocka_unit_test_setup(remove_over_udp, setup),
		cmocka_unit_test_setup(kinds_have_what_rfc_3903_says, setup),
		cmocka_unit_test_setup(ipv6_and_no_alias, setup),
		cmocka_unit_test_setup(nothing_is_smuggled, setup),
		cmocka_unit_test(users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
