// SPDX-License-Identifier: Apache-2.0
// Where a registrar can come to us: a server that has lost the connection of a request sends its
// response on a new one to the address in the Via (RFC 3261 18.2.2), and over UDP some answer from
// another address. One listener for each transport in use, opened with the first connection of it.
#pragma once

#include "presence/net/connection.h"

#include <stdbool.h>

struct listener;
struct registrar;

// Zeroed: not opened.
struct inbound {
	struct registrar *registrar;
	struct listener *listener; // NULL: could not be had
	struct sockaddr_storage local;
	socklen_t local_len;
	enum connection_kind kind;
	bool tried;
};

// Once; what fails is said once, and answers then have to come by the connection of the request.
void inbound_open(struct inbound *inbound, struct registrar *registrar, enum connection_kind kind);
void inbound_close(struct inbound *inbound);
void inbound_reload(struct inbound *inbound); // the registrar's TLS context has changed
// The address for a Via: that of the request's connection, with the port where we listen. address:
// in and out.
void inbound_sent_by(const struct inbound *inbound, struct sockaddr_storage *address);
// UDP: requests leave from the port where we listen. Others: from any port of the own address.
void inbound_bind(const struct inbound *inbound, struct connection_options *options);
