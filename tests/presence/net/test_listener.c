// SPDX-License-Identifier: Apache-2.0
// A listener among friends and strangers, on loopback.
#include "presence/net/listener.h"

#include "config/clock.h"
#include "config/metric.h"
#include "ends.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { PEERS = 8 };

static struct {
	int opened, closed;
	int reason;
	char bytes[256];
	size_t len;
	bool consume_nothing, close_connection, close_listener;
} owner;

static struct listener *listener;
static struct sockaddr_storage address;
static socklen_t address_len;
static int peers[PEERS];

static void owner_opened(void *ctx, struct connection *connection)
{
	owner.opened++;
}

static size_t owner_received(void *ctx, struct connection *connection, const char *data, size_t len)
{
	if (owner.consume_nothing)
		return 0;
	memcpy(owner.bytes + owner.len, data, len);
	owner.len += len;
	if (owner.close_connection)
		connection_close(connection);
	if (owner.close_listener) {
		listener_close(listener);
		listener = NULL;
	}
	return len;
}

static void owner_closed(void *ctx, struct connection *connection, int reason, const char *text)
{
	owner.closed++;
	owner.reason = reason;
}

static const struct connection_events owner_events = {owner_opened, owner_received, owner_closed};

static void listen_on(enum connection_kind kind, unsigned int total, unsigned int source)
{
	struct listener_options options = {
		.kind = kind,
		.local_len = sizeof(struct sockaddr_in),
		.total_limit = total,
		.source_limit = source,
		.idle_timeout_ns = 10 * NS_PER_S,
		.send_limit = 4096,
		.receive_limit = 4096,
	};

	*(struct sockaddr_in *)&options.local = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
	memset(&owner, 0, sizeof(owner));
	listener = listener_open(ends_loop, &options, &owner_events, NULL);
	assert_non_null(listener);
	assert_int_equal(listener_local(listener, &address, &address_len), 0);
	((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static int peer_connect(int type, const char *from)
{
	struct sockaddr_in local = {.sin_family = AF_INET};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, from, &local.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, address_len), 0);
	return fd;
}

// The other side has closed it (a reset counts, too).
static bool is_closed(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	return got == 0 || (got < 0 && errno != EAGAIN);
}

static int setup(void **state)
{
	for (int i = 0; i < PEERS; i++)
		peers[i] = -1;
	return ends_setup(state);
}

static int teardown(void **state)
{
	listener_close(listener);
	listener = NULL;
	for (int i = 0; i < PEERS; i++)
		if (peers[i] >= 0)
			close(peers[i]);
	clock_release();
	return ends_teardown(state);
}

static void test_messages_arrive(void **state)
{
	listen_on(CONNECTION_TCP, 4, 4);
	peers[0] = peer_connect(SOCK_STREAM, "127.0.0.1");
	assert_int_equal(send(peers[0], "SIP/2.0", 7, 0), 7);
	RUN_UNTIL(owner.len == 7);
	assert_int_equal(owner.opened, 1);
	assert_int_equal(listener_count(listener), 1);
	close(peers[0]);
	peers[0] = -1;
	RUN_UNTIL(owner.closed == 1);
	assert_int_equal(owner.reason, 0);
	assert_int_equal(listener_count(listener), 0);
}

static void test_source_limit(void **state)
{
	listen_on(CONNECTION_TCP, 10, 2);
	peers[0] = peer_connect(SOCK_STREAM, "127.0.0.1");
	peers[1] = peer_connect(SOCK_STREAM, "127.0.0.1");
	RUN_UNTIL(owner.opened == 2);
	peers[2] = peer_connect(SOCK_STREAM, "127.0.0.1");
	RUN_UNTIL(is_closed(peers[2]));
	assert_false(is_closed(peers[0]) || is_closed(peers[1]));
	peers[3] = peer_connect(SOCK_STREAM, "127.0.0.2"); // others are not shut out
	RUN_UNTIL(owner.opened == 3);
	assert_true(metric_value("offhook_listener_refused", "cause=\"source\"") > 0);
}

static void test_total_limit(void **state)
{
	listen_on(CONNECTION_TCP, 2, 2);
	peers[0] = peer_connect(SOCK_STREAM, "127.0.0.1");
	peers[1] = peer_connect(SOCK_STREAM, "127.0.0.2");
	peers[2] = peer_connect(SOCK_STREAM, "127.0.0.3");
	RUN_UNTIL(is_closed(peers[2]));
	assert_int_equal(listener_count(listener), 2);
	// Who leaves makes room.
	close(peers[0]);
	peers[0] = -1;
	RUN_UNTIL(listener_count(listener) == 1);
	peers[3] = peer_connect(SOCK_STREAM, "127.0.0.3");
	RUN_UNTIL(owner.opened == 3);
}

static void test_idle_has_to_go(void **state)
{
	clock_set(clock_mono_ns());
	listen_on(CONNECTION_TCP, 4, 4);
	peers[0] = peer_connect(SOCK_STREAM, "127.0.0.1"); // says nothing
	peers[1] = peer_connect(SOCK_STREAM, "127.0.0.1");
	RUN_UNTIL(owner.opened == 2);
	assert_int_equal(send(peers[1], "useful", 6, 0), 6);
	RUN_UNTIL(owner.len == 6);
	owner.consume_nothing = true;
	peers[2] = peer_connect(SOCK_STREAM, "127.0.0.1"); // never gets to the point
	assert_int_equal(send(peers[2], "SIP/2", 5, 0), 5);
	RUN_UNTIL(owner.opened == 3);
	clock_set(clock_mono_ns() + 9 * NS_PER_S);
	ends_run_idle();
	assert_int_equal(owner.closed, 0);
	clock_set(clock_mono_ns() + 2 * NS_PER_S);
	RUN_UNTIL(owner.closed == 2);
	assert_int_equal(owner.reason, -ETIMEDOUT);
	assert_true(is_closed(peers[0]) && is_closed(peers[2]));
	clock_set(clock_mono_ns() + 3600 * NS_PER_S);
	ends_run_idle();
	assert_int_equal(owner.closed, 2);
	assert_int_equal(listener_count(listener), 1);
}

static void test_owner_closes(void **state)
{
	listen_on(CONNECTION_TCP, 1, 1);
	owner.close_connection = true;
	for (int i = 0; i < 3; i++) {
		peers[0] = peer_connect(SOCK_STREAM, "127.0.0.1");
		assert_int_equal(send(peers[0], "x", 1, 0), 1);
		RUN_UNTIL(owner.len == (size_t)i + 1);
		RUN_UNTIL(is_closed(peers[0]));
		assert_int_equal(listener_count(listener), 0);
		close(peers[0]);
		peers[0] = -1;
	}
	assert_int_equal(owner.closed, 0);
}

static void test_close_from_callback(void **state)
{
	listen_on(CONNECTION_TCP, 4, 4);
	peers[0] = peer_connect(SOCK_STREAM, "127.0.0.1");
	peers[1] = peer_connect(SOCK_STREAM, "127.0.0.1");
	RUN_UNTIL(owner.opened == 2);
	owner.close_listener = true;
	assert_int_equal(send(peers[1], "x", 1, 0), 1);
	RUN_UNTIL(listener == NULL);
	assert_true(is_closed(peers[0]) && is_closed(peers[1]));
	assert_int_equal(owner.closed, 0);
}

static void test_datagrams(void **state)
{
	struct listener_options options = {.kind = CONNECTION_UDP};

	listen_on(CONNECTION_UDP, 0, 0);
	peers[0] = peer_connect(SOCK_DGRAM, "127.0.0.1");
	peers[1] = peer_connect(SOCK_DGRAM, "127.0.0.2");
	assert_int_equal(send(peers[0], "one", 3, 0), 3);
	assert_int_equal(send(peers[1], "two", 3, 0), 3);
	RUN_UNTIL(owner.len == 6);
	assert_int_equal(owner.opened, 1);
	assert_null(listener_open(ends_loop, &options, &owner_events, NULL)); // no address
}

// Without descriptors the loop rests instead of running in circles, and comes back later.
static void test_out_of_descriptors(void **state)
{
	struct rlimit before, none;

	clock_set(clock_mono_ns());
	listen_on(CONNECTION_TCP, 4, 4);
	peers[0] = peer_connect(SOCK_STREAM, "127.0.0.1");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	ends_run_idle();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	ends_run_idle();
	assert_int_equal(owner.opened, 0);
	clock_set(clock_mono_ns() + 2 * NS_PER_S);
	RUN_UNTIL(owner.opened == 1);
}

static void test_address_in_use(void **state)
{
	struct listener_options options = {.kind = CONNECTION_TCP};

	listen_on(CONNECTION_TCP, 1, 1);
	options.local = address;
	options.local_len = address_len;
	assert_null(listener_open(ends_loop, &options, &owner_events, NULL));
	assert_int_equal(errno, EADDRINUSE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_messages_arrive), TEST(test_source_limit),
		TEST(test_total_limit),     TEST(test_idle_has_to_go),
		TEST(test_owner_closes),    TEST(test_close_from_callback),
		TEST(test_datagrams),       TEST(test_out_of_descriptors),
		TEST(test_address_in_use),
	};

	return cmocka_run_group_tests_name("presence/net/listener", tests, NULL, NULL);
}
