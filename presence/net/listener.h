// SPDX-License-Identifier: Apache-2.0
// A socket where peers may come to us: responses that arrive on new connections (RFC 3261 18.2.2)
// or, over UDP, from other addresses than the request went to. Strangers can come, too, so there
// are caps for each source and for all, and who says nothing useful in time has to go.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "presence/net/connection.h"

struct listener;

struct listener_options {
	enum connection_kind kind; // UDP, TCP or TLS
	struct sockaddr_storage local;
	socklen_t local_len;
	struct tls_context *tls;                // CONNECTION_TLS: borrowed, counted
	unsigned int total_limit, source_limit; // connections; of one address
	// From accept() until the owner has consumed something, the TLS handshake included.
	uint64_t idle_timeout_ns;
	size_t send_limit, receive_limit;
};

// NULL and errno. The events are those of the connections that come in, with this owner; for UDP
// there is one connection, without a peer: what is to be answered goes elsewhere. A
// connection that does not get as far as opened() is not spoken of. The owner may close any of them
// with connection_close().
struct listener *listener_open(struct loop *loop, const struct listener_options *options,
			       const struct connection_events *events, void *owner);
// Its connections are closed, too; no callback afterwards.
void listener_close(struct listener *listener);
// For the TLS context of a reload: connections that are there keep theirs.
void listener_set_tls(struct listener *listener, struct tls_context *tls);
unsigned int listener_count(const struct listener *listener); // connections that are open
// The address that was bound, with the port that was found for port 0. 0 or -errno.
int listener_local(const struct listener *listener, struct sockaddr_storage *out, socklen_t *len);
