// SPDX-License-Identifier: Apache-2.0
// Addresses that come and go with the name they belong to. The resolver is the test's.
#include "presence/net/resolver.h"
#include "presence/registrar/registrar.h"

#include "config/clock.h"
#include "config/secret.h"
#include "config/settings.h"
#include "presence/net/loop.h"
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S NS_PER_S

static struct {
	struct loop *loop;
	struct settings settings;
	struct secrets secrets;
	struct registrar *registrar;
	struct server a, b;
	struct resolver_answer names; // what the name stands for now
	unsigned int questions, answers, reachable;
	struct publish_answer answer;
	uint64_t now;
} world;

struct resolver *resolver_new(struct loop *loop, const char *servers)
{
	(void)loop, (void)servers;
	return (struct resolver *)&world;
}

void resolver_free(struct resolver *resolver)
{
	(void)resolver;
}

void resolver_ask(struct resolver *resolver, const struct resolver_target *target,
		  resolver_fn *done, void *ctx)
{
	(void)resolver;
	assert_string_equal(target->host, "pool.example");
	world.questions++;
	world.names.good_until_ns = clock_mono_ns() + 60 * S;
	done(ctx, &world.names);
}

static void name_is(const struct server *first, const struct server *second)
{
	const struct server *servers[] = {first, second};

	memset(&world.names, 0, sizeof(world.names));
	for (int i = 0; i < 2 && servers[i]; i++) {
		struct resolver_address *address = &world.names.address[world.names.count++];
		struct sockaddr_in in = {.sin_family = AF_INET,
					 .sin_port = htons(servers[i]->port),
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

		memcpy(&address->address, &in, sizeof(in));
		address->len = sizeof(in);
		address->kind = CONNECTION_TCP;
	}
}

static void on_turn(void *ctx, struct publish_turn *turn)
{
	(void)ctx, (void)turn;
}

static void on_answer(void *ctx, void *request_ctx, const struct publish_answer *answer)
{
	(void)ctx, (void)request_ctx;
	world.answers++;
	world.answer = *answer;
}

static void on_reachable(void *ctx)
{
	(void)ctx;
	world.reachable++;
}

static const struct registrar_events events = {on_turn, on_answer, on_reachable};

static void go(uint64_t ns)
{
	world.now += ns;
	clock_set(world.now);
	server_run(world.loop, 40);
}

static int setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.now = 1000 * S;
	clock_set(world.now);
	server_start(&world.a);
	server_start(&world.b);
	settings_default(&world.settings);
	snprintf(world.settings.registrar.target[0], SETTINGS_TEXT,
		 "sip:pool.example;transport=tcp");
	world.settings.registrar.target_count = 1;
	world.loop = loop_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	registrar_free(world.registrar);
	server_stop(&world.a);
	server_stop(&world.b);
	loop_free(world.loop);
	clock_release();
	return 0;
}

static void open_registrar(void)
{
	char error[256] = "";

	world.registrar = registrar_new(world.loop, &world.settings, &world.secrets, &events,
					&world, error, sizeof(error));
	if (!world.registrar)
		fail_msg("%s", error);
	for (int i = 0; i < 4000 && !world.reachable; i++)
		server_run(world.loop, 1);
	assert_int_equal(world.reachable, 1);
}

static void publish(void)
{
	struct publish_request request = {
		.kind = PUBLISH_REFRESH, .person = "sip:j@x", .etag = "t", .expires_s = 600};

	assert_int_equal(registrar_send(world.registrar, &request, &world), 0);
}

static void expect_answer(unsigned int count)
{
	for (int i = 0; i < 4000 && world.answers < count; i++)
		server_run(world.loop, 1);
	assert_int_equal(world.answers, count);
}

static void name_moves_on(void **state)
{
	(void)state;
	name_is(&world.a, NULL);
	open_registrar();
	publish();
	assert_true(server_take(&world.a, world.loop));
	name_is(&world.b, NULL);
	go(61 * S / 2); // not yet: its time to live
	assert_int_equal(world.questions, 1);
	publish();
	assert_true(server_take(&world.a, world.loop));
	go(31 * S);
	assert_int_equal(world.questions, 2);
	// What is open at the old address may still be answered there.
	server_answer(&world.a, "200 OK", "SIP-ETag: u\r\n");
	expect_answer(world.answers + 1);
	assert_int_equal(world.answer.outcome, PUBLISH_ANSWERED);
	publish();
	assert_true(server_take(&world.b, world.loop));
	server_answer(&world.b, "200 OK", "SIP-ETag: v\r\n");
	expect_answer(world.answers + 1);
}

// Requests may still be answered at an address that is no longer the name's, but what breaks there
// stays so, and it is no place for new ones.
static void old_address_is_left(void **state)
{
	struct registrar_status status;

	(void)state;
	name_is(&world.a, NULL);
	open_registrar();
	go(50 * S);
	publish();
	assert_true(server_take(&world.a, world.loop));
	server_stop_tcp(&world.b);
	name_is(&world.b, NULL);
	go(11 * S);
	assert_int_equal(world.questions, 2);
	assert_int_equal(registrar_status(world.registrar, &status, 1), 1);
	assert_string_not_equal(status.state, "up");
	assert_int_equal(registrar_send(world.registrar,
					&(struct publish_request){.kind = PUBLISH_REFRESH,
								  .person = "sip:j@x",
								  .etag = "t"},
					&world),
			 -ENOTCONN);
	server_stop_tcp(&world.a);
	server_start_tcp(&world.a);
	go(S);
	assert_true(server_is_quiet(&world.a, world.loop));
	for (int i = 0; i < SERVER_CONNECTIONS; i++)
		assert_int_equal(world.a.connection[i], -1);
	go(2 * S);
	assert_int_equal(world.answers, 1);
	assert_int_equal(world.answer.outcome, PUBLISH_LOST);
}

static void lookup_fails_later(void **state)
{
	(void)state;
	name_is(&world.a, NULL);
	open_registrar();
	world.names.error = -ENOENT;
	world.names.text = "no such name";
	go(61 * S);
	assert_int_equal(world.questions, 2);
	publish(); // what was true is better than nothing
	assert_true(server_take(&world.a, world.loop));
	server_answer(&world.a, "200 OK", "SIP-ETag: v\r\n");
	expect_answer(1);
}

static void second_address_and_back(void **state)
{
	(void)state;
	name_is(&world.a, &world.b);
	server_stop_tcp(&world.a);
	open_registrar();
	publish();
	assert_true(server_take(&world.b, world.loop));
	server_answer(&world.b, "200 OK", "SIP-ETag: v\r\n");
	expect_answer(1);
	server_start_tcp(&world.a);
	for (int i = 0; i < 31; i++)
		go(S);
	publish(); // the first one has come back, and is the first one
	assert_true(server_take(&world.a, world.loop));
	server_answer(&world.a, "200 OK", "SIP-ETag: v\r\n");
	expect_answer(2);
}

// One that has been silent gets one request, and the other one the rest, until it has answered.
static void silent_address_is_tried_with_one(void **state)
{
	(void)state;
	name_is(&world.a, &world.b);
	open_registrar();
	publish();
	assert_true(server_take(&world.a, world.loop));
	for (int i = 0; i < 33 && !world.answers; i++)
		go(S);
	assert_int_equal(world.answer.outcome, PUBLISH_TIMEOUT);
	for (int i = 0; i < 31; i++)
		go(S);
	publish();
	assert_true(server_take(&world.a, world.loop));
	for (int i = 0; i < 2; i++) {
		publish();
		assert_true(server_take(&world.b, world.loop));
		server_answer(&world.b, "200 OK", "SIP-ETag: v\r\n");
		expect_answer(world.answers + 1);
	}
	server_answer(&world.a, "200 OK", "SIP-ETag: v\r\n");
	expect_answer(world.answers + 1);
	for (int i = 0; i < 2; i++) {
		publish();
		assert_true(server_take(&world.a, world.loop));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(name_moves_on, setup, teardown),
		cmocka_unit_test_setup_teardown(old_address_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(lookup_fails_later, setup, teardown),
		cmocka_unit_test_setup_teardown(second_address_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(silent_address_is_tried_with_one, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
