// SPDX-License-Identifier: Apache-2.0
// One request at a time: what it looks like on the wire, how long it is waited for, and who it says
// we are.
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void one_publication(void **state)
{
	const char *transport = *state;
	char call_id[64];

	world_start(transport);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	assert_int_equal(
		strncmp(world.server.request, "PUBLISH sip:john.doe@sfb.example SIP/2.0", 40), 0);
	assert_string_equal(server_header(&world.server, "Expires"), "600");
	assert_string_equal(server_header(&world.server, "Event"), "presence");
	assert_string_equal(server_header(&world.server, "CSeq"), "1 PUBLISH");
	assert_null(server_header(&world.server, "SIP-If-Match"));
	snprintf(call_id, sizeof(call_id), "%s", server_header(&world.server, "Call-ID"));
	server_answer(&world.server, "200 OK", "SIP-ETag: 2545777538-1-1\r\nExpires: 500\r\n");
	world_expect_answer(1, 200);
	assert_string_equal(world.etag, "2545777538-1-1");
	assert_int_equal(world.answer.expires_s, 500);
	world_publish(PUBLISH_REMOVE, "2545777538-1-1");
	world_expect_request();
	assert_string_equal(server_header(&world.server, "SIP-If-Match"), "2545777538-1-1");
	assert_string_equal(server_header(&world.server, "Expires"), "0");
	assert_string_equal(server_header(&world.server, "Content-Length"), "0");
	assert_null(server_header(&world.server, "Content-Type"));
	assert_string_not_equal(server_header(&world.server, "Call-ID"), call_id);
	server_answer(&world.server, "200 OK", NULL);
	world_expect_answer(2, 200);
	assert_int_equal(world.answer.expires_s, 0);
	assert_int_equal(registrar_open(world.registrar), 0);
	world_close();
}

// What leaves in one turn leaves in one write, on one connection of several; what comes later takes
// the one that owes fewer answers.
static void one_turn_one_connection(void **state)
{
	int first;

	(void)state;
	world_prepare("tcp");
	world.settings.registrar.connections = 2;
	world_open();
	server_run(world.loop, 5); // the second is open, too
	world_publish(PUBLISH_INITIAL, NULL);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	first = world.server.from;
	world_expect_request();
	assert_int_equal(world.server.from, first);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	assert_int_not_equal(world.server.from, first);
	world_close();
}

// Timer E: 0.5, 1, 2, 4, 4 ... s; timer F after 32 s: 11 sends in all (RFC 3261 17.1.2.2).
static void udp_repeats_and_gives_up(void **state)
{
	unsigned int sends = 0;
	char first[SERVER_BYTES];

	(void)state;
	world_start("udp");
	world_publish(PUBLISH_INITIAL, NULL);
	for (int ms = 0; ms < 33000; ms += 100) {
		while (!server_is_quiet(&world.server, world.loop)) {
			if (sends++ == 0)
				memcpy(first, world.server.request, world.server.len + 1);
			assert_string_equal(first, world.server.request);
		}
		if (world.answers)
			break;
		world_go(100 * MS);
	}
	assert_int_equal(sends, 11);
	assert_int_equal(world.answers, 1);
	assert_int_equal(world.answer.outcome, PUBLISH_TIMEOUT);
	assert_in_range(world.now, 1032 * S, 1032 * S + 200 * MS);
	world_close();
}

// RFC 3261 17.1.2.2: T2 apart once the server has shown that it has the request.
static void udp_repeats_rarely_after_a_provisional(void **state)
{
	unsigned int sends = 0;

	(void)state;
	world_start("udp");
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "100 Trying", NULL);
	server_run(world.loop, 20);
	for (int ms = 0; ms < 31000; ms += 100) {
		while (!server_is_quiet(&world.server, world.loop))
			sends++;
		world_go(100 * MS);
	}
	assert_int_equal(sends, 8); // after 0.5, 4.5, 8.5 ... s
	world_close();
}

static void late_and_repeated_answers(void **state)
{
	(void)state;
	world_start("udp");
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	server_answer(&world.server, "200 OK", "SIP-ETag: b\r\n");
	server_answer(&world.server, "500 Oops", NULL);
	world_expect_answer(1, 200);
	server_run(world.loop, 40);
	assert_int_equal(world.answers, 1);
	assert_string_equal(world.etag, "a");
	world_go(6 * S); // timer K has passed: a stranger now
	server_answer(&world.server, "200 OK", "SIP-ETag: c\r\n");
	server_run(world.loop, 40);
	assert_int_equal(world.answers, 1);
	world_close();
}

static void tcp_connection_breaks(void **state)
{
	(void)state;
	world_start("tcp");
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_stop_tcp(&world.server);
	server_run(world.loop, 40);
	assert_int_equal(world.answers, 0); // it may come on another connection
	world_go(3 * S);
	assert_int_equal(world.answers, 1);
	assert_int_equal(world.answer.outcome, PUBLISH_LOST);
	world_close();
}

static void challenge(void **state)
{
	static const char md5[] = "WWW-Authenticate: Digest realm=\"x\", nonce=\"n1\", "
				  "qop=\"auth\", algorithm=MD5\r\n";
	static const char stale[] = "WWW-Authenticate: Digest realm=\"x\", nonce=\"n2\", "
				    "qop=\"auth\", algorithm=MD5, stale=true\r\n";

	world_prepare(*state);
	snprintf(world.secrets.registrar_password.text, SECRET_BYTES, "secret");
	world_open();
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	assert_null(server_header(&world.server, "Authorization"));
	server_answer(&world.server, "401 Who", md5);
	world_expect_request();
	assert_non_null(
		strstr(server_header(&world.server, "Authorization"), "username=\"john.doe\""));
	assert_non_null(strstr(server_header(&world.server, "Authorization"), "nc=00000001"));
	assert_string_equal(server_header(&world.server, "CSeq"), "2 PUBLISH");
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(1, 200);
	world_publish(PUBLISH_REFRESH, "a"); // ahead of time, with the next count
	world_expect_request();
	assert_non_null(strstr(server_header(&world.server, "Authorization"), "nc=00000002"));
	server_answer(&world.server, "401 Old", stale);
	world_expect_request();
	assert_non_null(strstr(server_header(&world.server, "Authorization"), "nonce=\"n2\""));
	assert_non_null(strstr(server_header(&world.server, "Authorization"), "nc=00000001"));
	server_answer(&world.server, "401 Old", stale);
	world_expect_request();
	server_answer(&world.server, "401 Old", stale);
	world_expect_request();
	server_answer(&world.server, "401 Old", stale); // enough
	world_expect_answer(2, 401);
	world_close();
}

static void wrong_password(void **state)
{
	static const char md5[] = "Proxy-Authenticate: Digest realm=\"x\", nonce=\"n1\"\r\n";

	world_prepare(*state);
	snprintf(world.secrets.registrar_password.text, SECRET_BYTES, "secret");
	world_open();
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "407 Who", md5);
	world_expect_request();
	assert_non_null(server_header(&world.server, "Proxy-Authorization"));
	server_answer(&world.server, "407 No", md5);
	world_expect_answer(1, 407);
	world_close();
}

// To have lost the connection gives nobody more time.
static void tcp_connection_breaks_late(void **state)
{
	(void)state;
	world_start("tcp");
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	for (int i = 0; i < 31; i++)
		world_go(S);
	server_stop_tcp(&world.server);
	server_run(world.loop, 40);
	assert_int_equal(world.answers, 0);
	world_go(S);
	assert_int_equal(world.answers, 1);
	assert_int_equal(world.answer.outcome, PUBLISH_LOST);
	world_close();
}

// Over 1300 octets, by its display name.
static void publish_long(void)
{
	char name[700];
	struct publish_request request = {.kind = PUBLISH_INITIAL,
					  .person = "sip:john.doe@sfb.example",
					  .display = name,
					  .expires_s = 600,
					  .busy = true};

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(registrar_send(world.registrar, &request, &world), 0);
}

static void expect_long(const char *transport)
{
	world_expect_request();
	assert_true(world.server.len > 1300);
	assert_int_equal(world.server.from >= 0, strcmp(transport, "TCP") == 0);
	assert_memory_equal(server_header(&world.server, "Via") + 8, transport, 3);
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(world.answers + 1, 200);
}

// RFC 3261 18.1.1
static void long_request_leaves_udp(void **state)
{
	(void)state;
	world_start("udp");
	publish_long();
	expect_long("TCP");
	world_close();
}

// TCP is not tried with each of them, but now and then.
static void long_request_without_tcp(void **state)
{
	(void)state;
	world_start("udp");
	server_stop_tcp(&world.server);
	publish_long();
	expect_long("UDP");
	server_start_tcp(&world.server);
	world_go(590 * S);
	publish_long();
	expect_long("UDP");
	world_go(11 * S);
	publish_long();
	expect_long("TCP");
	world_close();
}

static void closing_with_open_requests(void **state)
{
	world_start(*state);
	world_publish(PUBLISH_INITIAL, NULL);
	assert_int_equal(registrar_open(world.registrar), 1);
	world_close();
	assert_int_equal(world.answers, 0);
}

static void unsendable_person(void **state)
{
	struct publish_request request = {.kind = PUBLISH_INITIAL,
					  .person = "sip:x@y\r\nEvil: 1",
					  .expires_s = 600,
					  .busy = true};

	world_start(*state);
	assert_true(registrar_send(world.registrar, &request, &world) < 0);
	assert_int_equal(registrar_open(world.registrar), 0);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(one_publication),
		cmocka_unit_test(one_turn_one_connection),
		cmocka_unit_test(udp_repeats_and_gives_up),
		cmocka_unit_test(udp_repeats_rarely_after_a_provisional),
		cmocka_unit_test(late_and_repeated_answers),
		cmocka_unit_test(tcp_connection_breaks),
		cmocka_unit_test(tcp_connection_breaks_late),
		BOTH(challenge),
		BOTH(wrong_password),
		cmocka_unit_test(long_request_leaves_udp),
		cmocka_unit_test(long_request_without_tcp),
		BOTH(closing_with_open_requests),
		BOTH(unsendable_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
