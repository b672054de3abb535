// SPDX-License-Identifier: Apache-2.0
// Between tls.c (contexts), tls_session.c (sessions to resume), tls_bio.c (OpenSSL's way to the
// socket) and connection_tls.c, which uses them all.
#pragma once

#include "presence/net/tls.h"

#include <openssl/ssl.h>

enum { TLS_SESSIONS = 32, TLS_SESSION_KEY_BYTES = 320 };

// One ticket is used once (RFC 8446 C.4), so there may be several for one peer; the newest is taken
// first and the oldest makes room.
struct tls_sessions {
	struct {
		SSL_SESSION *session;
		uint64_t age; // order of being kept
		char key[TLS_SESSION_KEY_BYTES];
	} slot[TLS_SESSIONS];
	uint64_t kept;
};

struct tls_context {
	unsigned int references;
	SSL_CTX *ssl;
	BIO_METHOD *bio;
	bool verify;
	int64_t not_after;
	struct tls_sessions sessions;
};

// key: the peer's address and the name it was verified by.
void tls_session_keep(struct tls_sessions *sessions, const char *key,
		      SSL_SESSION *session);                                   // takes
SSL_SESSION *tls_session_take(struct tls_sessions *sessions, const char *key); // NULL: none
void tls_sessions_clear(struct tls_sessions *sessions);

// Reads and writes the socket of the connection that is the BIO's data, without SIGPIPE.
BIO_METHOD *tls_bio_new(void);
