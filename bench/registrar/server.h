// SPDX-License-Identifier: Apache-2.0
// The registrar on the network: UDP, TCP and TLS on one thread of epoll, thousands of connections,
// answers in the order in which they fall due. Octets come from sockets, go to service_take(), and
// answers go back where the request came from.
#pragma once

#include "bench/registrar/service.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct server_options {
	struct service_options service;
	const char *address;           // to listen on; NULL: 127.0.0.1
	uint16_t port;                 // UDP and TCP; 0: one that is free
	int tls_port;                  // -1: no TLS; 0: one that is free
	const char *certificate, *key; // PEM files
	const char *client_ca; // who has signed the clients' certificates; NULL: none asked for
	// An answer has left; NULL: nobody asks.
	void (*answered)(void *ctx, uint32_t person, uint16_t status, uint64_t at_ns);
	void *ctx;
};

struct server_totals {
	uint64_t connections, connections_now, tls_failures, octets_in, octets_out;
	uint64_t waiting; // answers that are not due yet
};

struct server;

// NULL: said why on standard error.
struct server *server_new(const struct server_options *options);
void server_free(struct server *server);
uint16_t server_port(const struct server *server);
uint16_t server_tls_port(const struct server *server);
struct service *server_service(struct server *server);
void server_totals(const struct server *server, struct server_totals *totals);
// One more descriptor to wait for; server_poll() then says whether it is ready.
int server_watch(struct server *server, int fd);

// Waits for at most wait_ms (-1: for ever), and does what is due. True: something was done.
bool server_poll(struct server *server, int wait_ms, bool *watched_ready);
