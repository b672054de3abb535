// SPDX-License-Identifier: Apache-2.0
// Between connection.c and the transports (connection_udp.c, _tcp.c, _tls.c, _unix.c): the
// connection's inside, and what each transport does for it. connection.c decides when; a transport
// knows its socket and nothing of owners and events. Besides them only listener.c, tls*.c and the
// tests look in here.
#pragma once

#include "presence/net/buffer.h"
#include "presence/net/connection.h"
#include "presence/net/loop.h"

#include <stddef.h>
#include <sys/types.h>

struct ssl_st;

enum { CONNECTION_TEXT_BYTES = 256, CONNECTION_NAME_BYTES = 256 };

struct connection {
	struct loop *loop;
	enum connection_kind kind;
	enum connection_state state;
	const struct connection_events *events;
	void *owner;
	struct loop_watch watch; // its fd is the connection's
	struct timer deadline;   // of opening
	struct timer soon;       // work to do that no event of the socket will announce
	struct buffer send, receive;
	bool working;  // connection_work() is on the stack: who closes leaves the memory to it
	bool want_out; // the socket would not take more: wait for EPOLLOUT too
	bool deaf;     // can't read before it has written: what comes in has to wait
	int failure;   // -errno to end with at the next chance; text says it
	char text[CONNECTION_TEXT_BYTES];

	// TLS
	struct tls_context *tls;
	struct ssl_st *ssl;
	bool server;     // the accepting side
	bool connected;  // the TCP connection is there, the handshake goes on
	bool peer_ended; // the socket has no more to give, or takes no more
	bool tls_broken; // a protocol error: this session is not to be resumed
	char tls_name[CONNECTION_NAME_BYTES];
	char session_key[CONNECTION_NAME_BYTES + 64];

	// The listener's books: called once, just before the memory is freed.
	void (*gone)(void *ctx);
	void *gone_ctx;
};

// Says why the connection ends, in words for people; the first one counts.
void connection_explain(struct connection *connection, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

// Ends it now, with closed(). Not from within a callback of the connection.
void connection_fail(struct connection *connection, int reason, const char *text);

// _connect: a non-blocking socket on its way, or -errno. _open: 0 when the connection is open,
// -EAGAIN when it needs more events, or -errno. _read: bytes, 0 at the end, -EAGAIN, or -errno.
// _write: bytes taken, -EAGAIN, or -errno. What waits for the socket to take more sets want_out.
int udp_connect(const struct connection_options *options);
int udp_send(struct connection *connection, const void *data, size_t len);
ssize_t udp_read(struct connection *connection, char *data, size_t size);

int tcp_connect(const struct connection_options *options, int *connect_error);
int tcp_open(struct connection *connection);
void tcp_tune(int fd);
ssize_t tcp_read(struct connection *connection, char *data, size_t size);
ssize_t tcp_write(struct connection *connection, const char *data, size_t len);

int tls_start(struct connection *connection, const struct connection_options *options, bool server);
int tls_open(struct connection *connection);
ssize_t tls_read(struct connection *connection, char *data, size_t size);
ssize_t tls_write(struct connection *connection, const char *data, size_t len);
void tls_close_notify(struct connection *connection);
void tls_stop(struct connection *connection);

int unix_connect(const struct connection_options *options, int *connect_error);
