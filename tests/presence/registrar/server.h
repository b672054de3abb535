// SPDX-License-Identifier: Apache-2.0
// A registrar of a few lines on loopback, driven by the test: takes requests off UDP and TCP
// sockets one by one and answers with what the test writes. No threads: server_take() runs the
// engine's loop until a request has come.
#pragma once

#include "presence/net/loop.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERVER_BYTES = 16384, SERVER_CONNECTIONS = 8 };

struct server {
	int udp, tcp; // the same port; -1: closed
	uint16_t port;
	int connection[SERVER_CONNECTIONS];
	char buffer[SERVER_CONNECTIONS][SERVER_BYTES];
	size_t fill[SERVER_CONNECTIONS];
	// The request taken last.
	char request[SERVER_BYTES];
	size_t len;
	int from; // index of its connection; -1: UDP
	struct sockaddr_in peer;
};

void server_start(struct server *server);
void server_stop(struct server *server);
void server_stop_udp(struct server *server);
void server_stop_tcp(struct server *server);
void server_start_tcp(struct server *server); // once more, on the same port
// False: none came although the loop has run for a while (the clock stands still meanwhile).
bool server_take(struct server *server, struct loop *loop);
// Nothing is on its way to the server.
bool server_is_quiet(struct server *server, struct loop *loop);
// status: "200 OK"; headers: further ones, each with CR LF; NULL: none.
void server_answer(struct server *server, const char *status, const char *headers);
void server_send(struct server *server, const char *bytes, size_t len);
// Value of a header of the request taken last; NULL: it has none. In a static buffer.
const char *server_header(const struct server *server, const char *name);
void server_run(struct loop *loop, unsigned int rounds);
