// SPDX-License-Identifier: Apache-2.0
// Who has a turn when. At which target, and what if not there: test_failover.c.
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

// SIGHUP: the new pace holds for those who wait, and the new password for the next request.
static void reload(void **state)
{
	struct publish_turn turn[3] = {0};
	char error[256];

	world_prepare(*state);
	snprintf(world.secrets.registrar_password.text, SECRET_BYTES, "secret");
	world.settings.registrar.rate = 1;
	world.settings.registrar.burst = 1;
	world_open();
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "401 Who",
		      "WWW-Authenticate: Digest realm=\"x\", nonce=\"n1\"\r\n");
	world_expect_request();
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(1, 200);
	for (int i = 0; i < 3; i++)
		registrar_ask(world.registrar, &turn[i], PUBLISH_INITIAL);
	world_go(500 * MS);
	assert_int_equal(world.turns, 0);
	world.settings.registrar.rate = 1000;
	world.settings.registrar.burst = 10;
	assert_int_equal(registrar_reload(world.registrar, &world.settings, &world.secrets, error,
					  sizeof(error)),
			 0);
	world_go(10 * MS);
	assert_int_equal(world.turns, 3);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	assert_null(server_header(&world.server, "Authorization"));
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
		cmocka_unit_test(keepalive),
		BOTH(reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
