// SPDX-License-Identifier: Apache-2.0
// Connections of the registrar: whole messages out of a stream, answers in one piece.
#include "bench/registrar/listen.h"
#include "bench/registrar/server_inside.h"
#include "config/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

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

void stream_accept(struct server *server, int listener, bool tls)
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
		if (server_add(server, client.fd, slot) != 0)
			drop_client(server, slot);
	}
}

static bool send_answers(struct server *server, struct client *client)
{
	size_t len = server->answers_len;

	server->answers_len = 0;
	if (len > 0 && !client_send(client, server->answers, len))
		return false;
	server->totals.octets_out += len;
	server_answered(server);
	return true;
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
		server_put_off(server, &reply, out, now_ns, slot, NULL);
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
		epoll_ctl(server->epoll, EPOLL_CTL_MOD, client->fd,
			  &(struct epoll_event){.events = events, .data.u32 = slot});
	}
}

void stream_serve(struct server *server, uint32_t slot, uint32_t events)
{
	if (server->client[slot].fd < 0)
		return; // closed earlier in this round
	if (serve_client(server, slot, events))
		rewatch(server, slot);
	else
		drop_client(server, slot);
}

void stream_answer(struct server *server, const struct delayed *delayed)
{
	struct client *client = &server->client[delayed->client];

	if (client->fd < 0 || client->generation != delayed->generation)
		return; // it has not waited for it
	server->totals.octets_out += delayed->len;
	server_answers(server, delayed->person, delayed->status);
	if (!client_send(client, delayed->bytes, delayed->len) || delayed->close)
		drop_client(server, delayed->client);
	else
		rewatch(server, delayed->client);
	server_answered(server);
}
