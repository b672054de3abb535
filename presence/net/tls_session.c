// SPDX-License-Identifier: Apache-2.0
// Sessions that peers offered to resume (RFC 5077 tickets, RFC 8446 4.6.1), few and in memory.
#include "presence/net/tls_private.h"

#include <stdio.h>
#include <string.h>

void tls_session_keep(struct tls_sessions *sessions, const char *key, SSL_SESSION *session)
{
	unsigned int oldest = 0;

	for (unsigned int i = 1; i < TLS_SESSIONS; i++)
		if (sessions->slot[i].age < sessions->slot[oldest].age)
			oldest = i;
	SSL_SESSION_free(sessions->slot[oldest].session);
	sessions->slot[oldest].session = session;
	sessions->slot[oldest].age = ++sessions->kept;
	snprintf(sessions->slot[oldest].key, TLS_SESSION_KEY_BYTES, "%s", key);
}

SSL_SESSION *tls_session_take(struct tls_sessions *sessions, const char *key)
{
	unsigned int newest = TLS_SESSIONS;

	for (unsigned int i = 0; i < TLS_SESSIONS; i++) {
		if (sessions->slot[i].session == NULL || strcmp(sessions->slot[i].key, key) != 0)
			continue;
		if (newest == TLS_SESSIONS || sessions->slot[i].age > sessions->slot[newest].age)
			newest = i;
	}
	if (newest == TLS_SESSIONS)
		return NULL;
	SSL_SESSION *session = sessions->slot[newest].session;

	sessions->slot[newest].session = NULL;
	sessions->slot[newest].age = 0;
	return session;
}

void tls_sessions_clear(struct tls_sessions *sessions)
{
	for (unsigned int i = 0; i < TLS_SESSIONS; i++) {
		SSL_SESSION_free(sessions->slot[i].session);
		sessions->slot[i].session = NULL;
	}
}
