// SPDX-License-Identifier: Apache-2.0
// c-ares on the loop: its sockets become watches, its time-outs a timer. The sockets are made here,
// so that they are close-on-exec and a name server that hangs up raises no SIGPIPE.
#include "presence/net/resolver_private.h"

#include "config/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

// Two tries of two seconds to each server; the question's own deadline (resolver.c) is longer.
enum { TRY_MS = 2000, TRIES = 2 };

struct resolver_socket {
	struct resolver_socket *next;
	struct loop_watch watch;
};

static void channel_process(struct resolver *resolver, ares_socket_t readable,
			    ares_socket_t writable)
{
	ares_process_fd(resolver->channel, readable, writable);
	resolver_channel_asked(resolver);
}

static void channel_timer(struct timer *timer)
{
	struct resolver *resolver = (void *)((char *)timer - offsetof(struct resolver, timer));

	channel_process(resolver, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void channel_ready(struct loop_watch *watch, uint32_t events)
{
	bool in = events & (EPOLLIN | EPOLLERR | EPOLLHUP), out = events & EPOLLOUT;

	channel_process(watch->owner, in ? watch->fd : ARES_SOCKET_BAD,
			out ? watch->fd : ARES_SOCKET_BAD);
}

void resolver_channel_asked(struct resolver *resolver)
{
	struct timeval left;

	if (ares_timeout(resolver->channel, NULL, &left) == NULL) {
		timer_cancel(loop_wheel(resolver->loop), &resolver->timer);
		return;
	}
	timer_set(loop_wheel(resolver->loop), &resolver->timer,
		  clock_mono_ns() + (uint64_t)left.tv_sec * NS_PER_S +
			  (uint64_t)left.tv_usec * NS_PER_US,
		  channel_timer);
}

// c-ares says what it wants to know of a socket; nothing at all: it is about to close it.
static void socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
	uint32_t events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
	struct resolver *resolver = data;
	struct resolver_socket **place = &resolver->sockets, *found;

	while ((found = *place) != NULL && found->watch.fd != fd)
		place = &found->next;
	if (found != NULL && events != 0) {
		loop_watch_change(resolver->loop, &found->watch, events);
	} else if (found != NULL) {
		loop_watch_remove(resolver->loop, &found->watch);
		*place = found->next;
		free(found);
	} else if (events != 0 && (found = calloc(1, sizeof(*found))) != NULL) {
		// An unwatched socket is a server that does not answer: the time-out sees to it.
		if (loop_watch_add(resolver->loop, &found->watch, fd, events, channel_ready,
				   resolver) != 0) {
			free(found);
			return;
		}
		found->next = resolver->sockets;
		resolver->sockets = found;
	}
}

static ares_socket_t socket_new(int family, int type, int protocol, void *data)
{
	return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

static int socket_close(ares_socket_t fd, void *data)
{
	return close(fd);
}

static int socket_connect(ares_socket_t fd, const struct sockaddr *peer, ares_socklen_t len,
			  void *data)
{
	return connect(fd, peer, len);
}

static ares_ssize_t socket_receive(ares_socket_t fd, void *bytes, size_t size, int flags,
				   struct sockaddr *from, ares_socklen_t *len, void *data)
{
	return recvfrom(fd, bytes, size, flags, from, len);
}

static ares_ssize_t socket_send(ares_socket_t fd, const struct iovec *pieces, int count, void *data)
{
	struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)count};

	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

int resolver_channel_open(struct resolver *resolver, const char *servers)
{
	static const struct ares_socket_functions functions = {
		.asocket = socket_new,
		.aclose = socket_close,
		.aconnect = socket_connect,
		.arecvfrom = socket_receive,
		.asendv = socket_send,
	};
	struct ares_options options = {
		.timeout = TRY_MS,
		.tries = TRIES,
		.sock_state_cb = socket_state,
		.sock_state_cb_data = resolver,
	};

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return -ENOMEM;
	if (ares_init_options(&resolver->channel, &options,
			      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) !=
	    ARES_SUCCESS) {
		ares_library_cleanup();
		return -ENOMEM;
	}
	ares_set_socket_functions(resolver->channel, &functions, NULL);
	if (servers == NULL ||
	    ares_set_servers_ports_csv(resolver->channel, servers) == ARES_SUCCESS)
		return 0;
	resolver_channel_close(resolver);
	return -EINVAL;
}

void resolver_channel_close(struct resolver *resolver)
{
	ares_destroy(resolver->channel);
	timer_cancel(loop_wheel(resolver->loop), &resolver->timer);
	ares_library_cleanup();
}
