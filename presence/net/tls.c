// SPDX-License-Identifier: Apache-2.0
// A context from settings, whole or not at all. It serves both sides: connections that we open and
// those that peers open to us (responses on new connections), where a peer has to show a
// certificate, too.
#include "presence/net/connection_private.h"
#include "presence/net/tls_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Static_assert(sizeof(((struct connection *)NULL)->session_key) <= TLS_SESSION_KEY_BYTES,
	       "a key that is cut short could be that of another peer");

// The most telling entry of OpenSSL's queue is the first; all of it is cleared.
static void say_why(char *error, size_t size, const char *what)
{
	unsigned long code = ERR_get_error();
	const char *reason = ERR_reason_error_string(code);

	if (reason == NULL)
		reason = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : "unknown error";
	snprintf(error, size, "%s: %s", what, reason);
	ERR_clear_error();
}

// A key with a passphrase is refused; without this OpenSSL would ask at the terminal.
static int no_passphrase(char *buffer, int size, int writing, void *locked)
{
	*(bool *)locked = true;
	return -1;
}

// Keeps what the peer gives for the next time (one or more tickets after each handshake).
static int session_offered(SSL *ssl, SSL_SESSION *session)
{
	struct connection *connection = SSL_get_app_data(ssl);

	tls_session_keep(&connection->tls->sessions, connection->session_key, session);
	return 1;
}

static bool is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static void context_tune(SSL_CTX *ssl)
{
	// SIP and RESP say themselves how long a message is, so a missing close_notify can cut
	// nothing off unseen; many SIP peers just close. Renegotiation is an attack surface that
	// nobody needs (RFC 7525 3.5).
	SSL_CTX_set_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ssl, session_offered);
	SSL_CTX_set_session_id_context(ssl, (const unsigned char *)"offhook", 7);
}

static bool context_load(SSL_CTX *ssl, const struct tls_options *options, char *error, size_t size)
{
	const char *key = is_given(options->key) ? options->key : options->certificate;
	bool locked = false;

	// The list may set the security level, which the certificates have to pass.
	if (is_given(options->ciphers) && !SSL_CTX_set_cipher_list(ssl, options->ciphers)) {
		say_why(error, size, options->ciphers);
		return false;
	}
	if (!SSL_CTX_set_min_proto_version(ssl, options->min_version)) {
		say_why(error, size, "minimum version");
		return false;
	}
	if (is_given(options->ca) ? !SSL_CTX_load_verify_locations(ssl, options->ca, NULL)
				  : !SSL_CTX_set_default_verify_paths(ssl)) {
		say_why(error, size, is_given(options->ca) ? options->ca : "system's trust store");
		return false;
	}
	if (!is_given(options->certificate)) {
		if (is_given(options->key))
			snprintf(error, size, "%s: key without a certificate", options->key);
		return !is_given(options->key);
	}
	SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(ssl, &locked);
	if (SSL_CTX_use_certificate_chain_file(ssl, options->certificate) != 1) {
		say_why(error, size, options->certificate);
		return false;
	}
	if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1) {
		say_why(error, size, key);
		if (locked)
			snprintf(error, size, "%s: needs a passphrase", key);
		return false;
	}
	return true;
}

static int64_t certificate_not_after(SSL_CTX *ssl)
{
	const X509 *certificate = SSL_CTX_get0_certificate(ssl);
	struct tm tm;

	if (certificate == NULL || !ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm))
		return 0;
	return timegm(&tm);
}

struct tls_context *tls_context_new(const struct tls_options *options, char *error,
				    size_t error_size)
{
	struct tls_context *context = calloc(1, sizeof(*context));

	ERR_clear_error();
	if (context == NULL) {
		snprintf(error, error_size, "no memory");
		return NULL;
	}
	context->references = 1;
	context->verify = options->verify;
	context->ssl = SSL_CTX_new(TLS_method());
	context->bio = tls_bio_new();
	if (context->ssl == NULL || context->bio == NULL) {
		say_why(error, error_size, "OpenSSL");
		goto fail;
	}
	context_tune(context->ssl);
	if (!context_load(context->ssl, options, error, error_size))
		goto fail;
	context->not_after = certificate_not_after(context->ssl);
	return context;

fail:
	tls_context_put(context);
	return NULL;
}

struct tls_context *tls_context_get(struct tls_context *context)
{
	context->references++;
	return context;
}

void tls_context_put(struct tls_context *context)
{
	if (context == NULL || --context->references > 0)
		return;
	tls_sessions_clear(&context->sessions);
	SSL_CTX_free(context->ssl);
	BIO_meth_free(context->bio);
	free(context);
}

int64_t tls_context_not_after(const struct tls_context *context)
{
	return context->not_after;
}
