// SPDX-License-Identifier: Apache-2.0
// Contexts from settings, and the sessions they keep.
#include "presence/net/connection_private.h"
#include "presence/net/tls_private.h"
#include "tls_pair.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

static void test_context_errors(void **state)
{
	char missing[128], junk[128], locked[128], error[256], expect[400];
	FILE *file;

	snprintf(missing, sizeof(missing), "%s", certificates_path("missing.pem"));
	snprintf(junk, sizeof(junk), "%s", certificates_path("junk.pem"));
	snprintf(locked, sizeof(locked), "%s", certificates_path("locked.key"));
	write_file(junk, "no certificate\n");
	file = fopen(locked, "w");
	PEM_write_PrivateKey(file, pair.server.key, EVP_aes_128_cbc(),
			     (const unsigned char *)"secret", 6, NULL, NULL);
	fclose(file);

	const struct {
		struct tls_options options;
		const char *at, *why;
	} table[] = {
		{{.certificate = missing}, missing, "No such file or directory"},
		{{.certificate = junk}, junk, "no start line"},
		{{.certificate = pair.server.certificate_file, .key = missing},
		 missing,
		 "No such file or directory"},
		{{.certificate = pair.server.certificate_file, .key = pair.client.key_file},
		 pair.client.key_file,
		 "key values mismatch"},
		{{.certificate = pair.server.certificate_file, .key = locked},
		 locked,
		 "needs a passphrase"},
		{{.key = pair.server.key_file}, pair.server.key_file, "key without a certificate"},
		{{.ca = missing}, missing, "No such file or directory"},
		{{.ca = junk}, junk, "no certificate or crl found"},
		{{.ciphers = "NONSENSE"}, "NONSENSE", "no cipher match"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct tls_options options = table[i].options;

		options.min_version = TLS1_2_VERSION;
		assert_null(tls_context_new(&options, error, sizeof(error)));
		print_message("%s\n", error);
		snprintf(expect, sizeof(expect), "%s: ", table[i].at);
		assert_memory_equal(error, expect, strlen(expect));
		assert_non_null(strstr(error, table[i].why));
	}
}

static void test_not_after(void **state)
{
	struct tls_context *none = pair_context(NULL, &pair.ca, true);

	assert_int_equal(tls_context_not_after(none), 0);
	assert_true(llabs(tls_context_not_after(pair.client_tls) - (time(NULL) + PAIR_DAY_S)) <
		    120);
	tls_context_put(none);
}

// Connections outlive the context they were opened with.
static void test_context_replaced(void **state)
{
	pair_connect("pool.example");
	RUN_UNTIL(pair.here.opened && pair.there.opened);
	pair_contexts(NULL, &pair.numeric);
	connection_send(pair.here.connection, "still here", 10);
	RUN_UNTIL(pair.there.len == 10);
}

static void test_sessions_are_few(void **state)
{
	static struct tls_sessions sessions;
	char key[32];

	for (int i = 0; i < 3 * TLS_SESSIONS; i++) {
		snprintf(key, sizeof(key), "peer %d", i);
		tls_session_keep(&sessions, key, SSL_SESSION_new());
	}
	assert_null(tls_session_take(&sessions, "peer 0"));
	snprintf(key, sizeof(key), "peer %d", 3 * TLS_SESSIONS - 1);
	SSL_SESSION *session = tls_session_take(&sessions, key);

	assert_non_null(session);
	assert_null(tls_session_take(&sessions, key)); // once
	SSL_SESSION_free(session);
	tls_sessions_clear(&sessions);
}

// Same peer, same name: resumed, and once more. Another name or port: not.
static void test_session_resumed(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct connection_options options, server_options = options_of(CONNECTION_TLS);

	for (size_t v = 0; v < 2; v++) {
		options = options_of(CONNECTION_TLS);
		pair_contexts(&pair.client, &pair.server);
		SSL_CTX_set_max_proto_version(pair.server_tls->ssl, versions[v]);
		int listening = listen_tcp(&options);

		options.tls = pair.client_tls;
		server_options.tls = pair.server_tls;
		for (int i = 0; i < 4; i++) {
			memset(&pair.here, 0, sizeof(pair.here));
			memset(&pair.there, 0, sizeof(pair.there));
			options.tls_name = "pool.example";
			end_open(&pair.here, &options);
			end_adopt(&pair.there, accept_one(listening), &server_options);
			RUN_UNTIL(pair.here.opened && pair.there.opened);
			assert_int_equal(SSL_version(pair.here.connection->ssl), versions[v]);
			assert_int_equal(SSL_session_reused(pair.here.connection->ssl), i > 0);
			connection_send(pair.there.connection, "x", 1); // behind the tickets
			RUN_UNTIL(pair.here.len == 1);
			// Broken off or ended in order: it is good for the next time all the same.
			if (i % 2 == 0) {
				end_close(&pair.there);
				RUN_UNTIL(pair.here.closed);
			} else {
				end_close(&pair.here);
				RUN_UNTIL(pair.there.closed);
			}
		}
		close(listening);
		memset(&pair.here, 0, sizeof(pair.here));
		memset(&pair.there, 0, sizeof(pair.there));
		pair_connect("pool.example"); // another port
		RUN_UNTIL(pair.here.opened && pair.there.opened);
		assert_false(SSL_session_reused(pair.here.connection->ssl));
		end_close(&pair.here);
		end_close(&pair.there);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_context_errors),   PAIR_TEST(test_not_after),
		PAIR_TEST(test_context_replaced), PAIR_TEST(test_sessions_are_few),
		PAIR_TEST(test_session_resumed),
	};

	return cmocka_run_group_tests_name("presence/net/tls", tests, pair_make, pair_unmake);
}
