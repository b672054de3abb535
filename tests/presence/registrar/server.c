// SPDX-License-Identifier: Apache-2.0
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

// What is left of an earlier connection may hold the port.
static int tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd;
}

// Both on one port: try until a port that is free for TCP is so for UDP, too.
void server_start(struct server *server)
{
	memset(server, 0, sizeof(*server));
	for (int i = 0; i < SERVER_CONNECTIONS; i++)
		server->connection[i] = -1;
	for (int tries = 0; tries < 100; tries++) {
		struct sockaddr_in address = loopback(0);
		socklen_t len = sizeof(address);

		server->tcp = tcp_socket();
		server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		assert_int_equal(bind(server->tcp, (void *)&address, len), 0);
		assert_int_equal(getsockname(server->tcp, (void *)&address, &len), 0);
		if (bind(server->udp, (void *)&address, len) == 0) {
			assert_int_equal(listen(server->tcp, 8), 0);
			server->port = ntohs(address.sin_port);
			return;
		}
		close(server->tcp);
		close(server->udp);
	}
	fail_msg("no port is free");
}

void server_stop_tcp(struct server *server)
{
	for (int i = 0; i < SERVER_CONNECTIONS; i++) {
		if (server->connection[i] >= 0)
			close(server->connection[i]);
		server->connection[i] = -1;
		server->fill[i] = 0;
	}
	if (server->tcp >= 0)
		close(server->tcp);
	server->tcp = -1;
}

void server_start_tcp(struct server *server)
{
	struct sockaddr_in address = loopback(server->port);

	server->tcp = tcp_socket();
	assert_int_equal(bind(server->tcp, (void *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->tcp, 8), 0);
}

void server_stop_udp(struct server *server)
{
	if (server->udp >= 0)
		close(server->udp);
	server->udp = -1;
}

void server_stop(struct server *server)
{
	server_stop_tcp(server);
	server_stop_udp(server);
}

static bool server_take_udp(struct server *server)
{
	socklen_t len = sizeof(server->peer);
	ssize_t got = recvfrom(server->udp, server->request, SERVER_BYTES - 1, 0,
			       (void *)&server->peer, &len);

	if (got <= 0)
		return false;
	server->len = (size_t)got;
	server->request[got] = '\0';
	server->from = -1;
	return true;
}

// One request from the front of a connection's buffer; keep-alives are answered.
static bool server_cut(struct server *server, int i)
{
	char *buffer = server->buffer[i], *end, *length;
	size_t total;

	while (server->fill[i] >= 2 && memcmp(buffer, "\r\n", 2) == 0) {
		server->fill[i] -= 2;
		memmove(buffer, buffer + 2, server->fill[i]);
	}
	buffer[server->fill[i]] = '\0';
	end = strstr(buffer, "\r\n\r\n");
	length = strstr(buffer, "Content-Length: ");
	if (!end || !length)
		return false;
	total = (size_t)(end - buffer) + 4 + strtoul(length + 16, NULL, 10);
	if (server->fill[i] < total)
		return false;
	memcpy(server->request, buffer, total);
	server->request[total] = '\0';
	server->len = total;
	server->from = i;
	server->fill[i] -= total;
	memmove(buffer, buffer + total, server->fill[i]);
	return true;
}

static bool server_take_tcp(struct server *server)
{
	for (int i = 0; i < SERVER_CONNECTIONS; i++) {
		ssize_t got;

		if (server->connection[i] < 0) {
			if (server->tcp >= 0)
				server->connection[i] = accept4(server->tcp, NULL, NULL,
								SOCK_NONBLOCK);
			continue;
		}
		got = recv(server->connection[i], server->buffer[i] + server->fill[i],
			   SERVER_BYTES - 1 - server->fill[i], 0);
		if (got > 0)
			server->fill[i] += (size_t)got;
		if (server_cut(server, i))
			return true;
	}
	return false;
}

void server_run(struct loop *loop, unsigned int rounds)
{
	for (unsigned int i = 0; i < rounds; i++) {
		loop_run_once(loop, 0);
		usleep(50);
	}
}

bool server_take(struct server *server, struct loop *loop)
{
	for (int rounds = 0; rounds < 4000; rounds++) {
		if (server_take_udp(server) || server_take_tcp(server))
			return true;
		server_run(loop, 1);
	}
	return false;
}

bool server_is_quiet(struct server *server, struct loop *loop)
{
	for (int rounds = 0; rounds < 60; rounds++) {
		server_run(loop, 1);
		if (server_take_udp(server) || server_take_tcp(server))
			return false;
	}
	return true;
}

const char *server_header(const struct server *server, const char *name)
{
	static char value[1024];
	const char *at = server->request;
	size_t len = strlen(name);

	while ((at = strstr(at, "\r\n")) != NULL) {
		at += 2;
		if (strncmp(at, "\r\n", 2) == 0)
			return NULL;
		if (strncasecmp(at, name, len) == 0 && at[len] == ':') {
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + len + 2, "\r"),
				 at + len + 2);
			return value;
		}
	}
	return NULL;
}

void server_send(struct server *server, const char *bytes, size_t len)
{
	ssize_t sent;

	if (server->from < 0)
		sent = sendto(server->udp, bytes, len, 0, (void *)&server->peer,
			      sizeof(server->peer));
	else
		sent = send(server->connection[server->from], bytes, len, MSG_NOSIGNAL);
	assert_int_equal(sent, len);
}

void server_answer(struct server *server, const char *status, const char *headers)
{
	static const char *const echoed[] = {"Via", "From", "To", "Call-ID", "CSeq"};
	char bytes[SERVER_BYTES];
	int len = snprintf(bytes, sizeof(bytes), "SIP/2.0 %s\r\n", status);

	for (size_t i = 0; i < sizeof(echoed) / sizeof(echoed[0]); i++)
		len += snprintf(bytes + len, sizeof(bytes) - (size_t)len, "%s: %s%s\r\n", echoed[i],
				server_header(server, echoed[i]), i == 2 ? ";tag=server" : "");
	len += snprintf(bytes + len, sizeof(bytes) - (size_t)len, "%sContent-Length: 0\r\n\r\n",
			headers ? headers : "");
	server_send(server, bytes, (size_t)len);
}
