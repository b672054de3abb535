// SPDX-License-Identifier: Apache-2.0
// Requests on real sockets of the loopback, time by hand.
#include "presence/registrar/registrar.h"

#include "config/clock.h"
#include "config/metric.h"
#include "config/secret.h"
#include "config/settings.h"
#include "presence/net/loop.h"
#include "server.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define S  NS_PER_S
#define MS NS_PER_MS

static struct {
	struct loop *loop;
	struct settings settings;
	struct secrets secrets;
	struct registrar *registrar;
	struct server server, other;
	uint64_t now;
	struct publish_answer answer; // last
	char etag[256], diagnostics[160];
	void *ctx;
	unsigned int answers, turns, reachable;
	struct publish_turn *turn;
	bool send_at_turn;
} world;

static void publish(enum publish_kind kind, const char *etag);

static void on_turn(void *ctx, struct publish_turn *turn)
{
	(void)ctx;
	world.turns++;
	world.turn = turn;
	if (world.send_at_turn)
		publish(PUBLISH_INITIAL, NULL);
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

static void go(uint64_t ns)
{
	world.now += ns;
	clock_set(world.now);
	server_run(world.loop, 3);
}

static void world_prepare(const char *transport)
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

static void world_open(void)
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

static void world_close(void)
{
	registrar_free(world.registrar);
	server_stop(&world.server);
	server_stop(&world.other);
	loop_free(world.loop);
	clock_release();
}

static void start(const char *transport)
{
	world_prepare(transport);
	world_open();
}

static void publish(enum publish_kind kind, const char *etag)
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

static void expect_answer(unsigned int count, uint16_t status)
{
	for (int i = 0; i < 4000 && world.answers < count; i++)
		server_run(world.loop, 1);
	assert_int_equal(world.answers, count);
	assert_int_equal(world.answer.outcome, PUBLISH_ANSWERED);
	assert_int_equal(world.answer.status, status);
	assert_ptr_equal(world.ctx, &world);
}

static void expect_request(void)
{
	assert_true(server_take(&world.server, world.loop));
}

static void one_publication(void **state)
{
	const char *transport = *state;
	char call_id[64];

	start(transport);
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	assert_int_equal(
		strncmp(world.server.request, "PUBLISH sip:john.doe@sfb.example SIP/2.0", 40), 0);
	assert_string_equal(server_header(&world.server, "Expires"), "600");
	assert_string_equal(server_header(&world.server, "Event"), "presence");
	assert_string_equal(server_header(&world.server, "CSeq"), "1 PUBLISH");
	assert_null(server_header(&world.server, "SIP-If-Match"));
	snprintf(call_id, sizeof(call_id), "%s", server_header(&world.server, "Call-ID"));
	server_answer(&world.server, "200 OK", "SIP-ETag: 2545777538-1-1\r\nExpires: 500\r\n");
	expect_answer(1, 200);
	assert_string_equal(world.etag, "2545777538-1-1");
	assert_int_equal(world.answer.expires_s, 500);
	publish(PUBLISH_REMOVE, "2545777538-1-1");
	expect_request();
	assert_string_equal(server_header(&world.server, "SIP-If-Match"), "2545777538-1-1");
	assert_string_equal(server_header(&world.server, "Expires"), "0");
	assert_string_equal(server_header(&world.server, "Content-Length"), "0");
	assert_null(server_header(&world.server, "Content-Type"));
	assert_string_not_equal(server_header(&world.server, "Call-ID"), call_id);
	server_answer(&world.server, "200 OK", NULL);
	expect_answer(2, 200);
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
	publish(PUBLISH_INITIAL, NULL);
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	first = world.server.from;
	expect_request();
	assert_int_equal(world.server.from, first);
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	assert_int_not_equal(world.server.from, first);
	world_close();
}

// Timer E: 0.5, 1, 2, 4, 4 ... s; timer F after 32 s: 11 sends in all (RFC 3261 17.1.2.2).
static void udp_repeats_and_gives_up(void **state)
{
	unsigned int sends = 0;
	char first[SERVER_BYTES];

	(void)state;
	start("udp");
	publish(PUBLISH_INITIAL, NULL);
	for (int ms = 0; ms < 33000; ms += 100) {
		while (!server_is_quiet(&world.server, world.loop)) {
			if (sends++ == 0)
				memcpy(first, world.server.request, world.server.len + 1);
			assert_string_equal(first, world.server.request);
		}
		if (world.answers)
			break;
		go(100 * MS);
	}
	assert_int_equal(sends, 11);
	assert_int_equal(world.answers, 1);
	assert_int_equal(world.answer.outcome, PUBLISH_TIMEOUT);
	assert_in_range(world.now, 1032 * S, 1032 * S + 200 * MS);
	world_close();
}

static void late_and_repeated_answers(void **state)
{
	(void)state;
	start("udp");
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	server_answer(&world.server, "200 OK", "SIP-ETag: b\r\n");
	server_answer(&world.server, "500 Oops", NULL);
	expect_answer(1, 200);
	server_run(world.loop, 40);
	assert_int_equal(world.answers, 1);
	assert_string_equal(world.etag, "a");
	go(6 * S); // timer K has passed: a stranger now
	server_answer(&world.server, "200 OK", "SIP-ETag: c\r\n");
	server_run(world.loop, 40);
	assert_int_equal(world.answers, 1);
	world_close();
}

static void tcp_connection_breaks(void **state)
{
	(void)state;
	start("tcp");
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	server_stop_tcp(&world.server);
	server_run(world.loop, 40);
	assert_int_equal(world.answers, 0); // it may come on another connection
	go(3 * S);
	assert_int_equal(world.answers, 1);
	assert_int_equal(world.answer.outcome, PUBLISH_LOST);
	world_close();
}

// RFC 3261 18.2.2: the server has lost the connection and comes to the address in the Via.
static void answer_on_a_new_connection(void **state)
{
	const char *via;
	char keep[SERVER_BYTES];
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	start(*state);
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	memcpy(keep, world.server.request, sizeof(keep));
	via = strstr(server_header(&world.server, "Via"), "127.0.0.1:");
	assert_non_null(via);
	address.sin_port = htons((uint16_t)atoi(via + 10));
	if (world.server.from >= 0) {
		server_stop_tcp(&world.server);
		server_run(world.loop, 40);
		world.server.connection[0] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(
			connect(world.server.connection[0], (void *)&address, sizeof(address)), 0);
		world.server.from = 0;
	} else { // from another port than it was sent to
		world.server.peer = address;
		server_stop_udp(&world.server);
		world.server.udp = world.other.udp;
		world.other.udp = -1;
	}
	memcpy(world.server.request, keep, sizeof(keep));
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	expect_answer(1, 200);
	assert_string_equal(world.etag, "a");
	world_close();
}

// What comes there uninvited changes nothing.
static void strangers(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int stranger = socket(AF_INET, SOCK_STREAM, 0);
	char byte;

	(void)state;
	start("tcp");
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	address.sin_port = htons(
		(uint16_t)atoi(strstr(server_header(&world.server, "Via"), "127.0.0.1:") + 10));
	assert_int_equal(connect(stranger, (void *)&address, sizeof(address)), 0);
	assert_int_equal(send(stranger, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
	server_run(world.loop, 40);
	assert_int_equal(recv(stranger, &byte, 1, 0), 0); // put out
	close(stranger);
	stranger = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(stranger, (void *)&address, sizeof(address)), 0);
	server_run(world.loop, 40);
	go(11 * S); // says nothing
	server_run(world.loop, 40);
	assert_int_equal(recv(stranger, &byte, 1, 0), 0);
	close(stranger);
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	expect_answer(1, 200);
	world_close();
}

static void server_push_back(void **state)
{
	(void)state;
	start(*state);
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	server_answer(&world.server, "503 Busy",
		      "Retry-After: 17 (maintenance);duration=3600\r\n"
		      "ms-diagnostics: 2140;reason=\"busy\"\r\n");
	expect_answer(1, 503);
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
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	snprintf(branch, sizeof(branch), "%s", server_header(&world.server, "Via"));
	server_answer(&world.server, "503 Busy", NULL);
	assert_true(server_take(&world.other, world.loop));
	assert_string_not_equal(server_header(&world.other, "Via"), branch);
	assert_string_equal(server_header(&world.other, "CSeq"), "2 PUBLISH");
	server_answer(&world.other, "200 OK", "SIP-ETag: a\r\n");
	expect_answer(1, 200);
	world_close();
}

static void next_target_when_refused(void **state)
{
	(void)state;
	world_prepare("tcp");
	world.settings.registrar.target_count = 2;
	server_stop_tcp(&world.server);
	world_open();
	publish(PUBLISH_INITIAL, NULL);
	assert_true(server_take(&world.other, world.loop));
	server_answer(&world.other, "200 OK", "SIP-ETag: a\r\n");
	expect_answer(1, 200);
	world_close();
}

// The next request spares the one that pushed back, although its connection is open.
static void pushed_back_target_rests(void **state)
{
	world_prepare(*state);
	world.settings.registrar.target_count = 2;
	world_open();
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	server_answer(&world.server, "503 Busy", "Retry-After: 20\r\n");
	assert_true(server_take(&world.other, world.loop));
	server_answer(&world.other, "200 OK", "SIP-ETag: a\r\n");
	expect_answer(1, 200);
	publish(PUBLISH_INITIAL, NULL);
	assert_true(server_take(&world.other, world.loop));
	server_answer(&world.other, "200 OK", "SIP-ETag: b\r\n");
	expect_answer(2, 200);
	assert_true(server_is_quiet(&world.server, world.loop));
	for (int i = 0; i < 21; i++)
		go(S);
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	world_close();
}

// Nobody else asks a server that said when to come back (RFC 3261 21.5.4).
static void retry_after_holds_turns(void **state)
{
	struct publish_turn turn[2] = {0};

	start(*state);
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	server_answer(&world.server, "503 Busy", "Retry-After: 7\r\n");
	expect_answer(1, 503);
	registrar_ask(world.registrar, &turn[0], PUBLISH_REMOVE);
	registrar_ask(world.registrar, &turn[1], PUBLISH_INITIAL);
	go(6900 * MS);
	assert_int_equal(world.turns, 0);
	go(200 * MS);
	assert_int_equal(world.turns, 2);
	// Retry-After without bounds holds for a minute at most.
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	server_answer(&world.server, "503 Busy", "Retry-After: 4294967295\r\n");
	expect_answer(2, 503);
	registrar_ask(world.registrar, &turn[0], PUBLISH_REMOVE);
	for (int i = 0; i < 61; i++)
		go(S);
	assert_int_equal(world.turns, 3);
	world_close();
}

// It took the request and never answers: a new connection within seconds, as there is nobody else.
static void only_server_is_silent(void **state)
{
	(void)state;
	world_prepare("tcp");
	world.settings.registrar.connections = 1;
	world_open();
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	for (int i = 0; i < 33 && !world.answers; i++)
		go(S);
	assert_int_equal(world.answer.outcome, PUBLISH_TIMEOUT);
	for (int i = 0; i < 6 && world.reachable < 2; i++) {
		go(S);
		server_run(world.loop, 20);
	}
	assert_int_equal(world.reachable, 2);
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
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
		go(100 * MS);
	}
	assert_in_range(connects, 4, 8); // after 0, 1, 3, 7, 12 and 17 s
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
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	server_answer(&world.server, "401 Who",
		      "WWW-Authenticate: Digest realm=\"x\", nonce=\"n1\"\r\n");
	expect_request();
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	expect_answer(1, 200);
	registrar_ask(world.registrar, &turn[1], PUBLISH_INITIAL);
	go(190 * MS);
	assert_int_equal(world.turns, 1);
	go(20 * MS);
	assert_int_equal(world.turns, 2);
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
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	assert_null(server_header(&world.server, "Authorization"));
	server_answer(&world.server, "401 Who", md5);
	expect_request();
	assert_non_null(
		strstr(server_header(&world.server, "Authorization"), "username=\"john.doe\""));
	assert_non_null(strstr(server_header(&world.server, "Authorization"), "nc=00000001"));
	assert_string_equal(server_header(&world.server, "CSeq"), "2 PUBLISH");
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	expect_answer(1, 200);
	publish(PUBLISH_REFRESH, "a"); // ahead of time, with the next count
	expect_request();
	assert_non_null(strstr(server_header(&world.server, "Authorization"), "nc=00000002"));
	server_answer(&world.server, "401 Old", stale);
	expect_request();
	assert_non_null(strstr(server_header(&world.server, "Authorization"), "nonce=\"n2\""));
	assert_non_null(strstr(server_header(&world.server, "Authorization"), "nc=00000001"));
	server_answer(&world.server, "401 Old", stale);
	expect_request();
	server_answer(&world.server, "401 Old", stale);
	expect_request();
	server_answer(&world.server, "401 Old", stale); // enough
	expect_answer(2, 401);
	world_close();
}

static void wrong_password(void **state)
{
	static const char md5[] = "Proxy-Authenticate: Digest realm=\"x\", nonce=\"n1\"\r\n";

	world_prepare(*state);
	snprintf(world.secrets.registrar_password.text, SECRET_BYTES, "secret");
	world_open();
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	server_answer(&world.server, "407 Who", md5);
	expect_request();
	assert_non_null(server_header(&world.server, "Proxy-Authorization"));
	server_answer(&world.server, "407 No", md5);
	expect_answer(1, 407);
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
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	server_answer(&world.server, "401 Who", md5);
	expect_request();
	server_answer(&world.server, "503 Busy", NULL);
	assert_true(server_take(&world.other, world.loop));
	server_answer(&world.other, "401 Who", md5);
	assert_true(server_take(&world.other, world.loop));
	assert_non_null(server_header(&world.other, "Authorization"));
	server_answer(&world.other, "401 Who", md5);
	expect_answer(1, 401);
	world_close();
}

// RFC 3261 18.1.1
static void long_request_leaves_udp(void **state)
{
	char name[700];
	struct publish_request request = {.kind = PUBLISH_INITIAL,
					  .person = "sip:john.doe@sfb.example",
					  .display = name,
					  .expires_s = 600,
					  .busy = true};

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	start("udp");
	assert_int_equal(registrar_send(world.registrar, &request, &world), 0);
	expect_request();
	assert_true(world.server.len > 1300);
	assert_true(world.server.from >= 0);
	assert_non_null(strstr(server_header(&world.server, "Via"), "SIP/2.0/TCP"));
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	expect_answer(1, 200);
	world_close();
}

static void long_request_without_tcp(void **state)
{
	char name[700];
	struct publish_request request = {.kind = PUBLISH_INITIAL,
					  .person = "sip:john.doe@sfb.example",
					  .display = name,
					  .expires_s = 600,
					  .busy = true};

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	start("udp");
	server_stop_tcp(&world.server);
	assert_int_equal(registrar_send(world.registrar, &request, &world), 0);
	expect_request();
	assert_int_equal(world.server.from, -1);
	assert_non_null(strstr(server_header(&world.server, "Via"), "SIP/2.0/UDP"));
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	expect_answer(1, 200);
	world_close();
}

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
	go(101 * MS);
	assert_int_equal(world.turns, 3);
	assert_ptr_equal(world.turn, &turn[4]);
	go(101 * MS);
	assert_ptr_equal(world.turn, &turn[3]);
	registrar_cancel(world.registrar, &turn[2]);
	go(S);
	assert_int_equal(world.turns, 4);
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
	expect_request();
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	expect_answer(1, 200);
	assert_int_equal(world.turns, 2049);
	world_close();
}

// Nobody has a turn while there is nobody to send to.
static void turns_wait_for_a_target(void **state)
{
	struct publish_turn turn = {0};
	struct registrar_status status;
	uint16_t port;

	(void)state;
	world_prepare("tcp");
	server_stop_tcp(&world.server);
	port = world.server.port;
	world.registrar = registrar_new(world.loop, &world.settings, &world.secrets, &events,
					&world, world.diagnostics, sizeof(world.diagnostics));
	assert_non_null(world.registrar);
	registrar_ask(world.registrar, &turn, PUBLISH_INITIAL);
	for (int i = 0; i < 20; i++)
		go(S);
	assert_int_equal(world.turns, 0);
	assert_int_equal(world.reachable, 0);
	assert_int_equal(registrar_status(world.registrar, &status, 1), 1);
	assert_string_equal(status.state, "down");
	// It comes up, on the same port.
	world.server.tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1;

	setsockopt(world.server.tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(world.server.tcp, (void *)&address, sizeof(address)), 0);
	assert_int_equal(listen(world.server.tcp, 8), 0);
	for (int i = 0; i < 6 && !world.turns; i++) {
		go(S);
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
	go(30 * S);
	server_run(world.loop, 20);
	assert_int_equal(recv(world.server.connection[0], bytes, sizeof(bytes), 0), 4);
	assert_memory_equal(bytes, "\r\n\r\n", 4);
	// No pong, but it never said that it knows about them.
	go(60 * S);
	server_run(world.loop, 20);
	assert_true(recv(world.server.connection[0], bytes, sizeof(bytes), 0) > 0);
	world.server.from = 0;
	server_send(&world.server, "\r\n", 2);
	server_run(world.loop, 40);
	go(30 * S);
	server_run(world.loop, 20);
	assert_true(recv(world.server.connection[0], bytes, sizeof(bytes), 0) > 0);
	go(11 * S); // now it counts
	server_run(world.loop, 20);
	assert_int_equal(recv(world.server.connection[0], bytes, sizeof(bytes), 0), 0);
	world_close();
}

// Answers that a registrar under somebody else's control may give.
static const struct {
	const char *name;
	const char *status;
	const char *headers;
	bool refused;
	const char *etag;
	uint32_t expires_s;
} hostile[] = {
	{"empty tag", "200 OK", "SIP-ETag: \r\n", true, "", 600},
	{"tag with a blank", "200 OK", "SIP-ETag: a b\r\n", true, "", 600},
	{"two tags", "200 OK", "SIP-ETag: a\r\nSIP-ETag: b\r\n", true, "", 600},
	{"no tag", "200 OK", "", false, "", 600},
	{"huge Expires", "200 OK", "SIP-ETag: a\r\nExpires: 99999999999\r\n", false, "a",
	 UINT32_MAX},
	{"negative Expires", "200 OK", "SIP-ETag: a\r\nExpires: -1\r\n", false, "a", 600},
	{"Expires in letters", "200 OK", "SIP-ETag: a\r\nExpires: soon\r\n", false, "a", 600},
	{"Expires 0", "200 OK", "SIP-ETag: a\r\nExpires: 0\r\n", false, "a", 0},
	{"odd class", "299 ", "SIP-ETag: a\r\n", false, "a", 600},
};

static void hostile_answers(void **state)
{
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		start(*state);
		publish(PUBLISH_INITIAL, NULL);
		expect_request();
		server_answer(&world.server, hostile[i].status, hostile[i].headers);
		expect_answer(1, (uint16_t)atoi(hostile[i].status));
		if (world.answer.etag_refused != hostile[i].refused ||
		    strcmp(world.etag, hostile[i].etag) != 0 ||
		    world.answer.expires_s != hostile[i].expires_s)
			fail_msg("%s: etag %s refused %d expires %u", hostile[i].name, world.etag,
				 world.answer.etag_refused, world.answer.expires_s);
		world_close();
	}
}

static void tag_lengths(void **state)
{
	static const size_t lengths[] = {1, 255, 256, 8000};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char *header = malloc(lengths[i] + 32);
		int len = sprintf(header, "SIP-ETag: ");

		memset(header + len, 'e', lengths[i]);
		strcpy(header + len + lengths[i], "\r\n");
		start(*state);
		publish(PUBLISH_INITIAL, NULL);
		expect_request();
		server_answer(&world.server, "200 OK", header);
		expect_answer(1, 200);
		assert_int_equal(world.answer.etag_refused, lengths[i] > 255);
		assert_int_equal(strlen(world.etag), lengths[i] > 255 ? 0 : lengths[i]);
		free(header);
		world_close();
	}
}

// None of these is an answer; on a stream some of them end the connection.
static const char *const garbage[] = {
	"\r\n\r\n",
	"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP x;branch=z9hG4bKnobody\r\nFrom: <sip:a@b>;tag=1\r\n"
	"To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 PUBLISH\r\nContent-Length: 0\r\n\r\n",
	"OPTIONS sip:me SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
	"To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 200\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 ABC OK\r\nContent-Length: 0\r\n\r\n",
	"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 200 OK\r\nCSeq: 1\r\nVia: ;;;\r\nContent-Length: 0\r\n\r\n",
};

static void garbage_is_dropped(void **state)
{
	char *cseq;

	start(*state);
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	cseq = strstr(world.server.request, "CSeq: 1 PUBLISH");
	assert_non_null(cseq);
	memcpy(cseq, "CSeq: 1 MESSAGE", 15); // of another method (RFC 3261 17.1.3)
	server_answer(&world.server, "200 OK", "SIP-ETag: m\r\n");
	memcpy(cseq, "CSex: 1 PUBLISH", 15);
	server_answer(&world.server, "200 OK", "SIP-ETag: m\r\n");
	memcpy(cseq, "CSeq: 1 PUBLISH", 15);
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
		server_send(&world.server, garbage[i], strlen(garbage[i]));
	server_run(world.loop, 40);
	assert_int_equal(world.answers, 0);
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	expect_answer(1, 200);
	world_close();
}

static void provisional_flood(void **state)
{
	start(*state);
	publish(PUBLISH_INITIAL, NULL);
	expect_request();
	for (int i = 0; i < 2000; i++) {
		server_answer(&world.server, "100 Trying", NULL);
		if (i % 16 == 0)
			server_run(world.loop, 1);
	}
	server_run(world.loop, 20);
	assert_int_equal(world.answers, 0);
	for (int i = 0; i < 33; i++) // timer F is not put off by them
		go(S);
	assert_int_equal(world.answers, 1);
	assert_int_equal(world.answer.outcome, PUBLISH_TIMEOUT);
	world_close();
}

static void closing_with_open_requests(void **state)
{
	start(*state);
	publish(PUBLISH_INITIAL, NULL);
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

	start(*state);
	assert_true(registrar_send(world.registrar, &request, &world) < 0);
	assert_int_equal(registrar_open(world.registrar), 0);
	world_close();
}

#define BOTH(test) cmocka_unit_test_prestate(test, "udp"), cmocka_unit_test_prestate(test, "tcp")

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(one_publication),
		cmocka_unit_test(one_turn_one_connection),
		cmocka_unit_test(udp_repeats_and_gives_up),
		cmocka_unit_test(late_and_repeated_answers),
		cmocka_unit_test(tcp_connection_breaks),
		BOTH(answer_on_a_new_connection),
		cmocka_unit_test(strangers),
		BOTH(server_push_back),
		BOTH(next_target_on_503),
		cmocka_unit_test(next_target_when_refused),
		BOTH(pushed_back_target_rests),
		BOTH(retry_after_holds_turns),
		cmocka_unit_test(only_server_is_silent),
		BOTH(challenges_are_paced),
		cmocka_unit_test(server_puts_us_out),
		BOTH(challenge),
		BOTH(wrong_password),
		BOTH(next_target_challenges_too),
		cmocka_unit_test(long_request_leaves_udp),
		cmocka_unit_test(long_request_without_tcp),
		BOTH(pace),
		cmocka_unit_test(silent_server_is_not_flooded),
		cmocka_unit_test(turns_wait_for_a_target),
		cmocka_unit_test(keepalive),
		BOTH(hostile_answers),
		BOTH(tag_lengths),
		BOTH(garbage_is_dropped),
		BOTH(provisional_flood),
		BOTH(closing_with_open_requests),
		BOTH(unsendable_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
