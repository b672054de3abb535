// SPDX-License-Identifier: Apache-2.0
// What the files of the server share: server.c (sockets, rounds, late answers), server_stream.c and
// server_datagram.c.
#pragma once

#include "bench/registrar/client.h"
#include "bench/registrar/delayed.h"
#include "bench/registrar/server.h"

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

int server_add(struct server *server, int fd, uint32_t slot);
// reply is due later: out are its octets; to: where a datagram goes, NULL on a stream.
void server_put_off(struct server *server, const struct reply *reply, const char *out,
		    uint64_t now_ns, uint32_t slot, const struct sockaddr_storage *to);
// An answer is about to leave; and they have left.
void server_answers(struct server *server, uint32_t person, uint16_t status);
void server_answered(struct server *server);

void stream_accept(struct server *server, int listener, bool tls);
void stream_serve(struct server *server, uint32_t slot, uint32_t events);
// An answer that was put off.
void stream_answer(struct server *server, const struct delayed *delayed);

void datagram_serve(struct server *server);
void datagram_send(struct server *server, const char *bytes, size_t len,
		   const struct sockaddr_storage *to);
