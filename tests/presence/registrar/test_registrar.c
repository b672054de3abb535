// SPDX-License-Identifier: Apache-2.0
// Who has a turn when, and at which target.
#include "world.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void pace(void **state)
{
	struct publish_turn turn[5] = {0};

	world_prepare(*state);
	world.settings.registrar.rate = 10;
	world.settings.registrar.burst = 2;
	world_open();
	registrar_ask(world.registrar, &turn[0], PUBLISH_INITIAL);
	registrar_ask(world.registrar, &turn[1], PUBLISH_INITIAL);
	assert_int_equal(world.turns, 2); // the burst
	registrar_ask(world.registrar, &turn[2], PUBLISH_REFRESH);
	registrar_ask(world.registrar, &turn[3], PUBLISH_INITIAL);
	registrar_ask(world.registrar, &turn[4], PUBLISH_REMOVE);
	assert_int_equal(world.turns, 2);
	world_go(101 * MS);
	assert_int_equal(world.turns, 3);
	assert_ptr_equal(world.turn, &turn[4]);
	world_go(101 * MS);
	assert_ptr_equal(world.turn, &turn[3]);
	registrar_cancel(world.registrar, &turn[2]);
	world_go(S);
	assert_int_equal(world.turns, 4);
	world_close();
}

// Answers to challenges come out of the same bucket.
static void challenges_are_paced(void **state)
{
	struct publish_turn turn[2] = {0};

	world_prepare(*state);
	snprintf(world.secrets.registrar_password.text, SECRET_BYTES, "secret");
	world.settings.registrar.rate = 10;
	world.settings.registrar.burst = 1;
	world_open();
	registrar_ask(world.registrar, &turn[0], PUBLISH_INITIAL);
	assert_int_equal(world.turns, 1);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "401 Who",
		      "WWW-Authenticate: Digest realm=\"x\", nonce=\"n1\"\r\n");
	world_expect_request();
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(1, 200);
	registrar_ask(world.registrar, &turn[1], PUBLISH_INITIAL);
	world_go(190 * MS);
	assert_int_equal(world.turns, 1);
	world_go(20 * MS);
	assert_int_equal(world.turns, 2);
	world_close();
}

// A server that owes 2048 answers gets no further request.
static void silent_server_is_not_flooded(void **state)
{
	static struct publish_turn turn[3000];

	(void)state;
	memset(turn, 0, sizeof(turn));
	world_prepare("udp");
	world.settings.registrar.rate = 1e6;
	world.settings.registrar.burst = 1e6;
	world.send_at_turn = true;
	world_open();
	for (int i = 0; i < 3000; i++)
		registrar_ask(world.registrar, &turn[i], PUBLISH_INITIAL);
	assert_int_equal(world.turns, 2048);
	world_expect_request();
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(1, 200);
	assert_int_equal(world.turns, 2049);
	world_close();
}

// Nobody else asks a server that said when to come back (RFC 3261 21.5.4).
static void retry_after_holds_turns(void **state)
{
	struct publish_turn turn[2] = {0};

	world_start(*state);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "503 Busy", "Retry-After: 7\r\n");
	world_expect_answer(1, 503);
	registrar_ask(world.registrar, &turn[0], PUBLISH_REMOVE);
	registrar_ask(world.registrar, &turn[1], PUBLISH_INITIAL);
	world_go(6900 * MS);
	assert_int_equal(world.turns, 0);
	world_go(200 * MS);
	assert_int_equal(world.turns, 2);
	// Retry-After without bounds holds for a minute at most.
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "503 Busy", "Retry-After: 4294967295\r\n");
	world_expect_answer(2, 503);
	registrar_ask(world.registrar, &turn[0], PUBLISH_REMOVE);
	for (int i = 0; i < 61; i++)
		world_go(S);
	assert_int_equal(world.turns, 3);
	world_close();
}

// Nobody has a turn while there is nobody to send to.
static void turns_wait_for_a_target(void **state)
{
	struct publish_turn turn = {0};
	struct registrar_status status;

	(void)state;
	world_prepare("tcp");
	server_stop_tcp(&world.server);
	world_connect();
	registrar_ask(world.registrar, &turn, PUBLISH_INITIAL);
	for (int i = 0; i < 20; i++)
		world_go(S);
	assert_int_equal(world.turns, 0);
	assert_int_equal(world.reachable, 0);
	assert_int_equal(registrar_status(world.registrar, &status, 1), 1);
	assert_string_equal(status.state, "down");
	// It comes up, on the same port.
	server_start_tcp(&world.server);
	for (int i = 0; i < 6 && !world.turns; i++) {
		world_go(S);
		server_run(world.loop, 20);
	}
	assert_int_equal(world.turns, 1);
	assert_int_equal(world.reachable, 1);
	world_close();
}

static void server_push_back(void **state)
{
	(void)state;
	world_start(*state);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "503 Busy",
		      "Retry-After: 17 (maintenance);duration=3600\r\n"
		      "ms-diagnostics: 2140;reason=\"busy\"\r\n");
	world_expect_answer(1, 503);
	assert_int_equal(world.answer.retry_after_s, 17);
	assert_string_equal(world.diagnostics, "503 Busy; 2140;reason=\"busy\"");
	world_close();
}

static void next_target_on_503(void **state)
{
	char branch[256];

	world_prepare(*state);
	world.settings.registrar.target_count = 2;
	world_open();
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	snprintf(branch, sizeof(branch), "%s", server_header(&world.server, "Via"));
	server_answer(&world.server, "503 Busy", NULL);
	assert_true(server_take(&world.other, world.loop));
	assert_string_not_equal(server_header(&world.other, "Via"), branch);
	assert_string_equal(server_header(&world.other, "CSeq"), "2 PUBLISH");
	server_answer(&world.other, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(1, 200);
	world_close();
}

static void next_target_when_refused(void **state)
{
	(void)state;
	world_prepare("tcp");
	world.settings.registrar.target_count = 2;
	server_stop_tcp(&world.server);
	world_open();
	world_publish(PUBLISH_INITIAL, NULL);
	assert_true(server_take(&world.other, world.loop));
	server_answer(&world.other, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(1, 200);
	world_close();
}

// Each target may ask who we are: that one of them has been told says nothing to the next.
static void next_target_challenges_too(void **state)
{
	static const char md5[] = "WWW-Authenticate: Digest realm=\"x\", nonce=\"n1\"\r\n";

	world_prepare(*state);
	world.settings.registrar.target_count = 2;
	snprintf(world.secrets.registrar_password.text, SECRET_BYTES, "secret");
	world_open();
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "401 Who", md5);
	world_expect_request();
	server_answer(&world.server, "503 Busy", NULL);
	assert_true(server_take(&world.other, world.loop));
	server_answer(&world.other, "401 Who", md5);
	assert_true(server_take(&world.other, world.loop));
	assert_non_null(server_header(&world.other, "Authorization"));
	server_answer(&world.other, "401 Who", md5);
	world_expect_answer(1, 401);
	world_close();
}

// The next request spares the one that pushed back, although its connection is open.
static void pushed_back_target_rests(void **state)
{
	world_prepare(*state);
	world.settings.registrar.target_count = 2;
	world_open();
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "503 Busy", "Retry-After: 20\r\n");
	assert_true(server_take(&world.other, world.loop));
	server_answer(&world.other, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(1, 200);
	world_publish(PUBLISH_INITIAL, NULL);
	assert_true(server_take(&world.other, world.loop));
	server_answer(&world.other, "200 OK", "SIP-ETag: b\r\n");
	world_expect_answer(2, 200);
	assert_true(server_is_quiet(&world.server, world.loop));
	for (int i = 0; i < 21; i++)
		world_go(S);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	world_close();
}

// An address that was given up speaks again: it need not rest any longer.
static void late_answer_ends_the_rest(void **state)
{
	(void)state;
	world_prepare("udp");
	world.settings.registrar.target_count = 2;
	world_open();
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	for (int i = 0; i < 20; i++)
		world_go(S);
	while (!server_is_quiet(&world.server, world.loop))
		;
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	for (int i = 0; i < 13 && !world.answers; i++)
		world_go(S);
	assert_int_equal(world.answer.outcome, PUBLISH_TIMEOUT);
	world_publish(PUBLISH_INITIAL, NULL);
	assert_true(server_take(&world.other, world.loop));
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(2, 200);
	while (!server_is_quiet(&world.server, world.loop))
		;
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	world_close();
}

// It took the request and never answers: a new connection within seconds, as there is nobody else.
static void only_server_is_silent(void **state)
{
	(void)state;
	world_prepare("tcp");
	world.settings.registrar.connections = 1;
	world_open();
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	for (int i = 0; i < 33 && !world.answers; i++)
		world_go(S);
	assert_int_equal(world.answer.outcome, PUBLISH_TIMEOUT);
	for (int i = 0; i < 6 && world.reachable < 2; i++) {
		world_go(S);
		server_run(world.loop, 20);
	}
	assert_int_equal(world.reachable, 2);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	world_close();
}

// It accepts connections and closes them at once: connected to less and less often.
static void server_puts_us_out(void **state)
{
	unsigned int connects = 0;

	(void)state;
	world_prepare("tcp");
	world.settings.registrar.connections = 1;
	world_open();
	for (int ms = 0; ms < 20000; ms += 100) {
		int fd;

		assert_true(server_is_quiet(&world.server, world.loop));
		fd = world.server.connection[0];
		if (fd >= 0) {
			connects++;
			close(fd);
			world.server.connection[0] = -1;
		}
		world_go(100 * MS);
	}
	assert_in_range(connects, 4, 8); // after 0, 1, 3, 7, 12 and 17 s
	world_close();
}

static void keepalive(void **state)
{
	char bytes[8];

	(void)state;
	world_prepare("tcp");
	world.settings.registrar.connections = 1;
	world_open();
	assert_true(server_is_quiet(&world.server, world.loop)); // accepts
	world_go(30 * S);
	server_run(world.loop, 20);
	assert_int_equal(recv(world.server.connection[0], bytes, sizeof(bytes), 0), 4);
	assert_memory_equal(bytes, "\r\n\r\n", 4);
	// No pong, but it never said that it knows about them.
	world_go(60 * S);
	server_run(world.loop, 20);
	assert_true(recv(world.server.connection[0], bytes, sizeof(bytes), 0) > 0);
	world.server.from = 0;
	server_send(&world.server, "\r\n", 2);
	server_run(world.loop, 40);
	world_go(30 * S);
	server_run(world.loop, 20);
	assert_true(recv(world.server.connection[0], bytes, sizeof(bytes), 0) > 0);
	world_go(11 * S); // now it counts
	server_run(world.loop, 20);
	assert_int_equal(recv(world.server.connection[0], bytes, sizeof(bytes), 0), 0);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(pace),
		BOTH(challenges_are_paced),
		cmocka_unit_test(silent_server_is_not_flooded),
		BOTH(retry_after_holds_turns),
		cmocka_unit_test(turns_wait_for_a_target),
		BOTH(server_push_back),
		BOTH(next_target_on_503),
		cmocka_unit_test(next_target_when_refused),
		BOTH(next_target_challenges_too),
		BOTH(pushed_back_target_rests),
		cmocka_unit_test(late_answer_ends_the_rest),
		cmocka_unit_test(only_server_is_silent),
		cmocka_unit_test(server_puts_us_out),
		cmocka_unit_test(keepalive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
