// SPDX-License-Identifier: Apache-2.0
// One connection of the registrar, TCP or TLS: what came and is no whole message yet, what waits to
// be sent. A quiet one holds no buffers.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

struct client {
	int fd;
	uint32_t generation; // a slot's next connection is another one
	SSL *tls;            // NULL: plain
	bool in_handshake, wants_write;
	uint32_t watched; // events that epoll waits for
	char host[64];
	uint16_t port;
	char *pending; // received
	size_t pending_len;
	char *unsent;
	size_t unsent_len, unsent_room;
};

// Octets read; 0: none are there now; -1: it has ended.
long client_receive(struct client *client, char *bytes, size_t size);
// Sends, or keeps what can't be sent now. False: it has ended.
bool client_send(struct client *client, const char *bytes, size_t len);
// Sends what waits. False: it has ended.
bool client_flush(struct client *client);
// Keeps a rest for the next time. False: no memory.
bool client_keep(struct client *client, const char *bytes, size_t len);
// False: it failed. client->in_handshake says whether it is done.
bool client_handshake(struct client *client);
void client_close(struct client *client);
