// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct world world;

static void on_turn(void *ctx, struct publish_turn *turn)
{
	(void)ctx;
	world.turns++;
	world.turn = turn;
	if (world.send_at_turn)
		world_publish(PUBLISH_INITIAL, NULL);
}

static void on_answer(void *ctx, void *request_ctx, const struct publish_answer *answer)
{
	(void)ctx;
	world.answers++;
	world.ctx = request_ctx;
	world.answer = *answer;
	snprintf(world.etag, sizeof(world.etag), "%s", answer->etag ? answer->etag : "");
	snprintf(world.diagnostics, sizeof(world.diagnostics), "%s",
		 answer->diagnostics ? answer->diagnostics : "");
}

static void on_reachable(void *ctx)
{
	(void)ctx;
	world.reachable++;
}

static const struct registrar_events events = {on_turn, on_answer, on_reachable};

void world_go(uint64_t ns)
{
	world.now += ns;
	clock_set(world.now);
	server_run(world.loop, 3);
}

void world_prepare(const char *transport)
{
	memset(&world, 0, sizeof(world));
	world.now = 1000 * S;
	clock_set(world.now);
	settings_default(&world.settings);
	server_start(&world.server);
	server_start(&world.other);
	snprintf(world.settings.registrar.target[0], SETTINGS_TEXT, "sip:127.0.0.1:%u;transport=%s",
		 world.server.port, transport);
	snprintf(world.settings.registrar.target[1], SETTINGS_TEXT, "sip:127.0.0.1:%u;transport=%s",
		 world.other.port, transport);
	world.settings.registrar.target_count = 1;
	snprintf(world.settings.registrar.listen, SETTINGS_TEXT, "0.0.0.0:0");
	world.loop = loop_new();
}

void world_connect(void)
{
	char error[256] = "";

	world.registrar = registrar_new(world.loop, &world.settings, &world.secrets, &events,
					&world, error, sizeof(error));
	if (!world.registrar)
		fail_msg("%s", error);
}

void world_open(void)
{
	world_connect();
	for (int i = 0; i < 4000 && !world.reachable; i++)
		server_run(world.loop, 1);
	assert_int_equal(world.reachable, 1);
}

void world_close(void)
{
	registrar_free(world.registrar);
	server_stop(&world.server);
	server_stop(&world.other);
	loop_free(world.loop);
	clock_release();
}

void world_start(const char *transport)
{
	world_prepare(transport);
	world_open();
}

void world_publish(enum publish_kind kind, const char *etag)
{
	struct publish_request request = {
		.kind = kind,
		.person = "sip:john.doe@sfb.example",
		.display = "John Doe",
		.etag = etag,
		.expires_s = kind == PUBLISH_REMOVE ? 0 : 600,
		.busy = true,
	};

	assert_int_equal(registrar_send(world.registrar, &request, &world), 0);
}

void world_expect_answer(unsigned int count, uint16_t status)
{
	for (int i = 0; i < 4000 && world.answers < count; i++)
		server_run(world.loop, 1);
	assert_int_equal(world.answers, count);
	assert_int_equal(world.answer.outcome, PUBLISH_ANSWERED);
	assert_int_equal(world.answer.status, status);
	assert_ptr_equal(world.ctx, &world);
}

void world_expect_request(void)
{
	assert_true(server_take(&world.server, world.loop));
}
