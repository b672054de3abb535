// SPDX-License-Identifier: Apache-2.0
// Comes from: lcore_round(). Goes to: look_hep(). System calls on the way of a packet are what this
// way of arriving costs: one for up to BURST datagrams.

#include "dataplane/hep_listener.h"

#include "config/clock.h"
#include "config/units.h"
#include "dataplane/look.h"
#include "dataplane/octets.h"
#include "dataplane/refuse.h"
#include "link/counters.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BURST = 32,
	MESSAGE_BYTES = 65536,   // its length has 16 bits
	PREFIX_BYTES = 6,        // "HEP3", total length
	BACKLOG = 16,            // of listen()
	SOCKET_BUFFER = 4 << 20, // some 4,000 messages, a burst of ours; the kernel may give less
	CONTROL_BYTES = 64,      // the count of what the kernel dropped
};

// What epoll tells: connections by their number, then the sockets of endpoints by theirs.
enum { STREAMS = HEP_CONNECTIONS, DATAGRAMS = STREAMS + SETTINGS_PORTS };

struct connection {
	int fd; // -1: free
	uint64_t heard_ns;
	size_t have;
	uint8_t *buffer; // MESSAGE_BYTES; kept for the next connection
};

struct endpoint {
	int datagrams, streams;
	uint32_t lost; // as the kernel counts it
};

struct hep_listener {
	int epoll;
	unsigned int count;
	struct endpoint endpoint[SETTINGS_PORTS];
	struct connection connection[HEP_CONNECTIONS];
	uint8_t *message[BURST]; // MESSAGE_BYTES each
	struct mmsghdr header[BURST];
	struct iovec piece[BURST];
	_Alignas(struct cmsghdr) uint8_t control[BURST][CONTROL_BYTES];
};

static int open_socket(const struct sockaddr_storage *address, socklen_t len, int type)
{
	int fd = socket(address->ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
	int buffer = SOCKET_BUFFER;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof(one));
	// 0.0.0.0 and [::] may both be in the list.
	if (address->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	// The first is for root and has no limit.
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	if (bind(fd, (const struct sockaddr *)address, len) < 0 ||
	    (type == SOCK_STREAM && listen(fd, BACKLOG) < 0)) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int watch(const struct hep_listener *listener, int fd, uint64_t mark)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = mark};

	return epoll_ctl(listener->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_endpoint(struct hep_listener *listener, const char *text)
{
	struct sockaddr_storage address;
	unsigned int index = listener->count;
	socklen_t len;
	int err = units_endpoint(text, &address, &len);

	if (err)
		return err;
	int datagrams = open_socket(&address, len, SOCK_DGRAM);
	if (datagrams < 0)
		return datagrams;
	int streams = open_socket(&address, len, SOCK_STREAM);
	if (streams < 0) {
		close(datagrams);
		return streams;
	}
	listener->endpoint[index] = (struct endpoint){.datagrams = datagrams, .streams = streams};
	listener->count++;
	err = watch(listener, streams, STREAMS + index);
	return err ? err : watch(listener, datagrams, DATAGRAMS + index);
}

static bool make_buffers(struct hep_listener *listener)
{
	for (unsigned int i = 0; i < BURST; i++) {
		listener->message[i] = malloc(MESSAGE_BYTES);
		if (!listener->message[i])
			return false;
		listener->piece[i] = (struct iovec){listener->message[i], MESSAGE_BYTES};
		listener->header[i].msg_hdr.msg_iov = &listener->piece[i];
		listener->header[i].msg_hdr.msg_iovlen = 1;
	}
	return true;
}

struct hep_listener *hep_listener_new(const settings_text *endpoint, unsigned int count,
				      char *error, size_t error_size)
{
	struct hep_listener *listener = calloc(1, sizeof(*listener));

	if (!listener) {
		refuse(-ENOMEM, error, error_size, "no memory");
		return NULL;
	}
	for (unsigned int i = 0; i < HEP_CONNECTIONS; i++)
		listener->connection[i].fd = -1;
	listener->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (listener->epoll < 0 || !make_buffers(listener)) {
		refuse(-ENOMEM, error, error_size, "no memory for HEP");
		hep_listener_free(listener);
		return NULL;
	}
	for (unsigned int i = 0; i < count; i++) {
		int err = open_endpoint(listener, endpoint[i]);
		if (err) {
			refuse(err, error, error_size,
			       "wire.hep_listen %s can't be listened to: %s", endpoint[i],
			       strerror(-err));
			hep_listener_free(listener);
			return NULL;
		}
	}
	return listener;
}

void hep_listener_free(struct hep_listener *listener)
{
	if (!listener)
		return;
	for (unsigned int i = 0; i < HEP_CONNECTIONS; i++) {
		if (listener->connection[i].fd >= 0)
			close(listener->connection[i].fd);
		free(listener->connection[i].buffer);
	}
	for (unsigned int i = 0; i < listener->count; i++) {
		close(listener->endpoint[i].datagrams);
		close(listener->endpoint[i].streams);
	}
	for (unsigned int i = 0; i < BURST; i++)
		free(listener->message[i]);
	if (listener->epoll >= 0)
		close(listener->epoll);
	free(listener);
}

// socket(7), SO_RXQ_OVFL: a count since the socket was made, there when it is not 0.
static void count_lost(struct endpoint *endpoint, struct msghdr *message, uint64_t *lost)
{
	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control;
	     control = CMSG_NXTHDR(message, control)) {
		uint32_t now;
		if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&now, CMSG_DATA(control), sizeof(now));
		*lost += now - endpoint->lost;
		endpoint->lost = now;
	}
}

static void take_datagrams(struct hep_listener *listener, struct endpoint *endpoint,
			   struct look *look)
{
	for (unsigned int i = 0; i < BURST; i++) {
		listener->header[i].msg_hdr.msg_control = listener->control[i];
		listener->header[i].msg_hdr.msg_controllen = CONTROL_BYTES;
	}
	int count = recvmmsg(endpoint->datagrams, listener->header, BURST, MSG_DONTWAIT, NULL);
	uint64_t now_ns = clock_mono_ns();

	if (count > 0)
		count_lost(endpoint, &listener->header[count - 1].msg_hdr,
			   &look->counters->value[WIRE_HEP_LOST]);
	for (int i = 0; i < count; i++)
		look_hep(look, listener->message[i], listener->header[i].msg_len, now_ns);
}

static void connection_close(struct connection *connection, struct look *look)
{
	look->counters->value[WIRE_HEP_STREAM] += connection->have > 0;
	close(connection->fd);
	connection->fd = -1;
}

// A free one, or the one silent for longest.
static unsigned int connection_pick(const struct hep_listener *listener)
{
	unsigned int best = 0;

	for (unsigned int i = 0; i < HEP_CONNECTIONS; i++) {
		const struct connection *connection = &listener->connection[i];
		if (connection->fd < 0)
			return i;
		if (connection->heard_ns < listener->connection[best].heard_ns)
			best = i;
	}
	return best;
}

static void accept_all(struct hep_listener *listener, int fd, struct look *look)
{
	int taken;

	while ((taken = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		unsigned int i = connection_pick(listener);
		struct connection *connection = &listener->connection[i];
		if (connection->fd >= 0) {
			look->counters->value[WIRE_HEP_EVICTED]++;
			connection_close(connection, look);
		}
		if (!connection->buffer)
			connection->buffer = malloc(MESSAGE_BYTES);
		if (!connection->buffer || watch(listener, taken, i) < 0) {
			look->counters->value[WIRE_HEP_EVICTED]++;
			close(taken);
			continue;
		}
		connection->fd = taken;
		connection->have = 0;
		connection->heard_ns = clock_mono_ns();
	}
}

// Whole messages at the front of the buffer. false: no HEP, and nobody can say where the next one
// begins.
static bool take_messages(struct connection *connection, struct look *look, uint64_t now_ns)
{
	size_t at = 0;

	while (connection->have - at >= PREFIX_BYTES) {
		const uint8_t *message = connection->buffer + at;
		size_t len = be16(message + 4);
		if (memcmp(message, "HEP3", 4) != 0 || len < PREFIX_BYTES)
			return false;
		if (len > connection->have - at)
			break;
		look_hep(look, message, len, now_ns);
		at += len;
	}
	connection->have -= at;
	memmove(connection->buffer, connection->buffer + at, connection->have);
	return true;
}

static void take_stream(struct connection *connection, struct look *look)
{
	ssize_t got = recv(connection->fd, connection->buffer + connection->have,
			   MESSAGE_BYTES - connection->have, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0) {
		connection->heard_ns = clock_mono_ns();
		connection->have += (size_t)got;
		if (take_messages(connection, look, connection->heard_ns))
			return;
	}
	connection_close(connection, look);
}

bool hep_listener_poll(struct hep_listener *listener, struct look *look)
{
	struct epoll_event events[BURST];
	int count = epoll_wait(listener->epoll, events, BURST, 0);

	for (int i = 0; i < count; i++) {
		uint64_t mark = events[i].data.u64;
		if (mark >= DATAGRAMS)
			take_datagrams(listener, &listener->endpoint[mark - DATAGRAMS], look);
		else if (mark >= STREAMS)
			accept_all(listener, listener->endpoint[mark - STREAMS].streams, look);
		else
			take_stream(&listener->connection[mark], look);
	}
	return count > 0;
}

int hep_listener_fd(const struct hep_listener *listener)
{
	return listener->epoll;
}
