// SPDX-License-Identifier: Apache-2.0
// See ends.h.
#include "ends.h"

#include "config/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct loop *ends_loop;

int ends_setup(void **state)
{
	ends_loop = loop_new();
	return ends_loop == NULL;
}

int ends_teardown(void **state)
{
	size_t left = timer_wheel_count(loop_wheel(ends_loop));

	loop_free(ends_loop);
	if (left > 0)
		print_error("%zu timers left behind\n", left);
	return left > 0;
}

void ends_run_idle(void)
{
	for (int rounds = 0; rounds < 20; rounds++)
		loop_run_once(ends_loop, NS_PER_MS);
}

static void end_opened(void *owner, struct connection *connection)
{
	struct end *end = owner;

	assert_int_equal(end->opened++, 0);
	assert_int_equal(end->received, 0);
	end->connection = connection;
	if (end->on_opened != NULL)
		end->on_opened(end);
}

static size_t end_received(void *owner, struct connection *connection, const char *data, size_t len)
{
	struct end *end = owner;

	assert_int_equal(end->opened, 1);
	assert_int_equal(end->closed, 0);
	end->received++;
	if (end->consume_nothing)
		return 0;
	assert_true(end->len + len <= END_BYTES);
	memcpy(end->bytes + end->len, data, len);
	end->len += len;
	if (end->on_received != NULL)
		end->on_received(end);
	return len;
}

static void end_closed(void *owner, struct connection *connection, int reason, const char *text)
{
	struct end *end = owner;

	assert_int_equal(end->closed++, 0);
	end->connection = NULL;
	end->reason = reason;
	snprintf(end->text, sizeof(end->text), "%s", text);
}

const struct connection_events end_events = {end_opened, end_received, end_closed};

struct connection_options options_of(enum connection_kind kind)
{
	return (struct connection_options){
		.kind = kind,
		.connect_timeout_ns = 5 * NS_PER_S,
		.send_limit = 1 << 20,
		.receive_limit = 65536,
	};
}

int listen_tcp(struct connection_options *options)
{
	struct sockaddr_in *peer = (struct sockaddr_in *)&options->peer;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*peer = (struct sockaddr_in){.sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	options->peer_len = sizeof(*peer);
	assert_int_equal(bind(fd, (struct sockaddr *)peer, sizeof(*peer)), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)peer, &options->peer_len), 0);
	return fd;
}

int listen_unix(struct connection_options *options, const char *path)
{
	struct sockaddr_un *peer = (struct sockaddr_un *)&options->peer;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*peer = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(peer->sun_path, sizeof(peer->sun_path), "%s", path);
	options->peer_len = sizeof(*peer);
	assert_int_equal(bind(fd, (struct sockaddr *)peer, sizeof(*peer)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

int accept_one(int listening)
{
	struct pollfd ready = {.fd = listening, .events = POLLIN};

	assert_int_equal(poll(&ready, 1, 5000), 1);
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

void end_open(struct end *end, const struct connection_options *options)
{
	end->connection = connection_open(ends_loop, options, &end_events, end);
	assert_non_null(end->connection);
	// Never from within the owner's call.
	assert_int_equal(end->opened + end->closed, 0);
}

void end_adopt(struct end *end, int fd, const struct connection_options *options)
{
	end->connection = connection_adopt(ends_loop, fd, options, &end_events, end);
	assert_non_null(end->connection);
	assert_int_equal(end->opened + end->closed, 0);
}

void end_close(struct end *end)
{
	connection_close(end->connection);
	end->connection = NULL;
}
