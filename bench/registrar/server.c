// SPDX-License-Identifier: Apache-2.0
#include "bench/registrar/server.h"

#include "bench/registrar/client.h"
#include "bench/registrar/delayed.h"
#include "bench/registrar/listen.h"
#include "config/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	ROUND = 64, // descriptors and datagrams
	READ_BYTES = 1 << 18,
	ANSWERS_BYTES = 1 << 19,
	ANSWERS = 1024, // between two sends
	DATAGRAM_BYTES = 8192,
	EXPIRE_NS = 100 * 1000 * 1000,
};

// What epoll hands back.
enum { SLOT_UDP = 0x80000000u, SLOT_TCP, SLOT_TLS, SLOT_WATCHED };

struct answered {
	uint32_t person;
	uint16_t status;
};

struct server {
	struct server_options options;
	struct service *service;
	struct server_totals totals;
	SSL_CTX *tls;
	int epoll, udp, tcp, tls_listener;
	uint16_t port, tls_port;
	struct client *client;
	uint32_t clients, free_hint;
	struct delayed_heap delayed;
	uint64_t expire_ns;
	bool watched_ready;
	char read[READ_BYTES + 1];
	char answers[ANSWERS_BYTES];
	size_t answers_len;
	struct answered answered[ANSWERS];
	unsigned int answered_count;
	struct mmsghdr message[ROUND];
	struct iovec vector[ROUND];
	struct sockaddr_storage from[ROUND];
	char datagram[ROUND][DATAGRAM_BYTES];
};

static int watch(struct server *server, int fd, uint32_t slot, uint32_t events, int how)
{
	struct epoll_event event = {.events = events, .data.u32 = slot};

	return epoll_ctl(server->epoll, how, fd, &event) < 0 ? -errno : 0;
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
		rc = watch(server, server->tls_listener, SLOT_TLS, EPOLLIN, EPOLL_CTL_ADD);
	}
	if (rc == 0)
		rc = watch(server, server->udp, SLOT_UDP, EPOLLIN, EPOLL_CTL_ADD);
	return rc != 0 ? rc : watch(server, server->tcp, SLOT_TCP, EPOLLIN, EPOLL_CTL_ADD);
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
	return watch(server, fd, SLOT_WATCHED, EPOLLIN, EPOLL_CTL_ADD);
}

static void drop_client(struct server *server, uint32_t slot)
{
	client_close(&server->client[slot]);
	server->totals.connections_now--;
	if (slot < server->free_hint)
		server->free_hint = slot;
}

static uint32_t free_slot(struct server *server)
{
	uint32_t slot = server->free_hint;

	while (slot < server->clients && server->client[slot].fd >= 0)
		slot++;
	if (slot == server->clients) {
		uint32_t more = server->clients > 0 ? server->clients * 2 : 64;
		struct client *grown = reallocarray(server->client, more, sizeof(*grown));

		if (grown == NULL)
			abort();
		server->client = grown;
		for (uint32_t i = server->clients; i < more; i++)
			grown[i] = (struct client){.fd = -1};
		server->clients = more;
	}
	server->free_hint = slot + 1;
	return slot;
}

static void accept_all(struct server *server, int listener, bool tls)
{
	for (;;) {
		struct client client = {.in_handshake = tls};
		uint32_t slot;

		client.fd = listen_accept(listener, client.host, sizeof(client.host), &client.port);
		if (client.fd < 0)
			return;
		if (tls) {
			client.tls = SSL_new(server->tls);
			if (client.tls == NULL || SSL_set_fd(client.tls, client.fd) != 1) {
				client_close(&client);
				continue;
			}
		}
		slot = free_slot(server);
		client.generation = server->client[slot].generation;
		client.watched = EPOLLIN;
		server->client[slot] = client;
		server->totals.connections++;
		server->totals.connections_now++;
		if (watch(server, client.fd, slot, EPOLLIN, EPOLL_CTL_ADD) != 0)
			drop_client(server, slot);
	}
}

static void tell_answered(struct server *server)
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

static bool send_answers(struct server *server, struct client *client)
{
	size_t len = server->answers_len;

	server->answers_len = 0;
	if (len > 0 && !client_send(client, server->answers, len))
		return false;
	server->totals.octets_out += len;
	tell_answered(server);
	return true;
}

static void put_off(struct server *server, const struct reply *reply, const char *bytes,
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

// One message of a stream. False: the connection ends.
static bool take_message(struct server *server, uint32_t slot, const char *bytes, size_t len,
			 uint64_t now_ns)
{
	struct client *client = &server->client[slot];
	struct origin origin = {.transport = client->tls != NULL ? "TLS" : "TCP",
				.stream = true,
				.connection = slot,
				.port = client->port};
	struct reply reply;
	char *out = server->answers + server->answers_len;

	memcpy(origin.host, client->host, sizeof(origin.host));
	service_take(server->service, bytes, len, &origin, now_ns, out, &reply);
	if (reply.delay_ns > 0 && (reply.len > 0 || reply.close)) {
		put_off(server, &reply, out, now_ns, slot, NULL);
		return true;
	}
	server->answers_len += reply.len;
	if (reply.len > 0)
		server->answered[server->answered_count++] = (struct answered){reply.person,
									       reply.status};
	if (reply.close)
		return false;
	if (server->answers_len > ANSWERS_BYTES - ANSWER_BYTES || server->answered_count == ANSWERS)
		return send_answers(server, client);
	return true;
}

// RFC 5626 4.4.1: CRLF CRLF is a ping, CRLF its answer. Other line ends mean nothing.
static size_t skip_line_ends(struct server *server, const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && (bytes[at] == '\r' || bytes[at] == '\n')) {
		if (len - at >= 4 && memcmp(bytes + at, "\r\n\r\n", 4) == 0) {
			memcpy(server->answers + server->answers_len, "\r\n", 2);
			server->answers_len += 2;
			at += 4;
		} else {
			at++;
		}
		if (server->answers_len > ANSWERS_BYTES - ANSWER_BYTES)
			break;
	}
	return at;
}

// All whole messages in server->read; the rest is kept. False: the connection ends.
static bool take_stream(struct server *server, uint32_t slot, size_t len, uint64_t now_ns)
{
	size_t at = 0;
	enum complaint complaint;

	while (at < len) {
		const char *from = server->read + at;
		size_t skipped;
		long total;

		// A ping may be cut in the middle.
		if (len - at < 4 && from[0] == '\r')
			break;
		skipped = skip_line_ends(server, from, len - at);
		if (skipped > 0) {
			at += skipped;
			if (!send_answers(server, &server->client[slot]))
				return false;
			continue;
		}
		total = message_length(from, len - at, &complaint);
		if (total < 0) {
			service_complain(server->service, complaint, from, len - at);
			return false;
		}
		if (total == 0)
			break;
		if (!take_message(server, slot, from, (size_t)total, now_ns))
			return false;
		at += (size_t)total;
	}
	return client_keep(&server->client[slot], server->read + at, len - at);
}

static bool serve_readable(struct server *server, uint32_t slot)
{
	struct client *client = &server->client[slot];
	bool more = true;

	while (more) {
		size_t kept = client->pending_len;
		long n;

		memcpy(server->read, client->pending != NULL ? client->pending : "", kept);
		n = client_receive(client, server->read + kept, READ_BYTES - kept);
		if (n <= 0)
			return n == 0;
		server->totals.octets_in += (uint64_t)n;
		// OpenSSL may hold what epoll no longer tells of.
		more = client->tls != NULL;
		if (!take_stream(server, slot, kept + (size_t)n, clock_mono_ns())) {
			send_answers(server, client);
			return false;
		}
		if (!send_answers(server, client))
			return false;
	}
	return true;
}

static bool serve_client(struct server *server, uint32_t slot, uint32_t events)
{
	struct client *client = &server->client[slot];

	if (client->in_handshake) {
		if (!client_handshake(client)) {
			server->totals.tls_failures++;
			return false;
		}
		if (client->in_handshake)
			return true;
	}
	if ((events & EPOLLOUT) != 0 && !client_flush(client))
		return false;
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !serve_readable(server, slot))
		return false;
	return true;
}

// Which events to wait for may have changed.
static void rewatch(struct server *server, uint32_t slot)
{
	struct client *client = &server->client[slot];
	uint32_t events = EPOLLIN | (client->wants_write ? (uint32_t)EPOLLOUT : 0);

	if (events != client->watched) {
		client->watched = events;
		watch(server, client->fd, slot, events, EPOLL_CTL_MOD);
	}
}

static void send_datagram(struct server *server, const char *bytes, size_t len,
			  const struct sockaddr_storage *to)
{
	// A full socket loses it, as UDP may; the client asks again.
	if (sendto(server->udp, bytes, len, MSG_DONTWAIT, (const struct sockaddr *)to,
		   to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					     : sizeof(struct sockaddr_in)) > 0)
		server->totals.octets_out += len;
}

static void take_datagram(struct server *server, const char *bytes, size_t len,
			  const struct sockaddr_storage *from, uint64_t now_ns)
{
	struct origin origin = {.transport = "UDP"};
	struct reply reply;

	listen_name(from, origin.host, sizeof(origin.host), &origin.port);
	server->totals.octets_in += len;
	if (len == 0 || bytes[0] == '\r' || bytes[0] == '\n' || bytes[0] == '\0')
		return; // a keep-alive
	service_take(server->service, bytes, len, &origin, now_ns, server->answers, &reply);
	if (reply.len == 0)
		return;
	if (reply.delay_ns > 0) {
		put_off(server, &reply, server->answers, now_ns, DELAYED_DATAGRAM, from);
		return;
	}
	send_datagram(server, server->answers, reply.len, from);
	server->answered[server->answered_count++] = (struct answered){reply.person, reply.status};
	tell_answered(server);
}

static void serve_datagrams(struct server *server)
{
	uint64_t now_ns;
	int count;

	for (int i = 0; i < ROUND; i++) {
		server->vector[i] = (struct iovec){server->datagram[i], DATAGRAM_BYTES};
		server->message[i].msg_hdr = (struct msghdr){
			.msg_name = &server->from[i],
			.msg_namelen = sizeof(server->from[i]),
			.msg_iov = &server->vector[i],
			.msg_iovlen = 1,
		};
	}
	count = recvmmsg(server->udp, server->message, ROUND, MSG_DONTWAIT, NULL);
	now_ns = clock_mono_ns();
	for (int i = 0; i < count; i++)
		take_datagram(server, server->datagram[i], server->message[i].msg_len,
			      &server->from[i], now_ns);
}

static bool send_delayed(struct server *server)
{
	uint64_t now_ns = clock_mono_ns();
	struct delayed delayed;
	bool any = false;

	while (delayed_pop(&server->delayed, now_ns, &delayed)) {
		struct client *client = NULL;

		any = true;
		service_sent(server->service, delayed.person);
		if (delayed.client == DELAYED_DATAGRAM) {
			send_datagram(server, delayed.bytes, delayed.len, &delayed.to);
		} else if (server->client[delayed.client].generation == delayed.generation &&
			   server->client[delayed.client].fd >= 0) {
			client = &server->client[delayed.client];
			server->totals.octets_out += delayed.len;
			if (!client_send(client, delayed.bytes, delayed.len) || delayed.close)
				drop_client(server, delayed.client);
			else
				rewatch(server, delayed.client);
		}
		if (client != NULL || delayed.client == DELAYED_DATAGRAM) {
			server->answered[server->answered_count++] = (struct answered){
				delayed.person, delayed.status};
			tell_answered(server);
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
	case SLOT_UDP: serve_datagrams(server); return;
	case SLOT_TCP: accept_all(server, server->tcp, false); return;
	case SLOT_TLS: accept_all(server, server->tls_listener, true); return;
	case SLOT_WATCHED: server->watched_ready = true; return;
	default: break;
	}
	if (server->client[slot].fd < 0)
		return; // closed earlier in this round
	if (serve_client(server, slot, events))
		rewatch(server, slot);
	else
		drop_client(server, slot);
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
