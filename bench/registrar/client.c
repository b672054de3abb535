// SPDX-License-Identifier: Apache-2.0
#include "bench/registrar/client.h"

#include <openssl/err.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What OpenSSL's return value says. 0: later; -1: ended.
static long tls_result(struct client *client, int result)
{
	int error;

	if (result > 0)
		return result;
	error = SSL_get_error(client->tls, result);
	ERR_clear_error();
	client->wants_write |= error == SSL_ERROR_WANT_WRITE;
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

bool client_handshake(struct client *client)
{
	long result = tls_result(client, SSL_accept(client->tls));

	client->in_handshake = result <= 0;
	return result >= 0;
}

long client_receive(struct client *client, char *bytes, size_t size)
{
	ssize_t n;

	if (client->tls != NULL)
		return tls_result(client, SSL_read(client->tls, bytes, (int)size));
	n = recv(client->fd, bytes, size, MSG_DONTWAIT);
	if (n > 0)
		return n;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static long client_write(struct client *client, const char *bytes, size_t len)
{
	ssize_t n;

	if (client->tls != NULL)
		return tls_result(client, SSL_write(client->tls, bytes, (int)len));
	n = send(client->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static bool client_wait(struct client *client, const char *bytes, size_t len)
{
	if (client->unsent_len + len > client->unsent_room) {
		size_t room = (client->unsent_len + len) * 2;
		char *grown = realloc(client->unsent, room);

		if (grown == NULL)
			return false;
		client->unsent = grown;
		client->unsent_room = room;
	}
	memcpy(client->unsent + client->unsent_len, bytes, len);
	client->unsent_len += len;
	client->wants_write = true;
	return true;
}

bool client_send(struct client *client, const char *bytes, size_t len)
{
	while (len > 0 && client->unsent_len == 0) {
		long n = client_write(client, bytes, len);

		if (n < 0)
			return false;
		if (n == 0)
			break;
		bytes += n;
		len -= (size_t)n;
	}
	return len == 0 || client_wait(client, bytes, len);
}

bool client_flush(struct client *client)
{
	size_t sent = 0;

	client->wants_write = false;
	while (sent < client->unsent_len) {
		long n = client_write(client, client->unsent + sent, client->unsent_len - sent);

		if (n < 0)
			return false;
		if (n == 0) {
			client->wants_write = true;
			break;
		}
		sent += (size_t)n;
	}
	client->unsent_len -= sent;
	memmove(client->unsent, client->unsent + sent, client->unsent_len);
	if (client->unsent_len == 0) {
		free(client->unsent);
		client->unsent = NULL;
		client->unsent_room = 0;
	}
	return true;
}

bool client_keep(struct client *client, const char *bytes, size_t len)
{
	char *kept = len > 0 ? malloc(len) : NULL;

	if (len > 0 && kept == NULL)
		return false;
	if (len > 0)
		memcpy(kept, bytes, len);
	free(client->pending);
	client->pending = kept;
	client->pending_len = len;
	return true;
}

void client_close(struct client *client)
{
	uint32_t generation = client->generation;

	if (client->tls != NULL) {
		if (!client->in_handshake)
			SSL_shutdown(client->tls);
		ERR_clear_error();
		SSL_free(client->tls);
	}
	close(client->fd);
	free(client->pending);
	free(client->unsent);
	*client = (struct client){.fd = -1, .generation = generation + 1};
}
