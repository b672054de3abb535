// SPDX-License-Identifier: Apache-2.0
// A byte stream or a datagram socket to one peer, non-blocking, with time-outs and bounded buffers:
// UDP, TCP, TLS and unix sockets behind one face, for registrars and for Redis. DNS is not in here
// (net/resolver.h). One thread: the loop's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct loop;
struct connection;
struct tls_context;

enum connection_kind {
	CONNECTION_NONE,
	CONNECTION_UDP,
	CONNECTION_TCP,
	CONNECTION_TLS,
	CONNECTION_UNIX,
};

enum connection_state { CONNECTION_CLOSED, CONNECTION_OPENING, CONNECTION_OPEN };

// Called from the loop, never from inside a connection_*() call of the owner. After closed() the
// connection is gone and its pointer must not be used.
struct connection_events {
	void (*opened)(void *owner, struct connection *connection);
	// All bytes received since the last call. Streams: returns how many were consumed, the rest
	// comes again with more; a buffer that is full and not consumed closes the connection
	// (-EMSGSIZE). Datagrams: one each call, always consumed whole.
	size_t (*received)(void *owner, struct connection *connection, const char *data,
			   size_t len);
	// reason: 0 for an orderly end by the peer, -errno otherwise; text says it for people.
	// -ETIMEDOUT connect or handshake took too long, -EKEYREJECTED the peer's certificate is
	// not accepted, -EPROTO other TLS failures, -EMSGSIZE receive_limit reached. With TLS 1.3
	// a server may refuse our certificate only after opened().
	void (*closed)(void *owner, struct connection *connection, int reason, const char *text);
};

struct connection_options {
	enum connection_kind kind;
	struct sockaddr_storage peer; // or unix
	socklen_t peer_len;
	struct sockaddr_storage local; // ss_family 0: any
	socklen_t local_len;
	struct tls_context *tls; // CONNECTION_TLS: borrowed, counted
	const char *tls_name;    // to verify and to send as SNI; copied
	uint64_t connect_timeout_ns;
	size_t send_limit; // bytes that may wait for the socket
	size_t receive_limit;
};

// Starts to connect. NULL and errno when not even that can be done. The owner hears opened() or
// closed() later. events are borrowed. UDP: peer_len 0 makes a socket that is only bound, hears
// everybody and can't send; with a port in local, it shares that port with connected ones.
struct connection *connection_open(struct loop *loop, const struct connection_options *options,
				   const struct connection_events *events, void *owner);
// Takes over an accepted socket (responses on new connections). For TLS as the server side. NULL
// and errno: the socket is still the caller's.
struct connection *connection_adopt(struct loop *loop, int fd,
				    const struct connection_options *options,
				    const struct connection_events *events, void *owner);
// All or nothing; queued while opening, and sent when the loop comes round, together with what else
// there is by then. Datagrams go at once. -ENOBUFS: send_limit reached; -ENOTCONN: closing. A
// datagram may be too large (-EMSGSIZE), or the socket have no peer (-EDESTADDRREQ).
int connection_send(struct connection *connection, const void *data, size_t len);
// Open, with bytes that leave when the loop comes round, and room for more in the same write.
bool connection_gathers(const struct connection *connection);
// No callback afterwards. Bytes queued are dropped, a TLS close_notify is tried.
void connection_close(struct connection *connection);

enum connection_state connection_state(const struct connection *connection);
enum connection_kind connection_kind(const struct connection *connection);
// Own address, for Via and Contact; 0 or -errno while there is none.
int connection_local(const struct connection *connection, struct sockaddr_storage *out,
		     socklen_t *len);
