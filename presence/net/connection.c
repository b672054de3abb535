// SPDX-License-Identifier: Apache-2.0
// The life of a connection: opening, queues, limits, the end. Sockets are only touched from the
// loop: connection_send() queues and asks for a turn (`soon`, a timer that is already due), so that
// no owner is ever called from within his own call, and all he says in one round leaves together.
// connection_work() is the one place where things happen.
#include "presence/net/connection_private.h"

#include "config/clock.h"
#include "config/metric.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Reads of one turn; the others want theirs, too.
enum { TURN_READS = 16 };
// One write's worth: a TLS record (RFC 8446 5.1), some fifteen PUBLISH.
enum { GATHER_BYTES = 16384 };

METRIC_COUNTER(metric_receive_full, "offhook_connection_limit", "cause=\"receive\"",
	       "Limits of a connection that were reached");
METRIC_COUNTER(metric_send_full, "offhook_connection_limit", "cause=\"send\"",
	       "Limits of a connection that were reached");

static void connection_turn(struct timer *soon);
static void connection_late(struct timer *deadline);
static void connection_ready(struct loop_watch *watch, uint32_t events);

void connection_explain(struct connection *connection, const char *fmt, ...)
{
	va_list args;

	if (connection->text[0] != '\0')
		return;
	va_start(args, fmt);
	vsnprintf(connection->text, sizeof(connection->text), fmt, args);
	va_end(args);
}

static void connection_soon(struct connection *connection)
{
	if (!timer_is_set(&connection->soon))
		timer_set(loop_wheel(connection->loop), &connection->soon, 0, connection_turn);
}

static struct connection *connection_new(struct loop *loop,
					 const struct connection_options *options,
					 const struct connection_events *events, void *owner)
{
	struct connection *connection;

	if (options->receive_limit == 0) {
		errno = EINVAL;
		return NULL;
	}
	connection = calloc(1, sizeof(*connection));
	if (connection == NULL)
		return NULL;
	connection->loop = loop;
	connection->kind = options->kind;
	connection->state = CONNECTION_OPENING;
	connection->events = events;
	connection->owner = owner;
	connection->watch.fd = -1;
	buffer_init(&connection->send, options->send_limit);
	buffer_init(&connection->receive, options->receive_limit);
	return connection;
}

static void connection_free(struct connection *connection)
{
	if (connection->gone != NULL)
		connection->gone(connection->gone_ctx);
	tls_stop(connection);
	buffer_fini(&connection->send);
	buffer_fini(&connection->receive);
	free(connection);
}

// From here on neither the loop nor the peer knows it. The memory lives until connection_work() has
// returned: an owner may still look at data he was handed.
static void connection_release(struct connection *connection)
{
	int fd = connection->watch.fd;

	if (connection->state == CONNECTION_CLOSED)
		return;
	if (connection->state == CONNECTION_OPEN)
		tls_close_notify(connection);
	connection->state = CONNECTION_CLOSED;
	timer_cancel(loop_wheel(connection->loop), &connection->deadline);
	timer_cancel(loop_wheel(connection->loop), &connection->soon);
	loop_watch_remove(connection->loop, &connection->watch);
	if (fd >= 0)
		close(fd);
}

static void connection_end(struct connection *connection, int reason)
{
	connection_release(connection);
	connection_explain(connection, "%s", reason != 0 ? strerror(-reason) : "closed by peer");
	connection->events->closed(connection->owner, connection, reason, connection->text);
}

static void connection_try_open(struct connection *connection)
{
	int error;

	switch (connection->kind) {
	case CONNECTION_TCP: error = tcp_open(connection); break;
	case CONNECTION_TLS: error = tls_open(connection); break;
	default: error = 0; break; // UDP and unix connect at once
	}
	if (error == -EAGAIN)
		return;
	if (error != 0) {
		connection->failure = error;
		return;
	}
	connection->state = CONNECTION_OPEN;
	timer_cancel(loop_wheel(connection->loop), &connection->deadline);
	connection->events->opened(connection->owner, connection);
}

static void connection_flush(struct connection *connection)
{
	while (connection->send.len > 0) {
		const char *data = buffer_data(&connection->send);
		size_t len = connection->send.len;
		ssize_t sent = connection->kind == CONNECTION_TLS
				       ? tls_write(connection, data, len)
				       : tcp_write(connection, data, len);

		if (sent == -EAGAIN)
			return;
		if (sent < 0) {
			connection->failure = (int)sent;
			return;
		}
		buffer_consume(&connection->send, (size_t)sent);
	}
}

// Hands over what is in the buffer; false when that was the end of the connection.
static bool connection_deliver(struct connection *connection)
{
	struct buffer *receive = &connection->receive;
	size_t used = connection->events->received(connection->owner, connection,
						   buffer_data(receive), receive->len);

	if (connection->state == CONNECTION_CLOSED)
		return false;
	if (used > receive->len || connection->kind == CONNECTION_UDP)
		used = receive->len;
	buffer_consume(receive, used);
	if (!buffer_is_full(receive))
		return true;
	metric_add(&metric_receive_full, 1);
	connection_explain(connection, "message larger than %zu bytes", receive->limit);
	connection_end(connection, -EMSGSIZE);
	return false;
}

static ssize_t connection_read(struct connection *connection, char *data, size_t size)
{
	switch (connection->kind) {
	case CONNECTION_UDP: return udp_read(connection, data, size);
	case CONNECTION_TLS: return tls_read(connection, data, size);
	default: return tcp_read(connection, data, size);
	}
}

static void connection_receive(struct connection *connection)
{
	// A datagram comes whole or not at all.
	size_t least = connection->kind == CONNECTION_UDP ? connection->receive.limit : 1;

	for (int reads = 0; reads < TURN_READS; reads++) {
		char *room;
		size_t size = buffer_room(&connection->receive, least, &room);
		ssize_t got = size > 0 ? connection_read(connection, room, size) : -ENOMEM;

		if (got == -EAGAIN || (got == 0 && connection->failure != 0))
			return;
		if (got <= 0) {
			connection_end(connection, (int)got);
			return;
		}
		buffer_filled(&connection->receive, (size_t)got);
		if (!connection_deliver(connection))
			return;
		// A stream that gave less than it could has no more; an end comes by epoll.
		if ((size_t)got < size && connection->kind != CONNECTION_TLS &&
		    connection->kind != CONNECTION_UDP)
			return;
	}
	connection_soon(connection); // what is left may be inside of OpenSSL, unseen by epoll
}

static void connection_watch(struct connection *connection)
{
	uint32_t events = (connection->deaf ? 0 : EPOLLIN) | (connection->want_out ? EPOLLOUT : 0);
	int error = loop_watch_change(connection->loop, &connection->watch, events);

	if (error != 0)
		connection_end(connection, error);
}

// Does all that can be done. A failure to send comes last: what the peer said before it hung up is
// worth hearing.
static void connection_work(struct connection *connection)
{
	connection->working = true;
	connection->want_out = false;
	connection->deaf = false;
	if (connection->state == CONNECTION_OPENING && connection->failure == 0)
		connection_try_open(connection);
	if (connection->state == CONNECTION_OPEN && connection->failure == 0)
		connection_flush(connection);
	if (connection->state == CONNECTION_OPEN)
		connection_receive(connection);
	if (connection->state != CONNECTION_CLOSED && connection->failure != 0)
		connection_end(connection, connection->failure);
	if (connection->state != CONNECTION_CLOSED)
		connection_watch(connection);
	connection->working = false;
	if (connection->state == CONNECTION_CLOSED)
		connection_free(connection);
}

static void connection_ready(struct loop_watch *watch, uint32_t events)
{
	connection_work(watch->owner);
}

static void connection_turn(struct timer *soon)
{
	connection_work((void *)((char *)soon - offsetof(struct connection, soon)));
}

void connection_fail(struct connection *connection, int reason, const char *text)
{
	connection_explain(connection, "%s", text);
	connection->failure = reason;
	connection_work(connection);
}

static void connection_late(struct timer *deadline)
{
	struct connection *connection = (void *)((char *)deadline -
						 offsetof(struct connection, deadline));

	connection_fail(connection, -ETIMEDOUT,
			connection->connected ? "TLS handshake timed out" : "connect timed out");
}

// Puts the socket on the loop. The first turn may find the connection open already.
static int connection_start(struct connection *connection, int fd,
			    const struct connection_options *options, bool server)
{
	int error = 0;

	if (connection->kind == CONNECTION_TLS)
		error = tls_start(connection, options, server);
	if (error == 0)
		error = loop_watch_add(connection->loop, &connection->watch, fd, EPOLLIN | EPOLLOUT,
				       connection_ready, connection);
	if (error != 0)
		return error;
	if (options->connect_timeout_ns > 0)
		timer_set(loop_wheel(connection->loop), &connection->deadline,
			  clock_mono_ns() + options->connect_timeout_ns, connection_late);
	connection_soon(connection);
	return 0;
}

struct connection *connection_open(struct loop *loop, const struct connection_options *options,
				   const struct connection_events *events, void *owner)
{
	struct connection *connection = connection_new(loop, options, events, owner);
	int fd = -EINVAL;

	if (connection == NULL)
		return NULL;
	switch (options->kind) {
	case CONNECTION_NONE: break;
	case CONNECTION_UDP: fd = udp_connect(options); break;
	case CONNECTION_TCP:
	case CONNECTION_TLS: fd = tcp_connect(options, &connection->failure); break;
	case CONNECTION_UNIX: fd = unix_connect(options, &connection->failure); break;
	}
	int error = fd < 0 ? fd : connection_start(connection, fd, options, false);

	if (error == 0)
		return connection;
	if (fd >= 0)
		close(fd);
	connection_free(connection);
	errno = -error;
	return NULL;
}

struct connection *connection_adopt(struct loop *loop, int fd,
				    const struct connection_options *options,
				    const struct connection_events *events, void *owner)
{
	struct connection *connection = connection_new(loop, options, events, owner);
	bool stream = options->kind == CONNECTION_TCP || options->kind == CONNECTION_TLS ||
		      options->kind == CONNECTION_UNIX;
	int error;

	if (connection == NULL)
		return NULL;
	if (!stream)
		error = -EINVAL;
	else if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		error = -errno;
	else
		error = connection_start(connection, fd, options, true);
	if (error != 0) {
		connection_free(connection);
		errno = -error;
		return NULL;
	}
	if (options->kind != CONNECTION_UNIX)
		tcp_tune(fd);
	return connection;
}

int connection_send(struct connection *connection, const void *data, size_t len)
{
	int error;

	if (connection->state == CONNECTION_CLOSED || connection->failure != 0)
		return -ENOTCONN;
	if (connection->kind == CONNECTION_UDP)
		error = udp_send(connection, data, len);
	else
		error = buffer_append(&connection->send, data, len);
	if (error == -ENOBUFS)
		metric_add(&metric_send_full, 1);
	// While it opens, the turn in which it is open sends.
	if (connection->failure != 0 || (error == 0 && connection->state == CONNECTION_OPEN))
		connection_soon(connection);
	return error;
}

bool connection_gathers(const struct connection *connection)
{
	return connection->state == CONNECTION_OPEN && connection->failure == 0 &&
	       connection->send.len > 0 && connection->send.len < GATHER_BYTES &&
	       timer_is_set(&connection->soon);
}

void connection_close(struct connection *connection)
{
	if (connection == NULL)
		return;
	connection_release(connection);
	if (!connection->working)
		connection_free(connection);
}

enum connection_state connection_state(const struct connection *connection)
{
	return connection->failure != 0 ? CONNECTION_CLOSED : connection->state;
}

enum connection_kind connection_kind(const struct connection *connection)
{
	return connection->kind;
}

int connection_local(const struct connection *connection, struct sockaddr_storage *out,
		     socklen_t *len)
{
	*len = sizeof(*out);
	if (connection->watch.fd < 0)
		return -ENOTCONN;
	return getsockname(connection->watch.fd, (struct sockaddr *)out, len) < 0 ? -errno : 0;
}
