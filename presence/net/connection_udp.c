// SPDX-License-Identifier: Apache-2.0
// UDP: connected to a peer, so that ICMP errors come back; or only bound (no peer), to hear what
// comes from elsewhere. Datagrams are not queued: the kernel's queue is one already, and SIP
// repeats what gets lost (RFC 3261 17.1.2.2).
#include "presence/net/connection_private.h"

#include "config/metric.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

METRIC_COUNTER(metric_datagram, "offhook_connection_limit", "cause=\"datagram\"",
	       "Limits of a connection that were reached");

static bool has_port(const struct sockaddr_storage *address)
{
	// The port is at the same place in both families.
	return ((const struct sockaddr_in *)address)->sin_port != 0;
}

// Connected sockets may share the port of the bound one, which hears everybody else. Only with our
// own user's, unlike SO_REUSEADDR.
static int share_port(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
}

int udp_connect(const struct connection_options *options)
{
	const struct sockaddr *local = (const struct sockaddr *)&options->local;
	const struct sockaddr *peer = (const struct sockaddr *)&options->peer;
	bool bound = local->sa_family != AF_UNSPEC;
	int family = options->peer_len > 0 ? peer->sa_family : local->sa_family;
	int error;
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (bound && has_port(&options->local) && share_port(fd) < 0)
		goto fail;
	if (bound && bind(fd, local, options->local_len) < 0)
		goto fail;
	// Any port has to be found first: asked before, the kernel might pick one that is shared.
	if (options->peer_len == 0 && share_port(fd) < 0)
		goto fail;
	if (options->peer_len > 0 && connect(fd, peer, options->peer_len) < 0)
		goto fail;
	return fd;

fail:
	error = -errno;
	close(fd);
	return error;
}

int udp_send(struct connection *connection, const void *data, size_t len)
{
	ssize_t sent;

	if (len > connection->send.limit)
		return -ENOBUFS;
	do
		sent = send(connection->watch.fd, data, len, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return 0;
	switch (errno) {
	case EAGAIN:
	case ENOBUFS: return -ENOBUFS;
	case EMSGSIZE:
	case EDESTADDRREQ: return -errno; // about this datagram, not about the peer
	default: connection->failure = -errno; return -ENOTCONN;
	}
}

// A datagram that does not fit is of no use. An empty one is some peer's keep-alive. After either
// the loop comes again.
ssize_t udp_read(struct connection *connection, char *data, size_t size)
{
	ssize_t got = recv(connection->watch.fd, data, size, MSG_TRUNC);

	if (got < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if ((size_t)got > size)
		metric_add(&metric_datagram, 1);
	return got > 0 && (size_t)got <= size ? got : -EAGAIN;
}
