// SPDX-License-Identifier: Apache-2.0
// Accepts within limits, and stands between the connections and their owner to see whether they
// say something useful. About 60 idle connections once were enough to shut out everybody else from
// a well-known SIP server (PJSIP, 2016): hence the caps and the deadline.
#include "presence/net/listener.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "presence/net/connection_private.h"
#include "presence/net/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BACKLOG = 64,
	TURN_ACCEPTS = 16,
	PAUSE_MS = 1000, // without descriptors or memory, until the next attempt
};

METRIC_COUNTER(metric_accepted, "offhook_listener_accepted", NULL, "Connections accepted");
METRIC_COUNTER(metric_total, "offhook_listener_refused", "cause=\"total\"",
	       "Connections closed unheard");
METRIC_COUNTER(metric_source, "offhook_listener_refused", "cause=\"source\"",
	       "Connections closed unheard");
METRIC_COUNTER(metric_idle, "offhook_listener_refused", "cause=\"idle\"",
	       "Connections closed unheard");
METRIC_COUNTER(metric_handshake, "offhook_listener_refused", "cause=\"handshake\"",
	       "Connections closed unheard");
METRIC_COUNTER(metric_resources, "offhook_listener_refused", "cause=\"resources\"",
	       "Connections closed unheard");

// Lives as long as its connection does, down to the memory.
struct client {
	struct client *next, **prev;
	struct listener *listener;
	struct connection *connection;
	struct timer deadline;
	struct sockaddr_storage source;
	bool opened; // the owner knows it
};

struct listener {
	struct loop *loop;
	struct listener_options options;
	const struct connection_events *events;
	void *owner;
	struct loop_watch watch; // not for UDP
	struct timer pause;
	struct client *clients;
	unsigned int count;
	bool closing; // the last client frees it
};

static void client_opened(void *owner, struct connection *connection)
{
	struct client *client = owner;
	const struct listener *listener = client->listener;

	client->opened = true;
	listener->events->opened(listener->owner, connection);
}

static size_t client_received(void *owner, struct connection *connection, const char *data,
			      size_t len)
{
	struct client *client = owner;
	struct listener *listener = client->listener;
	size_t used = listener->events->received(listener->owner, connection, data, len);

	if (used > 0)
		timer_cancel(loop_wheel(listener->loop), &client->deadline);
	return used;
}

static void client_closed(void *owner, struct connection *connection, int reason, const char *text)
{
	const struct client *client = owner;
	const struct listener *listener = client->listener;

	if (client->opened) {
		listener->events->closed(listener->owner, connection, reason, text);
		return;
	}
	metric_add(&metric_handshake, 1);
	log_warn("listener", "handshake-failed", "error=%s", log_quote(text));
}

static const struct connection_events client_events = {
	client_opened,
	client_received,
	client_closed,
};

static void client_gone(void *ctx)
{
	struct client *client = ctx;
	struct listener *listener = client->listener;

	timer_cancel(loop_wheel(listener->loop), &client->deadline);
	*client->prev = client->next;
	if (client->next != NULL)
		client->next->prev = client->prev;
	free(client);
	listener->count--;
	if (listener->closing && listener->count == 0)
		free(listener);
}

static void client_late(struct timer *deadline)
{
	struct client *client = (void *)((char *)deadline - offsetof(struct client, deadline));

	if (client->opened)
		metric_add(&metric_idle, 1);
	connection_fail(client->connection, -ETIMEDOUT, "no message in time");
}

static struct client *client_new(struct listener *listener)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client != NULL)
		client->listener = listener;
	return client;
}

static void client_add(struct client *client, struct connection *connection)
{
	struct listener *listener = client->listener;

	client->connection = connection;
	connection->gone = client_gone;
	connection->gone_ctx = client;
	client->next = listener->clients;
	client->prev = &listener->clients;
	if (client->next != NULL)
		client->next->prev = &client->next;
	listener->clients = client;
	listener->count++;
}

static struct connection_options client_options(const struct listener *listener)
{
	return (struct connection_options){
		.kind = listener->options.kind,
		.tls = listener->options.tls,
		.send_limit = listener->options.send_limit,
		.receive_limit = listener->options.receive_limit,
	};
}

static bool same_source(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)a;
	const struct sockaddr_in *b4 = (const struct sockaddr_in *)b;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a;
	const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	// Of IPv6 the first 64 bits: whoever has one address there has them all (RFC 4291 2.5.4).
	// Of IPv4 in IPv6 all.
	size_t len = IN6_IS_ADDR_V4MAPPED(&a6->sin6_addr) ? 16 : 8;

	return memcmp(&a6->sin6_addr, &b6->sin6_addr, len) == 0;
}

// The limit that one more from there would break, or NULL.
static struct metric *limit_reached(const struct listener *listener,
				    const struct sockaddr_storage *source)
{
	unsigned int same = 0;

	if (listener->count >= listener->options.total_limit)
		return &metric_total;
	for (const struct client *client = listener->clients; client; client = client->next)
		same += same_source(&client->source, source);
	return same >= listener->options.source_limit ? &metric_source : NULL;
}

static void listener_take(struct listener *listener, int fd, const struct sockaddr_storage *source)
{
	struct connection_options options = client_options(listener);
	struct metric *limit = limit_reached(listener, source);
	struct connection *connection = NULL;
	struct client *client = NULL;

	if (limit == NULL) {
		limit = &metric_resources;
		client = client_new(listener);
	}
	if (client != NULL)
		connection = connection_adopt(listener->loop, fd, &options, &client_events, client);
	if (connection == NULL) {
		free(client);
		close(fd);
		metric_add(limit, 1);
		log_warn("listener", "connection-refused", "%s open=%u", limit->labels,
			 listener->count);
		return;
	}
	client->source = *source;
	client_add(client, connection);
	metric_add(&metric_accepted, 1);
	if (listener->options.idle_timeout_ns > 0)
		timer_set(loop_wheel(listener->loop), &client->deadline,
			  clock_mono_ns() + listener->options.idle_timeout_ns, client_late);
}

static void pause_over(struct timer *pause)
{
	struct listener *listener = (void *)((char *)pause - offsetof(struct listener, pause));

	loop_watch_change(listener->loop, &listener->watch, EPOLLIN);
}

static void listener_ready(struct loop_watch *watch, uint32_t events)
{
	struct listener *listener = watch->owner;

	for (int i = 0; i < TURN_ACCEPTS; i++) {
		struct sockaddr_storage source = {0};
		socklen_t len = sizeof(source);
		int fd = accept4(watch->fd, (struct sockaddr *)&source, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			listener_take(listener, fd, &source);
			continue;
		}
		// What is left is a matter of one connection (accept(2)), or nothing.
		if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
			return;
		// It waits there still; to ask again at once would be a busy loop.
		log_error("listener", "accept-failed", "error=%s", log_quote(strerror(errno)));
		loop_watch_change(listener->loop, watch, 0);
		timer_set(loop_wheel(listener->loop), &listener->pause,
			  clock_mono_ns() + PAUSE_MS * NS_PER_MS, pause_over);
		return;
	}
}

static int listen_stream(struct listener *listener)
{
	const struct sockaddr *local = (const struct sockaddr *)&listener->options.local;
	int on = 1, error;
	int fd = socket(local->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, local, listener->options.local_len) < 0 || listen(fd, BACKLOG) < 0)
		error = -errno;
	else
		error = loop_watch_add(listener->loop, &listener->watch, fd, EPOLLIN,
				       listener_ready, listener);
	if (error != 0)
		close(fd);
	return error;
}

static int listen_datagrams(struct listener *listener)
{
	struct connection_options options = client_options(listener);
	struct client *client = client_new(listener);

	if (client == NULL)
		return -ENOMEM;
	options.local = listener->options.local;
	options.local_len = listener->options.local_len;
	struct connection *connection = connection_open(listener->loop, &options, &client_events,
							client);

	if (connection == NULL) {
		free(client);
		return -errno;
	}
	client_add(client, connection);
	return 0;
}

struct listener *listener_open(struct loop *loop, const struct listener_options *options,
			       const struct connection_events *events, void *owner)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	int error = -EINVAL;

	if (listener == NULL)
		return NULL;
	listener->loop = loop;
	listener->options = *options;
	listener->options.tls = NULL;
	listener->events = events;
	listener->owner = owner;
	listener->watch.fd = -1;
	if (options->kind == CONNECTION_UDP)
		error = listen_datagrams(listener);
	else if (options->kind == CONNECTION_TCP ||
		 (options->kind == CONNECTION_TLS && options->tls != NULL))
		error = listen_stream(listener);
	if (error != 0) {
		free(listener);
		errno = -error;
		return NULL;
	}
	listener_set_tls(listener, options->tls);
	return listener;
}

void listener_close(struct listener *listener)
{
	struct client *next;

	if (listener == NULL)
		return;
	int fd = listener->watch.fd;

	loop_watch_remove(listener->loop, &listener->watch);
	if (fd >= 0)
		close(fd);
	timer_cancel(loop_wheel(listener->loop), &listener->pause);
	tls_context_put(listener->options.tls);
	listener->count++; // not to be freed by the last client yet
	listener->closing = true;
	for (struct client *client = listener->clients; client != NULL; client = next) {
		next = client->next;
		connection_close(client->connection);
	}
	if (--listener->count == 0)
		free(listener);
}

void listener_set_tls(struct listener *listener, struct tls_context *tls)
{
	if (tls != NULL)
		tls_context_get(tls);
	tls_context_put(listener->options.tls);
	listener->options.tls = tls;
}

unsigned int listener_count(const struct listener *listener)
{
	return listener->count;
}

int listener_local(const struct listener *listener, struct sockaddr_storage *out, socklen_t *len)
{
	if (listener->options.kind == CONNECTION_UDP)
		return listener->clients != NULL
			       ? connection_local(listener->clients->connection, out, len)
			       : -ENOTCONN;
	*len = sizeof(*out);
	return getsockname(listener->watch.fd, (struct sockaddr *)out, len) < 0 ? -errno : 0;
}
