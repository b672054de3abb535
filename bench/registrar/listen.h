// SPDX-License-Identifier: Apache-2.0
// Sockets that the registrar listens on, and what TLS needs.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <openssl/ssl.h>

// UDP and TCP on one port, which may be 0. 0 or -errno.
int listen_both(const char *address, uint16_t wanted, int *udp, int *tcp, uint16_t *port);
int listen_stream(const char *address, uint16_t wanted, int *fd, uint16_t *port);
// The next connection, or -1.
int listen_accept(int listener, char *host, size_t host_size, uint16_t *port);
void listen_name(const struct sockaddr_storage *address, char *host, size_t host_size,
		 uint16_t *port);
// NULL: said why on standard error.
SSL_CTX *listen_tls(const char *certificate, const char *key, const char *client_ca);
