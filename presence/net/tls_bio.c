// SPDX-License-Identifier: Apache-2.0
// OpenSSL's own socket BIO writes with write(2), and a peer that hung up would raise SIGPIPE. This
// one sends with MSG_NOSIGNAL, and remembers the end of the stream in the connection.
#include "presence/net/connection_private.h"
#include "presence/net/tls_private.h"

#include <errno.h>

static int bio_write(BIO *bio, const char *data, int len)
{
	struct connection *connection = BIO_get_data(bio);
	ssize_t sent = tcp_write(connection, data, (size_t)len);

	BIO_clear_retry_flags(bio);
	if (sent >= 0)
		return (int)sent;
	if (sent == -EAGAIN)
		BIO_set_retry_write(bio);
	else
		connection->peer_ended = true;
	errno = (int)-sent;
	return -1;
}

static int bio_read(BIO *bio, char *data, int size)
{
	struct connection *connection = BIO_get_data(bio);
	ssize_t got = tcp_read(connection, data, (size_t)size);

	BIO_clear_retry_flags(bio);
	if (got == 0)
		connection->peer_ended = true;
	if (got >= 0)
		return (int)got;
	if (got == -EAGAIN)
		BIO_set_retry_read(bio);
	else
		connection->peer_ended = true;
	errno = (int)-got;
	return -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	const struct connection *connection = BIO_get_data(bio);

	switch (command) {
	case BIO_CTRL_FLUSH: return 1;
	case BIO_CTRL_EOF: return connection->peer_ended;
	default: return 0;
	}
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *tls_bio_new(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");

	if (method == NULL || !BIO_meth_set_write(method, bio_write) ||
	    !BIO_meth_set_read(method, bio_read) || !BIO_meth_set_ctrl(method, bio_ctrl) ||
	    !BIO_meth_set_create(method, bio_create)) {
		BIO_meth_free(method);
		return NULL;
	}
	return method;
}
