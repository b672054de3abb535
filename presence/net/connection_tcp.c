// SPDX-License-Identifier: Apache-2.0
// TCP, and what TLS and unix sockets share with it: reading and writing a stream.
#include "presence/net/connection_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

// A peer that vanished is noticed about as fast as a transaction gives up (RFC 3261 timer F, 32 s):
// idle, by three probes; with data under way, by their lack of acknowledgement.
enum {
	KEEPALIVE_IDLE_S = 15,
	KEEPALIVE_INTERVAL_S = 5,
	KEEPALIVE_PROBES = 3,
	UNACKNOWLEDGED_MS = 32000,
};

// A socket without these still works.
void tcp_tune(int fd)
{
	static const struct {
		int level, option, value;
	} table[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
		{IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
		{IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		setsockopt(fd, table[i].level, table[i].option, &table[i].value,
			   sizeof(table[i].value));
}

// connect_error: a refusal that came at once, to be told like one that comes later.
int tcp_connect(const struct connection_options *options, int *connect_error)
{
	const struct sockaddr *local = (const struct sockaddr *)&options->local;
	const struct sockaddr *peer = (const struct sockaddr *)&options->peer;
	int on = 1, error;
	int fd = socket(peer->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	tcp_tune(fd);
	if (local->sa_family != AF_UNSPEC &&
	    (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	     bind(fd, local, options->local_len) < 0)) {
		error = -errno;
		close(fd);
		return error;
	}
	if (connect(fd, peer, options->peer_len) < 0 && errno != EINPROGRESS)
		*connect_error = -errno;
	return fd;
}

int tcp_open(struct connection *connection)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int error = 0;
	socklen_t error_len = sizeof(error);

	if (getsockopt(connection->watch.fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
		return -errno;
	if (error != 0)
		return -error;
	if (getpeername(connection->watch.fd, (struct sockaddr *)&peer, &len) == 0)
		return 0;
	if (errno != ENOTCONN)
		return -errno;
	connection->want_out = true;
	return -EAGAIN;
}

ssize_t tcp_read(struct connection *connection, char *data, size_t size)
{
	ssize_t got;

	do
		got = recv(connection->watch.fd, data, size, 0);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

ssize_t tcp_write(struct connection *connection, const char *data, size_t len)
{
	ssize_t sent;

	do
		sent = send(connection->watch.fd, data, len, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return sent;
	connection->want_out |= errno == EAGAIN;
	return -errno;
}
