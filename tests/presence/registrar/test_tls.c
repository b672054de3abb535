// SPDX-License-Identifier: Apache-2.0
// The registrar over TLS with certificates on both sides: a pool front end that answers on the
// connection of the request, or on a new one, and one that is somebody else.
#include "presence/registrar/registrar.h"

#include "../net/certificates.h"
#include "config/clock.h"
#include "config/metric.h"
#include "config/secret.h"
#include "config/settings.h"
#include "presence/net/listener.h"
#include "presence/net/loop.h"
#include "presence/net/tls.h"

#include <openssl/tls1.h>

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct certificate ca, pool, stranger, own;

static struct {
	struct loop *loop;
	struct settings settings;
	struct secrets secrets;
	struct registrar *registrar;
	struct listener *listener;
	struct tls_context *tls;
	struct connection *request_connection, *answer_connection;
	char request[8192];
	bool answer_elsewhere;
	unsigned int answers, reachable;
	struct publish_answer answer;
} world;

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

static void pool_answer(struct connection *connection)
{
	const char *headers = strchr(world.request, '\n') + 1;
	const char *end = strstr(headers, "Max-Forwards");
	char bytes[4096];
	int len = snprintf(bytes, sizeof(bytes),
			   "SIP/2.0 200 OK\r\n%.*sSIP-ETag: 2545777538-1-1\r\nExpires: 600\r\n"
			   "Content-Length: 0\r\n\r\n",
			   (int)(end - headers), headers);

	assert_int_equal(connection_send(connection, bytes, (size_t)len), 0);
}

static void answer_opened(void *owner, struct connection *connection)
{
	(void)owner;
	pool_answer(connection);
}

static size_t answer_received(void *owner, struct connection *connection, const char *data,
			      size_t len)
{
	(void)owner, (void)connection, (void)data;
	return len;
}

static void answer_closed(void *owner, struct connection *connection, int reason, const char *text)
{
	(void)owner, (void)connection;
	if (world.answer_connection)
		fail_msg("%d %s", reason, text);
}

static const struct connection_events answer_events = {answer_opened, answer_received,
						       answer_closed};

// Where the Via says (RFC 3261 18.2.2).
static void pool_connect(void)
{
	const char *via = strstr(world.request, "Via: SIP/2.0/TLS 127.0.0.1:");
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct connection_options options = {.kind = CONNECTION_TLS,
					     .tls = world.tls,
					     .tls_name = "sbc.example",
					     .peer_len = sizeof(address),
					     .connect_timeout_ns = 5 * NS_PER_S,
					     .send_limit = 65536,
					     .receive_limit = 65536};

	assert_non_null(via);
	address.sin_port = htons((uint16_t)atoi(via + 27));
	memcpy(&options.peer, &address, sizeof(address));
	world.answer_connection = connection_open(world.loop, &options, &answer_events, &world);
	assert_non_null(world.answer_connection);
}

static size_t pool_received(void *owner, struct connection *connection, const char *data,
			    size_t len)
{
	(void)owner;
	assert_true(len < sizeof(world.request));
	memcpy(world.request, data, len);
	world.request[len] = '\0';
	if (!strstr(world.request, "</presence>"))
		return 0;
	if (world.answer_elsewhere) {
		connection_close(connection);
		pool_connect();
	} else {
		pool_answer(connection);
	}
	return len;
}

static void pool_opened(void *owner, struct connection *connection)
{
	(void)owner, (void)connection;
}

static void pool_closed(void *owner, struct connection *connection, int reason, const char *text)
{
	(void)owner, (void)connection, (void)reason, (void)text;
}

static const struct connection_events pool_events = {pool_opened, pool_received, pool_closed};

static void start(const struct certificate *server)
{
	struct tls_options tls = {.certificate = server->certificate_file,
				  .key = server->key_file,
				  .ca = ca.certificate_file,
				  .ciphers = "",
				  .min_version = TLS1_2_VERSION,
				  .verify = true};
	struct listener_options options = {.kind = CONNECTION_TLS,
					   .total_limit = 8,
					   .source_limit = 8,
					   .idle_timeout_ns = 10 * NS_PER_S,
					   .send_limit = 65536,
					   .receive_limit = 65536};
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	struct settings_registrar *settings = &world.settings.registrar;
	char error[256] = "";

	memset(&world, 0, sizeof(world));
	world.loop = loop_new();
	world.tls = tls_context_new(&tls, error, sizeof(error));
	if (!world.tls)
		fail_msg("%s", error);
	memcpy(&options.local, &any, sizeof(any));
	options.local_len = sizeof(any);
	options.tls = world.tls;
	world.listener = listener_open(world.loop, &options, &pool_events, &world);
	assert_non_null(world.listener);
	assert_int_equal(listener_local(world.listener, &bound, &len), 0);
	settings_default(&world.settings);
	snprintf(settings->target[0], SETTINGS_TEXT, "sip:127.0.0.1:%u;transport=tls",
		 ntohs(((struct sockaddr_in *)&bound)->sin_port));
	settings->target_count = 1;
	snprintf(settings->listen, SETTINGS_TEXT, "127.0.0.1:0");
	snprintf(settings->tls_certificate, SETTINGS_TEXT, "%s", own.certificate_file);
	snprintf(settings->tls_key, SETTINGS_TEXT, "%s", own.key_file);
	snprintf(settings->tls_ca, SETTINGS_TEXT, "%s", ca.certificate_file);
	snprintf(settings->tls_name, SETTINGS_TEXT, "pool.sfb.example");
	world.registrar = registrar_new(world.loop, &world.settings, &world.secrets, &events,
					&world, error, sizeof(error));
	if (!world.registrar)
		fail_msg("%s", error);
	assert_true(metric_value("offhook_registrar_certificate_not_after_seconds", NULL) >
		    clock_wall_ns() / NS_PER_S);
}

static void stop(void)
{
	registrar_free(world.registrar);
	if (world.answer_connection)
		connection_close(world.answer_connection);
	listener_close(world.listener);
	tls_context_put(world.tls);
	loop_free(world.loop);
}

#define RUN_UNTIL(condition)                                                  \
	do {                                                                  \
		for (int rounds = 0; !(condition) && rounds < 2000; rounds++) \
			loop_run_once(world.loop, 5 * NS_PER_MS);             \
		assert_true(condition);                                       \
	} while (0)

static void publish(void)
{
	struct publish_request request = {.kind = PUBLISH_INITIAL,
					  .person = "sip:john.doe@sfb.example",
					  .expires_s = 600,
					  .busy = true};

	RUN_UNTIL(world.reachable);
	assert_int_equal(registrar_send(world.registrar, &request, &world), 0);
	RUN_UNTIL(world.answers);
	assert_int_equal(world.answer.outcome, PUBLISH_ANSWERED);
	assert_int_equal(world.answer.status, 200);
}

static void mutual_authentication(void **state)
{
	(void)state;
	start(&pool);
	publish();
	assert_non_null(strstr(world.request, ";alias\r\n"));
	assert_non_null(strstr(world.request, ";transport=tls>"));
	stop();
}

static void answer_on_a_new_connection(void **state)
{
	(void)state;
	start(&pool);
	world.answer_elsewhere = true;
	publish();
	stop();
}

static void not_the_pool(void **state)
{
	struct registrar_status status = {0};

	(void)state;
	start(&stranger);
	for (int rounds = 0; rounds < 2000 && !status.last_error[0]; rounds++) {
		loop_run_once(world.loop, 5 * NS_PER_MS);
		registrar_status(world.registrar, &status, 1);
	}
	assert_non_null(strstr(status.last_error, "mismatch"));
	assert_string_equal(status.state, "down");
	assert_int_equal(world.reachable, 0);
	stop();
}

static void bad_reload_changes_nothing(void **state)
{
	struct settings settings;
	char error[256] = "";

	(void)state;
	start(&pool);
	settings = world.settings;
	snprintf(settings.registrar.tls_certificate, SETTINGS_TEXT, "/nonexistent");
	assert_true(registrar_reload(world.registrar, &settings, &world.secrets, error,
				     sizeof(error)) < 0);
	assert_non_null(strstr(error, "/nonexistent"));
	assert_int_equal(registrar_reload(world.registrar, &world.settings, &world.secrets, error,
					  sizeof(error)),
			 0);
	publish();
	stop();
}

static int setup(void **state)
{
	const struct {
		struct certificate *certificate;
		struct certificate_request request;
	} table[] = {
		{&ca, {"ca", NULL, NULL, -3600, 3600, 1}},
		{&pool, {"pool", "DNS:pool.sfb.example", &ca, -3600, 3600, 0}},
		{&stranger, {"stranger", "DNS:www.sfb.example", &ca, -3600, 3600, 0}},
		{&own, {"sbc", "DNS:sbc.example", &ca, -3600, 3600, 0}},
	};

	(void)state;
	certificates_start();
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		certificate_make(table[i].certificate, &table[i].request);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	certificate_free(&ca);
	certificate_free(&pool);
	certificate_free(&stranger);
	certificate_free(&own);
	certificates_stop();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutual_authentication),
		cmocka_unit_test(answer_on_a_new_connection),
		cmocka_unit_test(not_the_pool),
		cmocka_unit_test(bad_reload_changes_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
