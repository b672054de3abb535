// SPDX-License-Identifier: Apache-2.0
#include "bench/registrar/server.h"

#include "bench/registrar/listen.h"
#include "bench/registrar/server_inside.h"
#include "config/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

int server_add(struct server *server, int fd, uint32_t slot)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = slot};

	return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int server_open(struct server *server)
{
	const struct server_options *options = &server->options;
	const char *address = options->address != NULL ? options->address : "127.0.0.1";
	int rc;

	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	rc = listen_both(address, options->port, &server->udp, &server->tcp, &server->port);
	if (rc == 0 && options->tls_port >= 0)
		rc = listen_stream(address, (uint16_t)options->tls_port, &server->tls_listener,
				   &server->tls_port);
	if (rc < 0) {
		fprintf(stderr, "registrar: %s: %s\n", address, strerror(-rc));
		return rc;
	}
	if (options->tls_port >= 0) {
		server->tls = listen_tls(options->certificate, options->key, options->client_ca);
		if (server->tls == NULL)
			return -EINVAL;
		rc = server_add(server, server->tls_listener, SLOT_TLS);
	}
	if (rc == 0)
		rc = server_add(server, server->udp, SLOT_UDP);
	return rc != 0 ? rc : server_add(server, server->tcp, SLOT_TCP);
}

struct server *server_new(const struct server_options *options)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->options = *options;
	server->epoll = server->udp = server->tcp = server->tls_listener = -1;
	server->service = service_new(&options->service);
	if (server->service == NULL || server_open(server) != 0) {
		server_free(server);
		return NULL;
	}
	return server;
}

void server_free(struct server *server)
{
	if (server == NULL)
		return;
	for (uint32_t i = 0; i < server->clients; i++)
		if (server->client[i].fd >= 0)
			client_close(&server->client[i]);
	free(server->client);
	for (int i = 0; i < 4; i++) {
		int fd = ((int[]){server->epoll, server->udp, server->tcp,
				  server->tls_listener})[i];
		if (fd >= 0)
			close(fd);
	}
	SSL_CTX_free(server->tls);
	delayed_fini(&server->delayed);
	service_free(server->service);
	free(server);
}

uint16_t server_port(const struct server *server)
{
	return server->port;
}

uint16_t server_tls_port(const struct server *server)
{
	return server->tls_port;
}

struct service *server_service(struct server *server)
{
	return server->service;
}

void server_totals(const struct server *server, struct server_totals *totals)
{
	*totals = server->totals;
	totals->waiting = server->delayed.count;
}

int server_watch(struct server *server, int fd)
{
	return server_add(server, fd, SLOT_WATCHED);
}

void server_answers(struct server *server, uint32_t person, uint16_t status)
{
	server->answered[server->answered_count++] = (struct answered){person, status};
}

void server_answered(struct server *server)
{
	uint64_t now_ns;

	if (server->options.answered != NULL && server->answered_count > 0) {
		now_ns = clock_mono_ns();
		for (unsigned int i = 0; i < server->answered_count; i++)
			server->options.answered(server->options.ctx, server->answered[i].person,
						 server->answered[i].status, now_ns);
	}
	server->answered_count = 0;
}

void server_put_off(struct server *server, const struct reply *reply, const char *bytes,
		    uint64_t now_ns, uint32_t slot, const struct sockaddr_storage *to)
{
	struct delayed delayed = {
		.due_ns = now_ns + reply->delay_ns,
		.client = slot,
		.generation = to == NULL ? server->client[slot].generation : 0,
		.person = reply->person,
		.status = reply->status,
		.close = reply->close,
		.len = (uint32_t)reply->len,
		.bytes = (char *)bytes,
	};

	if (to != NULL)
		delayed.to = *to;
	if (delayed_push(&server->delayed, &delayed) != 0)
		abort();
}

static bool send_delayed(struct server *server)
{
	uint64_t now_ns = clock_mono_ns();
	struct delayed delayed;
	bool any = false;

	while (delayed_pop(&server->delayed, now_ns, &delayed)) {
		any = true;
		service_sent(server->service, delayed.person);
		if (delayed.client == DELAYED_DATAGRAM) {
			datagram_send(server, delayed.bytes, delayed.len, &delayed.to);
			server_answers(server, delayed.person, delayed.status);
			server_answered(server);
		} else {
			stream_answer(server, &delayed);
		}
		free(delayed.bytes);
	}
	return any;
}

static int wait_for(const struct server *server, int wait_ms)
{
	uint64_t next_ns = delayed_next_ns(&server->delayed), now_ns;
	uint64_t ms;

	if (wait_ms == 0)
		return 0;
	now_ns = clock_mono_ns();
	ms = next_ns <= now_ns ? 0 : (next_ns - now_ns) / NS_PER_MS;
	if (wait_ms < 0 || ms < (uint64_t)wait_ms)
		wait_ms = ms < 100 ? (int)ms : 100; // expiries are looked for
	return wait_ms;
}

static void serve(struct server *server, uint32_t slot, uint32_t events)
{
	switch (slot) {
	case SLOT_UDP: datagram_serve(server); return;
	case SLOT_TCP: stream_accept(server, server->tcp, false); return;
	case SLOT_TLS: stream_accept(server, server->tls_listener, true); return;
	case SLOT_WATCHED: server->watched_ready = true; return;
	default: stream_serve(server, slot, events); return;
	}
}

bool server_poll(struct server *server, int wait_ms, bool *watched_ready)
{
	struct epoll_event events[ROUND];
	int count = epoll_wait(server->epoll, events, ROUND, wait_for(server, wait_ms));
	bool any = count > 0;
	uint64_t now_ns;

	server->watched_ready = false;
	for (int i = 0; i < count; i++)
		serve(server, events[i].data.u32, events[i].events);
	if (server->delayed.count > 0)
		any |= send_delayed(server);
	now_ns = clock_mono_ns();
	if (now_ns >= server->expire_ns) {
		server->expire_ns = now_ns + EXPIRE_NS;
		compositor_expire(service_compositor(server->service), now_ns);
	}
	if (watched_ready != NULL)
		*watched_ready = server->watched_ready;
	return any;
}
