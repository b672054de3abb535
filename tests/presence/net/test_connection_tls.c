// SPDX-License-Identifier: Apache-2.0
// TLS between two ends on one loop, with certificates good and bad.
#include "config/metric.h"
#include "presence/net/connection_private.h"
#include "presence/net/listener.h"
#include "presence/net/tls_private.h"
#include "tls_pair.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_both_ways(void **state)
{
	pair_connect("pool.example");
	assert_int_equal(connection_send(pair.here.connection, "early", 5), 0);
	RUN_UNTIL(pair.there.len == 5);
	assert_memory_equal(pair.there.bytes, "early", 5);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
			connection_send(pair.there.connection, pair.block, sizeof(pair.block)), 0);
		assert_int_equal(
			connection_send(pair.here.connection, pair.block, sizeof(pair.block)), 0);
		RUN_UNTIL(pair.here.len == sizeof(pair.block) * (size_t)(i + 1) &&
			  pair.there.len == 5 + sizeof(pair.block) * (size_t)(i + 1));
	}
	assert_memory_equal(pair.here.bytes + 2 * sizeof(pair.block), pair.block,
			    sizeof(pair.block));
	assert_memory_equal(pair.there.bytes + 5 + 2 * sizeof(pair.block), pair.block,
			    sizeof(pair.block));
	assert_non_null(SSL_get0_peer_certificate(pair.there.connection->ssl)); // mutual
	assert_string_equal(
		SSL_get_servername(pair.there.connection->ssl, TLSEXT_NAMETYPE_host_name),
		"pool.example");
	end_close(&pair.there);
	RUN_UNTIL(pair.here.closed);
	assert_int_equal(pair.here.reason, 0);
	assert_string_equal(pair.here.text, "closed by peer");
}

static void test_certificates_judged(void **state)
{
	static const struct {
		const struct certificate *server;
		const char *name, *text; // NULL: accepted
	} table[] = {
		{&pair.server, "pool.example", NULL},
		{&pair.server, "POOL.example", NULL},
		{&pair.numeric, "127.0.0.1", NULL},
		{&pair.numeric, "::1", NULL},
		{&pair.server, "evil.example",
		 "certificate verify failed: hostname mismatch (CN=pool.example, wanted "
		 "evil.example)"},
		{&pair.server, "127.0.0.1",
		 "certificate verify failed: IP address mismatch (CN=pool.example, wanted "
		 "127.0.0.1)"},
		{&pair.numeric, "127.0.0.2",
		 "certificate verify failed: IP address mismatch (CN=numeric, wanted 127.0.0.2)"},
		{&pair.expired, "pool.example",
		 "certificate verify failed: certificate has expired (CN=expired)"},
		{&pair.future, "pool.example",
		 "certificate verify failed: certificate is not yet valid (CN=future)"},
		{&pair.selfsigned, "pool.example",
		 "certificate verify failed: self-signed certificate (CN=self\\0A\\\"signed)"},
		{&pair.stranger, "pool.example",
		 "certificate verify failed: unable to get local issuer certificate (CN=stranger)"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		print_message("%s as %s\n", table[i].server->certificate_file, table[i].name);
		memset(&pair.here, 0, sizeof(pair.here));
		memset(&pair.there, 0, sizeof(pair.there));
		pair_contexts(&pair.client, table[i].server);
		pair_connect(table[i].name);
		RUN_UNTIL(pair.here.closed || (pair.here.opened && pair.there.opened));
		if (table[i].text == NULL) {
			assert_int_equal(pair.here.opened, 1);
			end_close(&pair.here);
		} else {
			assert_int_equal(pair.here.opened, 0);
			assert_int_equal(pair.here.reason, -EKEYREJECTED);
			assert_string_equal(pair.here.text, table[i].text);
		}
		RUN_UNTIL(pair.there.closed);
	}
}

static void test_verify_off(void **state)
{
	tls_context_put(pair.client_tls);
	pair.client_tls = pair_context(&pair.client, NULL, false);
	tls_context_put(pair.server_tls);
	pair.server_tls = pair_context(&pair.selfsigned, &pair.ca, true);
	pair_connect("whoever.example");
	RUN_UNTIL(pair.here.opened && pair.there.opened);
}

// With TLS 1.3 the client learns of it after its side of the handshake is done.
static void test_client_without_certificate(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

	for (size_t i = 0; i < 2; i++) {
		memset(&pair.here, 0, sizeof(pair.here));
		memset(&pair.there, 0, sizeof(pair.there));
		pair_contexts(NULL, &pair.server);
		SSL_CTX_set_max_proto_version(pair.server_tls->ssl, versions[i]);
		pair_connect("pool.example");
		RUN_UNTIL(pair.here.closed && pair.there.closed);
		assert_int_equal(pair.there.opened, 0);
		assert_string_equal(pair.there.text, "TLS: peer did not return a certificate");
		assert_int_equal(pair.here.reason, -EPROTO);
		assert_non_null(strstr(pair.here.text, "alert"));
	}
}

static void test_old_version_refused(void **state)
{
	SSL_CTX_set_min_proto_version(pair.server_tls->ssl, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(pair.server_tls->ssl, TLS1_1_VERSION);
	SSL_CTX_set_cipher_list(pair.server_tls->ssl, "DEFAULT@SECLEVEL=0");
	pair_connect("pool.example");
	RUN_UNTIL(pair.here.closed && pair.there.closed);
	assert_int_equal(pair.here.opened, 0);
	assert_int_equal(pair.here.reason, -EPROTO);
	assert_string_equal(pair.here.text, "TLS: tlsv1 alert protocol version");
	assert_string_equal(pair.there.text, "TLS: unsupported protocol");
}

// The way to an old pool that the settings leave open.
static void test_old_version_allowed(void **state)
{
	struct tls_options options = {
		.min_version = TLS1_VERSION,
		.ciphers = "DEFAULT@SECLEVEL=0",
		.ca = pair.ca.certificate_file,
		.certificate = pair.client.certificate_file,
		.key = pair.client.key_file,
		.verify = true,
	};
	char error[256];

	tls_context_put(pair.client_tls);
	pair.client_tls = tls_context_new(&options, error, sizeof(error));
	options.certificate = pair.server.certificate_file;
	options.key = pair.server.key_file;
	tls_context_put(pair.server_tls);
	pair.server_tls = tls_context_new(&options, error, sizeof(error));
	SSL_CTX_set_max_proto_version(pair.server_tls->ssl, TLS1_VERSION);
	pair_connect("pool.example");
	RUN_UNTIL(pair.here.opened && pair.there.opened);
	assert_int_equal(SSL_version(pair.here.connection->ssl), TLS1_VERSION);
}

static void test_name_is_needed(void **state)
{
	struct connection_options options = options_of(CONNECTION_TLS);
	char name[300];

	close(listen_tcp(&options));
	options.tls = pair.client_tls;
	assert_null(connection_open(ends_loop, &options, &end_events, &pair.here));
	assert_int_equal(errno, EINVAL);
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	options.tls_name = name;
	assert_null(connection_open(ends_loop, &options, &end_events, &pair.here));
	assert_int_equal(errno, EINVAL);
}

// A peer that ends the stream without close_notify: framing is by length, so nothing is lost.
static void test_half_closed(void **state)
{
	pair_connect("pool.example");
	RUN_UNTIL(pair.here.opened && pair.there.opened);
	connection_send(pair.there.connection, "last", 4);
	RUN_UNTIL(pair.here.len == 4);
	shutdown(pair.there.connection->watch.fd, SHUT_WR);
	RUN_UNTIL(pair.here.closed);
	assert_int_equal(pair.here.reason, 0);
	RUN_UNTIL(pair.there.closed);
}

// A listener with TLS: the good come in, the others are not spoken of.
static void test_listener(void **state)
{
	struct connection_options options = options_of(CONNECTION_TLS);
	struct listener_options listening = {
		.kind = CONNECTION_TLS,
		.tls = pair.server_tls,
		.total_limit = 4,
		.source_limit = 4,
		.idle_timeout_ns = 10 * NS_PER_S,
		.send_limit = 4096,
		.receive_limit = 4096,
	};

	close(listen_tcp(&options)); // any free port
	listening.local = options.peer;
	listening.local_len = options.peer_len;
	struct listener *listener = listener_open(ends_loop, &listening, &end_events, &pair.there);

	assert_non_null(listener);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&options.peer, options.peer_len), 0);
	assert_int_equal(send(fd, "OPTIONS sip:a SIP/2.0\r\n", 23, 0), 23);
	RUN_UNTIL(metric_value("offhook_listener_refused", "cause=\"handshake\"") == 1);
	assert_int_equal(listener_count(listener), 0);
	assert_int_equal(pair.there.opened + pair.there.closed, 0);

	options.tls = pair.client_tls;
	options.tls_name = "pool.example";
	end_open(&pair.here, &options);
	connection_send(pair.here.connection, "SIP/2.0", 7);
	RUN_UNTIL(pair.there.len == 7);
	assert_int_equal(listener_count(listener), 1);
	listener_close(listener);
	pair.there.connection = NULL;
	RUN_UNTIL(pair.here.closed);
	assert_int_equal(pair.there.closed, 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_both_ways),
		PAIR_TEST(test_certificates_judged),
		PAIR_TEST(test_verify_off),
		PAIR_TEST(test_client_without_certificate),
		PAIR_TEST(test_old_version_refused),
		PAIR_TEST(test_old_version_allowed),
		PAIR_TEST(test_name_is_needed),
		PAIR_TEST(test_half_closed),
		PAIR_TEST(test_listener),
	};

	return cmocka_run_group_tests_name("presence/net/connection_tls", tests, pair_make,
					   pair_unmake);
}
