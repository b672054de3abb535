// SPDX-License-Identifier: Apache-2.0
// UDP, TCP and unix connections over loopback, both ends on one loop.
#include "presence/net/connection_private.h"

#include "config/clock.h"
#include "ends.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct end here, there; // large: not on the stack
static char block[300000];

static int setup(void **state)
{
	memset(&here, 0, sizeof(here));
	memset(&there, 0, sizeof(there));
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 7 + i / 251);
	return ends_setup(state);
}

// A pair of open connections.
static void open_pair(struct connection_options *options)
{
	int listening = listen_tcp(options);

	end_open(&here, options);
	end_adopt(&there, accept_one(listening), options);
	RUN_UNTIL(here.opened && there.opened);
	close(listening);
}

static void test_tcp_both_ways(void **state)
{
	struct connection_options options = options_of(CONNECTION_TCP);
	int listening = listen_tcp(&options);

	end_open(&here, &options);
	assert_int_equal(connection_state(here.connection), CONNECTION_OPENING);
	assert_int_equal(connection_send(here.connection, "early", 5), 0); // queued
	end_adopt(&there, accept_one(listening), &options);
	RUN_UNTIL(there.len == 5);
	assert_memory_equal(there.bytes, "early", 5);
	assert_int_equal(connection_state(here.connection), CONNECTION_OPEN);
	assert_int_equal(connection_send(there.connection, block, sizeof(block)), 0);
	RUN_UNTIL(here.len == sizeof(block));
	assert_memory_equal(here.bytes, block, sizeof(block));
	end_close(&there);
	RUN_UNTIL(here.closed);
	assert_int_equal(here.reason, 0);
	assert_string_equal(here.text, "closed by peer");
	assert_int_equal(there.closed, 0); // who closes hears nothing
	close(listening);
}

static void test_socket_options(void **state)
{
	struct connection_options options = options_of(CONNECTION_TCP);
	struct sockaddr_storage local;
	int on = 0;
	socklen_t len = sizeof(on);

	open_pair(&options);
	for (struct end *end = &here; end != NULL; end = end == &here ? &there : NULL) {
		int fd = end->connection->watch.fd;

		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
		assert_true(on);
		assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &len), 0);
		assert_true(on);
		assert_int_equal(connection_local(end->connection, &local, &len), 0);
		assert_int_equal(local.ss_family, AF_INET);
		assert_true(((struct sockaddr_in *)&local)->sin_port != 0);
		end_close(end);
	}
}

static void test_tcp_refused(void **state)
{
	struct connection_options options = options_of(CONNECTION_TCP);

	close(listen_tcp(&options)); // a port where nobody listens
	end_open(&here, &options);
	RUN_UNTIL(here.closed);
	assert_int_equal(here.opened, 0);
	assert_int_equal(here.reason, -ECONNREFUSED);
	assert_string_equal(here.text, "Connection refused");
}

static void test_connect_timeout(void **state)
{
	struct connection_options options = options_of(CONNECTION_TCP);
	// A full backlog answers no SYN.
	int listening = listen_tcp(&options), fillers[4];

	clock_set(clock_mono_ns());
	listen(listening, 0);
	for (size_t i = 0; i < 4; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fillers[i], (struct sockaddr *)&options.peer, options.peer_len);
	}
	end_open(&here, &options);
	ends_run_idle();
	assert_int_equal(here.opened + here.closed, 0);
	clock_set(clock_mono_ns() + options.connect_timeout_ns - NS_PER_MS);
	ends_run_idle();
	assert_int_equal(here.closed, 0);
	clock_set(clock_mono_ns() + 2 * NS_PER_MS);
	RUN_UNTIL(here.closed);
	assert_int_equal(here.reason, -ETIMEDOUT);
	assert_string_equal(here.text, "connect timed out");
	for (size_t i = 0; i < 4; i++)
		close(fillers[i]);
	close(listening);
	clock_release();
}

// The socket is full, then the queue: all or nothing, and all that was accepted arrives.
static void test_send_limit(void **state)
{
	struct connection_options options = options_of(CONNECTION_TCP);
	int listening = listen_tcp(&options);
	size_t accepted = 0;

	options.send_limit = 100000;
	end_open(&here, &options);
	int fd = accept_one(listening);

	RUN_UNTIL(here.opened);
	for (int i = 0; i < 10000; i++) {
		int error = connection_send(here.connection, block, 50000);

		if (error != 0 && here.connection->want_out) {
			assert_int_equal(error, -ENOBUFS);
			break;
		}
		accepted += error == 0 ? 50000 : 0;
		loop_run_once(ends_loop, 0);
	}
	assert_true(here.connection->want_out);
	assert_true(here.connection->send.len <= options.send_limit);
	assert_int_equal(connection_send(here.connection, block, 100001), -ENOBUFS);

	size_t got = 0;

	for (int rounds = 0; got < accepted && rounds < 100000; rounds++) {
		static char sink[65536];
		ssize_t n = recv(fd, sink, sizeof(sink), MSG_DONTWAIT);

		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(sink[i], block[(got + (size_t)i) % 50000]);
		got += n > 0 ? (size_t)n : 0;
		loop_run_once(ends_loop, n > 0 ? 0 : NS_PER_MS);
	}
	assert_int_equal(got, accepted);
	assert_false(here.connection->want_out);
	end_close(&here);
	close(fd);
	close(listening);
}

static void test_receive_limit(void **state)
{
	struct connection_options options = options_of(CONNECTION_TCP);

	options.receive_limit = 4000;
	here.consume_nothing = true;
	open_pair(&options);
	assert_int_equal(connection_send(there.connection, block, 3999), 0);
	RUN_UNTIL(here.received > 0 && here.connection->receive.len == 3999);
	assert_int_equal(here.closed, 0);
	assert_int_equal(connection_send(there.connection, block, 1), 0);
	RUN_UNTIL(here.closed);
	assert_int_equal(here.reason, -EMSGSIZE);
	assert_string_equal(here.text, "message larger than 4000 bytes");
	RUN_UNTIL(there.closed);
}

static size_t half_received(void *owner, struct connection *connection, const char *data,
			    size_t len)
{
	struct end *end = owner;
	size_t used = len > 1 ? len / 2 : len;

	memcpy(end->bytes + end->len, data, used);
	end->len += used;
	return used;
}

// What was not consumed comes again, in front of the rest.
static void test_partial_consumption(void **state)
{
	static struct connection_events events;
	struct connection_options options = options_of(CONNECTION_TCP);

	open_pair(&options);
	events = end_events;
	events.received = half_received;
	here.connection->events = &events;
	for (size_t sent = 0; sent < 60000; sent += 100) {
		assert_int_equal(connection_send(there.connection, block + sent, 100), 0);
		loop_run_once(ends_loop, 0);
	}
	for (size_t i = 0; i < 20 && here.len < 60000; i++) {
		connection_send(there.connection, block + 60000 + i, 1);
		ends_run_idle();
	}
	assert_true(here.len >= 60000);
	assert_memory_equal(here.bytes, block, here.len);
	end_close(&here);
	end_close(&there);
}

// Two writes to a peer that is gone would raise SIGPIPE; its last words are heard all the same.
static void test_peer_resets(void **state)
{
	struct connection_options options = options_of(CONNECTION_TCP);
	struct linger hard = {.l_onoff = 1};
	int listening = listen_tcp(&options);

	signal(SIGPIPE, SIG_DFL);
	end_open(&here, &options);
	int fd = accept_one(listening);

	RUN_UNTIL(here.opened);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
	connection_send(here.connection, "a", 1);
	connection_send(here.connection, "b", 1);
	RUN_UNTIL(here.closed);
	assert_true(here.reason == -ECONNRESET || here.reason == -EPIPE);
	close(listening);
}

static void test_last_words(void **state)
{
	struct connection_options options = options_of(CONNECTION_TCP);
	int listening = listen_tcp(&options);

	end_open(&here, &options);
	int fd = accept_one(listening);

	RUN_UNTIL(here.opened);
	assert_int_equal(send(fd, "bye", 3, 0), 3);
	close(fd);
	assert_int_equal(connection_send(here.connection, block, sizeof(block)), 0);
	RUN_UNTIL(here.closed);
	assert_int_equal(here.len, 3);
	close(listening);
}

static void close_self(struct end *end)
{
	end_close(end);
}

static void close_other(struct end *end)
{
	end_close(end == &here ? &there : &here);
}

static void test_close_from_callbacks(void **state)
{
	struct connection_options options = options_of(CONNECTION_TCP);
	int listening = listen_tcp(&options);

	here.on_opened = close_self;
	end_open(&here, &options);
	end_adopt(&there, accept_one(listening), &options);
	RUN_UNTIL(there.closed);
	assert_null(here.connection);
	assert_int_equal(here.closed, 0);

	memset(&here, 0, sizeof(here));
	memset(&there, 0, sizeof(there));
	here.on_received = close_self;
	open_pair(&options);
	connection_send(there.connection, "x", 1);
	RUN_UNTIL(there.closed);
	assert_int_equal(here.closed, 0);

	memset(&here, 0, sizeof(here));
	memset(&there, 0, sizeof(there));
	open_pair(&options);
	here.on_received = close_other;
	connection_send(there.connection, "x", 1);
	RUN_UNTIL(here.closed);
	assert_int_equal(there.closed, 0);
	close(listening);
}

static void test_close_while_opening(void **state)
{
	struct connection_options options = options_of(CONNECTION_TCP);
	int listening = listen_tcp(&options);

	end_open(&here, &options);
	connection_send(here.connection, "dropped", 7);
	end_close(&here);
	ends_run_idle();
	assert_int_equal(here.opened + here.closed, 0);
	connection_close(NULL);
	close(listening);
}

static void test_open_refuses_nonsense(void **state)
{
	struct connection_options options = options_of(CONNECTION_NONE);

	assert_null(connection_open(ends_loop, &options, &end_events, &here));
	assert_int_equal(errno, EINVAL);
	options = options_of(CONNECTION_TLS); // no context
	listen_tcp(&options);
	assert_null(connection_open(ends_loop, &options, &end_events, &here));
	assert_int_equal(errno, EINVAL);
	options.kind = CONNECTION_UDP;
	assert_null(connection_adopt(ends_loop, 0, &options, &end_events, &here));
	assert_int_equal(errno, EINVAL);
}

static void test_unix(void **state)
{
	struct connection_options options = options_of(CONNECTION_UNIX);
	char dir[] = "/tmp/offhook-test-XXXXXX", path[sizeof(dir) + 8];

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	int listening = listen_unix(&options, path);

	end_open(&here, &options);
	end_adopt(&there, accept_one(listening), &options);
	RUN_UNTIL(here.opened && there.opened);
	connection_send(here.connection, block, sizeof(block));
	RUN_UNTIL(there.len == sizeof(block));
	assert_memory_equal(there.bytes, block, sizeof(block));
	end_close(&here);
	RUN_UNTIL(there.closed);
	close(listening);
	unlink(path);

	memset(&here, 0, sizeof(here));
	end_open(&here, &options); // nobody there: told like any other refusal
	RUN_UNTIL(here.closed);
	assert_int_equal(here.reason, -ENOENT);
	rmdir(dir);
}

// A bound socket without a peer, which takes part as the other side.
static void open_udp_pair(struct connection_options *options, struct connection_options *bound)
{
	*(struct sockaddr_in *)&bound->local = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	bound->local_len = sizeof(struct sockaddr_in);
	end_open(&there, bound);
	*options = options_of(CONNECTION_UDP);
	assert_int_equal(connection_local(there.connection, &options->peer, &options->peer_len), 0);
	end_open(&here, options);
	RUN_UNTIL(here.opened && there.opened);
}

static void test_udp_one_datagram_a_call(void **state)
{
	struct connection_options options, bound = options_of(CONNECTION_UDP);

	open_udp_pair(&options, &bound);
	assert_int_equal(connection_send(here.connection, "one", 3), 0);
	assert_int_equal(connection_send(here.connection, "", 0), 0); // no message
	assert_int_equal(connection_send(here.connection, block, 60000), 0);
	assert_int_equal(connection_send(here.connection, "three", 5), 0);
	RUN_UNTIL(there.received == 3);
	assert_int_equal(there.len, 3 + 60000 + 5);
	assert_memory_equal(there.bytes, "one", 3);
	assert_memory_equal(there.bytes + 3, block, 60000);
	assert_memory_equal(there.bytes + 60003, "three", 5);
	assert_int_equal(connection_send(there.connection, "to whom?", 8), -EDESTADDRREQ);
	end_close(&here);
	end_close(&there);
}

static void test_udp_too_large_is_dropped(void **state)
{
	struct connection_options options, bound = options_of(CONNECTION_UDP);

	bound.receive_limit = 1000;
	open_udp_pair(&options, &bound);
	connection_send(here.connection, block, 1001);
	connection_send(here.connection, block, 1000);
	RUN_UNTIL(there.received == 1);
	assert_int_equal(there.len, 1000);
	assert_int_equal(connection_send(here.connection, block, 70000), -EMSGSIZE);
	assert_int_equal(connection_state(here.connection), CONNECTION_OPEN);
	end_close(&here);
	end_close(&there);
}

static void test_udp_icmp_refused(void **state)
{
	struct connection_options options, bound = options_of(CONNECTION_UDP);

	open_udp_pair(&options, &bound);
	end_close(&there);
	connection_send(here.connection, "anybody?", 8);
	// The second one may learn of the first one's fate, without a callback from within.
	connection_send(here.connection, "anybody?", 8);
	assert_int_equal(here.closed, 0);
	RUN_UNTIL(here.closed);
	assert_int_equal(here.reason, -ECONNREFUSED);
	assert_string_equal(here.text, "Connection refused");
}

// A connected socket hears its peer, the bound one on the same port all others.
static void test_udp_shared_port(void **state)
{
	static struct end third;
	struct connection_options bound = options_of(CONNECTION_UDP), options, other;
	struct sockaddr_in *local = (struct sockaddr_in *)&bound.local;

	*local = (struct sockaddr_in){.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	bound.local_len = sizeof(*local);
	memset(&third, 0, sizeof(third));

	end_open(&there, &bound); // any port
	assert_int_equal(connection_local(there.connection, &bound.local, &bound.local_len), 0);
	other = options_of(CONNECTION_UDP); // some peer
	*(struct sockaddr_in *)&other.peer = *local;
	other.peer_len = bound.local_len;
	end_open(&third, &other);

	options = bound; // our connection to it, from the shared port
	assert_int_equal(connection_local(third.connection, &options.peer, &options.peer_len), 0);
	end_open(&here, &options);
	RUN_UNTIL(here.opened && there.opened && third.opened);
	connection_send(third.connection, "mine", 4);
	RUN_UNTIL(here.len == 4);
	assert_int_equal(there.len, 0);
	end_close(&here);
	connection_send(third.connection, "anyone", 6);
	RUN_UNTIL(there.len == 6);
	end_close(&there);
	end_close(&third);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, ends_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tcp_both_ways),
		TEST(test_socket_options),
		TEST(test_tcp_refused),
		TEST(test_connect_timeout),
		TEST(test_send_limit),
		TEST(test_receive_limit),
		TEST(test_partial_consumption),
		TEST(test_peer_resets),
		TEST(test_last_words),
		TEST(test_close_from_callbacks),
		TEST(test_close_while_opening),
		TEST(test_open_refuses_nonsense),
		TEST(test_unix),
		TEST(test_udp_one_datagram_a_call),
		TEST(test_udp_too_large_is_dropped),
		TEST(test_udp_icmp_refused),
		TEST(test_udp_shared_port),
	};

	return cmocka_run_group_tests_name("presence/net/connection", tests, NULL, NULL);
}
