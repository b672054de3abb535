// SPDX-License-Identifier: Apache-2.0
// TLS over the TCP functions: handshake, verification of the peer's certificate and name (RFC 5280,
// RFC 6125; SNI RFC 6066), resumption, and errors in words. OpenSSL may want to read in order to
// write and the other way round; connection_work() tries both on every event, so only what epoll
// shall wait for has to be said (want_out).
#include "presence/net/connection_private.h"
#include "presence/net/tls_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static int certificate_judged(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct connection *connection = SSL_get_app_data(ssl);
	int code = X509_STORE_CTX_get_error(store);
	char subject[128] = "";

	if (ok)
		return ok;
	BIO *text = BIO_new(BIO_s_mem());
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);

	// One line, with control characters and all beyond ASCII escaped.
	if (text != NULL && certificate != NULL) {
		X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0,
				   XN_FLAG_RFC2253 & ~XN_FLAG_DN_REV);
		int len = BIO_read(text, subject, sizeof(subject) - 1);

		subject[len > 0 ? len : 0] = '\0';
	}
	BIO_free(text);
	if (code == X509_V_ERR_HOSTNAME_MISMATCH || code == X509_V_ERR_IP_ADDRESS_MISMATCH)
		connection_explain(connection, "certificate verify failed: %s (%s, wanted %s)",
				   X509_verify_cert_error_string(code), subject,
				   connection->tls_name);
	else
		connection_explain(connection, "certificate verify failed: %s (%s)",
				   X509_verify_cert_error_string(code), subject);
	return 0;
}

static bool is_address(const char *name)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

// Who the server has to be.
static bool name_expect(SSL *ssl, const char *name)
{
	if (is_address(name))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) && SSL_set_tlsext_host_name(ssl, name);
}

static void session_resume(struct connection *connection, const struct connection_options *options)
{
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE] = "", port[8] = "";

	getnameinfo((const struct sockaddr *)&options->peer, options->peer_len, host, sizeof(host),
		    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(connection->session_key, sizeof(connection->session_key), "%s|%s|%s",
		 connection->tls_name, host, port);

	SSL_SESSION *session = tls_session_take(&connection->tls->sessions,
						connection->session_key);

	if (session != NULL)
		SSL_set_session(connection->ssl, session);
	SSL_SESSION_free(session);
}

int tls_start(struct connection *connection, const struct connection_options *options, bool server)
{
	struct tls_context *context = options->tls;
	int mode = SSL_VERIFY_PEER | (server ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
	const char *name = options->tls_name != NULL ? options->tls_name : "";

	// A chain that is good for some name proves nothing about this server.
	if (context == NULL || strlen(name) >= sizeof(connection->tls_name) ||
	    (context->verify && !server && name[0] == '\0'))
		return -EINVAL;
	strcpy(connection->tls_name, name);
	connection->server = server;
	connection->tls = tls_context_get(context);
	ERR_clear_error();
	connection->ssl = SSL_new(context->ssl);
	BIO *bio = BIO_new(context->bio);

	if (connection->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		return -ENOMEM;
	}
	BIO_set_data(bio, connection);
	SSL_set_bio(connection->ssl, bio, bio);
	SSL_set_app_data(connection->ssl, connection);
	if (context->verify)
		SSL_set_verify(connection->ssl, mode, certificate_judged);
	if (server) {
		SSL_set_accept_state(connection->ssl);
		return 0;
	}
	SSL_set_connect_state(connection->ssl);
	if (name[0] != '\0' && !name_expect(connection->ssl, name))
		return -EINVAL;
	session_resume(connection, options);
	return 0;
}

// What an SSL_*() call that did not succeed means: 0 for the end of the stream, or -errno.
static int tls_outcome(struct connection *connection, int returned)
{
	int io_error = errno;

	switch (SSL_get_error(connection->ssl, returned)) {
	case SSL_ERROR_WANT_WRITE: connection->want_out = true; return -EAGAIN;
	case SSL_ERROR_WANT_READ: return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN: return 0;
	case SSL_ERROR_SYSCALL: return io_error != 0 ? -io_error : -ECONNRESET;
	default: break;
	}
	unsigned long code = ERR_peek_error();
	const char *reason = ERR_reason_error_string(code);
	bool rejected = ERR_GET_LIB(code) == ERR_LIB_SSL &&
			ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED;

	connection->tls_broken = true;
	connection_explain(connection, "TLS: %s", reason != NULL ? reason : "protocol error");
	ERR_clear_error();
	return rejected ? -EKEYREJECTED : -EPROTO;
}

// What waits to write before it can read on has to leave the rest where it is, or epoll would never
// rest.
static int tls_read_outcome(struct connection *connection, int returned)
{
	int error = tls_outcome(connection, returned);

	connection->deaf = error == -EAGAIN && SSL_want_write(connection->ssl);
	return error;
}

int tls_open(struct connection *connection)
{
	if (!connection->connected) {
		int error = tcp_open(connection);

		if (error != 0)
			return error;
		connection->connected = true;
	}
	ERR_clear_error();
	errno = 0;
	int returned = SSL_do_handshake(connection->ssl);

	if (returned == 1) {
		// Before TLS 1.3 a session may be used again and again, and is not offered anew.
		if (!connection->server && SSL_session_reused(connection->ssl) &&
		    SSL_version(connection->ssl) < TLS1_3_VERSION)
			tls_session_keep(&connection->tls->sessions, connection->session_key,
					 SSL_get1_session(connection->ssl));
		return 0;
	}
	int error = tls_read_outcome(connection, returned);

	if (error == 0 || error == -ECONNRESET) {
		connection_explain(connection, "closed by peer during the TLS handshake");
		return -ECONNRESET;
	}
	return error;
}

ssize_t tls_read(struct connection *connection, char *data, size_t size)
{
	ERR_clear_error();
	errno = 0;
	int got = SSL_read(connection->ssl, data, size < INT_MAX ? (int)size : INT_MAX);

	return got > 0 ? got : tls_read_outcome(connection, got);
}

ssize_t tls_write(struct connection *connection, const char *data, size_t len)
{
	ERR_clear_error();
	errno = 0;
	int sent = SSL_write(connection->ssl, data, len < INT_MAX ? (int)len : INT_MAX);

	if (sent > 0)
		return sent;
	int error = tls_outcome(connection, sent);

	return error != 0 ? error : -EPIPE;
}

// Tried once; who reads on to wait for the answer waits for nothing he needs.
void tls_close_notify(struct connection *connection)
{
	if (connection->ssl == NULL || connection->tls_broken || connection->peer_ended)
		return;
	ERR_clear_error();
	SSL_shutdown(connection->ssl);
	ERR_clear_error();
}

void tls_stop(struct connection *connection)
{
	// A connection that just broke off takes its session along unless it is told otherwise.
	if (connection->ssl != NULL && !connection->tls_broken)
		SSL_set_shutdown(connection->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(connection->ssl);
	tls_context_put(connection->tls);
	connection->ssl = NULL;
	connection->tls = NULL;
}
