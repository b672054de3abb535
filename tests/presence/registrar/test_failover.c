// SPDX-License-Identifier: Apache-2.0
// Targets that push back, refuse, say nothing or hang up, and the next one.
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void open_both(const char *transport)
{
	world_prepare(transport);
	world.settings.registrar.target_count = 2;
	world_open();
}

// The request goes to the second target, and is the count-th that is answered.
static void other_takes(unsigned int count)
{
	assert_true(server_take(&world.other, world.loop));
	server_answer(&world.other, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(count, 200);
}

// What UDP has repeated meanwhile.
static void take_repeats(void)
{
	while (!server_is_quiet(&world.server, world.loop))
		;
}

static void go_seconds(int seconds)
{
	for (int i = 0; i < seconds; i++)
		world_go(S);
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

	open_both(*state);
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
	other_takes(1);
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
	open_both(*state);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "503 Busy", "Retry-After: 20\r\n");
	other_takes(1);
	world_publish(PUBLISH_INITIAL, NULL);
	other_takes(2);
	assert_true(server_is_quiet(&world.server, world.loop));
	go_seconds(21);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	world_close();
}

// An address that was given up speaks again: it need not rest any longer.
static void late_answer_ends_the_rest(void **state)
{
	(void)state;
	open_both("udp");
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	go_seconds(20);
	take_repeats();
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	for (int i = 0; i < 13 && !world.answers; i++)
		world_go(S);
	assert_int_equal(world.answer.outcome, PUBLISH_TIMEOUT);
	world_publish(PUBLISH_INITIAL, NULL);
	assert_true(server_take(&world.other, world.loop));
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(2, 200);
	take_repeats();
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

// One after the other says no: who has been refused by four has one more try.
static void five_addresses_at_most(void **state)
{
	static struct server server[6];

	world_prepare(*state);
	for (int i = 0; i < 6; i++) {
		server_start(&server[i]);
		snprintf(world.settings.registrar.target[i], SETTINGS_TEXT,
			 "sip:127.0.0.1:%u;transport=%s", server[i].port, (const char *)*state);
	}
	world.settings.registrar.target_count = 6;
	world_open();
	world_publish(PUBLISH_INITIAL, NULL);
	for (int i = 0; i < 5; i++) {
		assert_true(server_take(&server[i], world.loop));
		server_answer(&server[i], "503 Busy", NULL);
	}
	world_expect_answer(1, 503);
	assert_true(server_is_quiet(&server[5], world.loop));
	world_close();
	for (int i = 0; i < 6; i++)
		server_stop(&server[i]);
}

// The request waits for a connection that does not come to be, and goes on to the third.
static void next_target_refuses_too(void **state)
{
	static struct server third;

	(void)state;
	world_prepare("tcp");
	server_start(&third);
	snprintf(world.settings.registrar.target[2], SETTINGS_TEXT,
		 "sip:127.0.0.1:%u;transport=tcp", third.port);
	world.settings.registrar.target_count = 3;
	server_stop_tcp(&world.other);
	world_open();
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "503 Busy", NULL);
	assert_true(server_take(&third, world.loop));
	server_answer(&third, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(1, 200);
	world_close();
	server_stop(&third);
}

// To be sent on costs the next target a turn.
static void failovers_are_paced(void **state)
{
	struct publish_turn turn[2] = {0};

	world_prepare(*state);
	world.settings.registrar.target_count = 2;
	world.settings.registrar.rate = 10;
	world.settings.registrar.burst = 1;
	world_open();
	registrar_ask(world.registrar, &turn[0], PUBLISH_INITIAL);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "503 Busy", "Retry-After: 60\r\n");
	other_takes(1);
	registrar_ask(world.registrar, &turn[1], PUBLISH_INITIAL);
	world_go(90 * MS);
	assert_int_equal(world.turns, 1);
	world_go(20 * MS);
	assert_int_equal(world.turns, 2);
	world_close();
}

// One answer that is missing is no silence.
static void forgetful_server_is_no_silent_one(void **state)
{
	(void)state;
	open_both("udp");
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	go_seconds(20);
	take_repeats();
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(1, 200);
	go_seconds(13);
	assert_int_equal(world.answers, 2);
	assert_int_equal(world.answer.outcome, PUBLISH_TIMEOUT);
	take_repeats();
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	world_close();
}

// Its connection is closed, and whoever waits on it need not wait for long.
static void silent_connection_takes_all_along(void **state)
{
	(void)state;
	world_prepare("tcp");
	world.settings.registrar.connections = 1;
	world_open();
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	go_seconds(20);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	go_seconds(12);
	assert_int_equal(world.answers, 1);
	assert_int_equal(world.answer.outcome, PUBLISH_TIMEOUT);
	world_go(3 * S);
	assert_int_equal(world.answers, 2);
	assert_int_equal(world.answer.outcome, PUBLISH_LOST);
	world_close();
}

// A target that is not needed is not connected to.
static void second_target_is_spared(void **state)
{
	(void)state;
	open_both("tcp");
	go_seconds(5);
	assert_true(server_is_quiet(&world.other, world.loop));
	for (int i = 0; i < SERVER_CONNECTIONS; i++)
		assert_int_equal(world.other.connection[i], -1);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(server_push_back),
		BOTH(next_target_on_503),
		cmocka_unit_test(next_target_when_refused),
		BOTH(next_target_challenges_too),
		BOTH(pushed_back_target_rests),
		cmocka_unit_test(late_answer_ends_the_rest),
		cmocka_unit_test(only_server_is_silent),
		cmocka_unit_test(server_puts_us_out),
		BOTH(five_addresses_at_most),
		cmocka_unit_test(next_target_refuses_too),
		BOTH(failovers_are_paced),
		cmocka_unit_test(forgetful_server_is_no_silent_one),
		cmocka_unit_test(silent_connection_takes_all_along),
		cmocka_unit_test(second_target_is_spared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
