// SPDX-License-Identifier: Apache-2.0
#include "bench/registrar/listen.h"

#include <openssl/err.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 4096, DATAGRAM_BUFFER = 8 << 20 };

static socklen_t address_make(const char *text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *in = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		return sizeof(*in6);
	}
	return 0;
}

void listen_name(const struct sockaddr_storage *address, char *host, size_t host_size,
		 uint16_t *port)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	bool six = address->ss_family == AF_INET6;

	*port = ntohs(six ? in6->sin6_port : in->sin_port);
	if (inet_ntop(address->ss_family,
		      six ? (const void *)&in6->sin6_addr : (const void *)&in->sin_addr, host,
		      (socklen_t)host_size) == NULL)
		host[0] = '\0';
}

static int socket_bind(const char *text, uint16_t wanted, int type, int *fd, uint16_t *port)
{
	struct sockaddr_storage address;
	socklen_t len = address_make(text, wanted, &address);
	char host[64];
	int on = 1;

	if (len == 0)
		return -EINVAL;
	*fd = socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return -errno;
	if (type == SOCK_STREAM)
		setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(*fd, (struct sockaddr *)&address, len) < 0 ||
	    getsockname(*fd, (struct sockaddr *)&address, &len) < 0 ||
	    (type == SOCK_STREAM && listen(*fd, BACKLOG) < 0)) {
		int error = errno;

		close(*fd);
		*fd = -1;
		return -error;
	}
	listen_name(&address, host, sizeof(host), port);
	return 0;
}

int listen_stream(const char *address, uint16_t wanted, int *fd, uint16_t *port)
{
	return socket_bind(address, wanted, SOCK_STREAM, fd, port);
}

int listen_both(const char *address, uint16_t wanted, int *udp, int *tcp, uint16_t *port)
{
	int buffer = DATAGRAM_BUFFER;
	int rc = -EADDRINUSE;

	// A port that is free for one may be taken for the other.
	for (int i = 0; i < 16 && rc == -EADDRINUSE; i++) {
		rc = socket_bind(address, wanted, SOCK_STREAM, tcp, port);
		if (rc != 0)
			return rc;
		rc = socket_bind(address, *port, SOCK_DGRAM, udp, port);
		if (rc != 0) {
			close(*tcp);
			*tcp = -1;
		}
		if (wanted != 0)
			break;
	}
	// More than net.core.rmem_max allows when root, else as much as there is.
	if (rc == 0 && setsockopt(*udp, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) < 0)
		setsockopt(*udp, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	return rc;
}

int listen_accept(int listener, char *host, size_t host_size, uint16_t *port)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	int on = 1;
	int fd = accept4(listener, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	listen_name(&from, host, host_size, port);
	return fd;
}

SSL_CTX *listen_tls(const char *certificate, const char *key, const char *client_ca)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL)
		return NULL;
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
	if (certificate == NULL || key == NULL ||
	    SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
	    (client_ca != NULL && SSL_CTX_load_verify_locations(context, client_ca, NULL) != 1)) {
		fprintf(stderr, "registrar: certificate %s, key %s: %s\n",
			certificate != NULL ? certificate : "-", key != NULL ? key : "-",
			ERR_reason_error_string(ERR_peek_last_error()));
		SSL_CTX_free(context);
		return NULL;
	}
	if (client_ca != NULL)
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
				   NULL);
	return context;
}
