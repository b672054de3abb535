// SPDX-License-Identifier: Apache-2.0
// TLS between two ends on one loop, with certificates good and bad, and peers that speak it badly
// or not at all.
#include "presence/net/tls.h"

#include "certificates.h"
#include "config/clock.h"
#include "config/metric.h"
#include "ends.h"
#include "presence/net/connection_private.h"
#include "presence/net/listener.h"
#include "presence/net/tls_private.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { DAY_S = 86400 };

static struct certificate ca, other_ca, server, client, expired, future, numeric, selfsigned,
	stranger;
static struct end here, there;
static struct tls_context *client_tls, *server_tls;
static char block[300000];

static int group_setup(void **state)
{
	const struct {
		struct certificate *certificate;
		struct certificate_request request;
	} table[] = {
		{&ca, {"Test CA", NULL, NULL, -DAY_S, DAY_S, 1}},
		{&other_ca, {"Other CA", NULL, NULL, -DAY_S, DAY_S, 1}},
		{&server, {"pool.example", "DNS:pool.example", &ca, -DAY_S, DAY_S, 0}},
		{&client, {"sbc.example", NULL, &ca, -DAY_S, DAY_S, 0}},
		{&expired, {"expired", "DNS:pool.example", &ca, -2 * DAY_S, -DAY_S, 0}},
		{&future, {"future", "DNS:pool.example", &ca, DAY_S, 2 * DAY_S, 0}},
		{&numeric, {"numeric", "IP:127.0.0.1,IP:::1", &ca, -DAY_S, DAY_S, 0}},
		{&selfsigned, {"self\n\"signed", "DNS:pool.example", NULL, -DAY_S, DAY_S, 0}},
		{&stranger, {"stranger", "DNS:pool.example", &other_ca, -DAY_S, DAY_S, 0}},
	};

	certificates_start();
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		certificate_make(table[i].certificate, &table[i].request);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 7 + i / 251);
	return 0;
}

static int group_teardown(void **state)
{
	struct certificate *all[] = {&ca,     &other_ca, &server,     &client,  &expired,
				     &future, &numeric,  &selfsigned, &stranger};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		certificate_free(all[i]);
	certificates_stop();
	return 0;
}

static struct tls_context *context_of(const struct certificate *own,
				      const struct certificate *trust, bool verify)
{
	struct tls_options options = {.min_version = TLS1_2_VERSION, .verify = verify};
	char error[256] = "";

	if (own != NULL) {
		options.certificate = own->certificate_file;
		options.key = own->key_file;
	}
	if (trust != NULL)
		options.ca = trust->certificate_file;
	struct tls_context *context = tls_context_new(&options, error, sizeof(error));

	assert_string_equal(error, "");
	assert_non_null(context);
	return context;
}

static void contexts(const struct certificate *of_client, const struct certificate *of_server)
{
	tls_context_put(client_tls);
	tls_context_put(server_tls);
	client_tls = context_of(of_client, &ca, true);
	server_tls = context_of(of_server, &ca, true);
}

static int setup(void **state)
{
	memset(&here, 0, sizeof(here));
	memset(&there, 0, sizeof(there));
	contexts(&client, &server);
	return ends_setup(state);
}

static int teardown(void **state)
{
	connection_close(here.connection);
	connection_close(there.connection);
	tls_context_put(client_tls);
	tls_context_put(server_tls);
	client_tls = server_tls = NULL;
	clock_release();
	return ends_teardown(state);
}

static int connect_to_socket(const char *name)
{
	struct connection_options options = options_of(CONNECTION_TLS);
	int listening = listen_tcp(&options);

	options.tls = client_tls;
	options.tls_name = name;
	end_open(&here, &options);
	int fd = accept_one(listening);

	close(listening);
	return fd;
}

static void connect_both(const char *name)
{
	struct connection_options options = options_of(CONNECTION_TLS);
	int fd = connect_to_socket(name);

	options.tls = server_tls;
	end_adopt(&there, fd, &options);
}

static void test_both_ways(void **state)
{
	connect_both("pool.example");
	assert_int_equal(connection_send(here.connection, "early", 5), 0);
	RUN_UNTIL(there.len == 5);
	assert_memory_equal(there.bytes, "early", 5);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(connection_send(there.connection, block, sizeof(block)), 0);
		assert_int_equal(connection_send(here.connection, block, sizeof(block)), 0);
		RUN_UNTIL(here.len == sizeof(block) * (size_t)(i + 1) &&
			  there.len == 5 + sizeof(block) * (size_t)(i + 1));
	}
	assert_memory_equal(here.bytes + 2 * sizeof(block), block, sizeof(block));
	assert_memory_equal(there.bytes + 5 + 2 * sizeof(block), block, sizeof(block));
	assert_non_null(SSL_get0_peer_certificate(there.connection->ssl)); // mutual
	assert_string_equal(SSL_get_servername(there.connection->ssl, TLSEXT_NAMETYPE_host_name),
			    "pool.example");
	end_close(&there);
	RUN_UNTIL(here.closed);
	assert_int_equal(here.reason, 0);
	assert_string_equal(here.text, "closed by peer");
}

static void test_certificates_judged(void **state)
{
	static const struct {
		const struct certificate *server;
		const char *name, *text; // NULL: accepted
	} table[] = {
		{&server, "pool.example", NULL},
		{&server, "POOL.example", NULL},
		{&numeric, "127.0.0.1", NULL},
		{&numeric, "::1", NULL},
		{&server, "evil.example",
		 "certificate verify failed: hostname mismatch (CN=pool.example, wanted "
		 "evil.example)"},
		{&server, "127.0.0.1",
		 "certificate verify failed: IP address mismatch (CN=pool.example, wanted "
		 "127.0.0.1)"},
		{&numeric, "127.0.0.2",
		 "certificate verify failed: IP address mismatch (CN=numeric, wanted 127.0.0.2)"},
		{&expired, "pool.example",
		 "certificate verify failed: certificate has expired (CN=expired)"},
		{&future, "pool.example",
		 "certificate verify failed: certificate is not yet valid (CN=future)"},
		{&selfsigned, "pool.example",
		 "certificate verify failed: self-signed certificate (CN=self\\0A\\\"signed)"},
		{&stranger, "pool.example",
		 "certificate verify failed: unable to get local issuer certificate (CN=stranger)"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		print_message("%s as %s\n", table[i].server->certificate_file, table[i].name);
		memset(&here, 0, sizeof(here));
		memset(&there, 0, sizeof(there));
		contexts(&client, table[i].server);
		connect_both(table[i].name);
		RUN_UNTIL(here.closed || (here.opened && there.opened));
		if (table[i].text == NULL) {
			assert_int_equal(here.opened, 1);
			end_close(&here);
		} else {
			assert_int_equal(here.opened, 0);
			assert_int_equal(here.reason, -EKEYREJECTED);
			assert_string_equal(here.text, table[i].text);
		}
		RUN_UNTIL(there.closed);
	}
}

static void test_verify_off(void **state)
{
	tls_context_put(client_tls);
	client_tls = context_of(&client, NULL, false);
	tls_context_put(server_tls);
	server_tls = context_of(&selfsigned, &ca, true);
	connect_both("whoever.example");
	RUN_UNTIL(here.opened && there.opened);
}

// With TLS 1.3 the client learns of it after its side of the handshake is done.
static void test_client_without_certificate(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

	for (size_t i = 0; i < 2; i++) {
		memset(&here, 0, sizeof(here));
		memset(&there, 0, sizeof(there));
		contexts(NULL, &server);
		SSL_CTX_set_max_proto_version(server_tls->ssl, versions[i]);
		connect_both("pool.example");
		RUN_UNTIL(here.closed && there.closed);
		assert_int_equal(there.opened, 0);
		assert_string_equal(there.text, "TLS: peer did not return a certificate");
		assert_int_equal(here.reason, -EPROTO);
		assert_non_null(strstr(here.text, "alert"));
	}
}

static void test_old_version_refused(void **state)
{
	SSL_CTX_set_min_proto_version(server_tls->ssl, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(server_tls->ssl, TLS1_1_VERSION);
	SSL_CTX_set_cipher_list(server_tls->ssl, "DEFAULT@SECLEVEL=0");
	connect_both("pool.example");
	RUN_UNTIL(here.closed && there.closed);
	assert_int_equal(here.opened, 0);
	assert_int_equal(here.reason, -EPROTO);
	assert_string_equal(here.text, "TLS: tlsv1 alert protocol version");
	assert_string_equal(there.text, "TLS: unsupported protocol");
}

// The way to an old pool that the settings leave open.
static void test_old_version_allowed(void **state)
{
	struct tls_options options = {
		.min_version = TLS1_VERSION,
		.ciphers = "DEFAULT@SECLEVEL=0",
		.ca = ca.certificate_file,
		.certificate = client.certificate_file,
		.key = client.key_file,
		.verify = true,
	};
	char error[256];

	tls_context_put(client_tls);
	client_tls = tls_context_new(&options, error, sizeof(error));
	options.certificate = server.certificate_file;
	options.key = server.key_file;
	tls_context_put(server_tls);
	server_tls = tls_context_new(&options, error, sizeof(error));
	SSL_CTX_set_max_proto_version(server_tls->ssl, TLS1_VERSION);
	connect_both("pool.example");
	RUN_UNTIL(here.opened && there.opened);
	assert_int_equal(SSL_version(here.connection->ssl), TLS1_VERSION);
}

// Same peer, same name: resumed, and once more. Another name or port: not.
static void test_session_resumed(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct connection_options options, server_options = options_of(CONNECTION_TLS);

	for (size_t v = 0; v < 2; v++) {
		options = options_of(CONNECTION_TLS);
		contexts(&client, &server);
		SSL_CTX_set_max_proto_version(server_tls->ssl, versions[v]);
		int listening = listen_tcp(&options);

		options.tls = client_tls;
		server_options.tls = server_tls;
		for (int i = 0; i < 4; i++) {
			memset(&here, 0, sizeof(here));
			memset(&there, 0, sizeof(there));
			options.tls_name = "pool.example";
			end_open(&here, &options);
			end_adopt(&there, accept_one(listening), &server_options);
			RUN_UNTIL(here.opened && there.opened);
			assert_int_equal(SSL_version(here.connection->ssl), versions[v]);
			assert_int_equal(SSL_session_reused(here.connection->ssl), i > 0);
			connection_send(there.connection, "x", 1); // behind the tickets
			RUN_UNTIL(here.len == 1);
			// Broken off or ended in order: it is good for the next time all the same.
			if (i % 2 == 0) {
				end_close(&there);
				RUN_UNTIL(here.closed);
			} else {
				end_close(&here);
				RUN_UNTIL(there.closed);
			}
		}
		close(listening);
		memset(&here, 0, sizeof(here));
		memset(&there, 0, sizeof(there));
		connect_both("pool.example"); // another port
		RUN_UNTIL(here.opened && there.opened);
		assert_false(SSL_session_reused(here.connection->ssl));
		end_close(&here);
		end_close(&there);
	}
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

static void test_garbage_instead_of_tls(void **state)
{
	int fd = connect_to_socket("pool.example");

	assert_int_equal(send(fd, "SIP/2.0 200 OK\r\n\r\n", 18, 0), 18);
	RUN_UNTIL(here.closed);
	assert_int_equal(here.opened, 0);
	assert_int_equal(here.reason, -EPROTO);
	assert_string_equal(here.text, "TLS: wrong version number");
	close(fd);
}

static void test_closed_during_handshake(void **state)
{
	close(connect_to_socket("pool.example"));
	RUN_UNTIL(here.closed);
	assert_int_equal(here.reason, -ECONNRESET);
	assert_true(strstr(here.text, "TLS handshake") != NULL ||
		    strstr(here.text, "reset") != NULL);
}

static void test_handshake_timeout(void **state)
{
	clock_set(clock_mono_ns());
	int fd = connect_to_socket("pool.example");

	RUN_UNTIL(here.connection->connected);
	ends_run_idle();
	assert_int_equal(here.closed, 0);
	clock_set(clock_mono_ns() + 6 * NS_PER_S);
	RUN_UNTIL(here.closed);
	assert_int_equal(here.reason, -ETIMEDOUT);
	assert_string_equal(here.text, "TLS handshake timed out");
	close(fd);
}

// A peer that ends the stream without close_notify: framing is by length, so nothing is lost.
static void test_half_closed(void **state)
{
	connect_both("pool.example");
	RUN_UNTIL(here.opened && there.opened);
	connection_send(there.connection, "last", 4);
	RUN_UNTIL(here.len == 4);
	shutdown(there.connection->watch.fd, SHUT_WR);
	RUN_UNTIL(here.closed);
	assert_int_equal(here.reason, 0);
	RUN_UNTIL(there.closed);
}

// The first flight of a client, as bytes.
static size_t client_hello(char *bytes, size_t size)
{
	SSL *ssl = SSL_new(client_tls->ssl);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	SSL_set_bio(ssl, in, out);
	SSL_set_connect_state(ssl);
	SSL_do_handshake(ssl);
	int len = BIO_read(out, bytes, (int)size);

	assert_true(len > 0);
	SSL_free(ssl);
	return (size_t)len;
}

// A client that says hello, sends on and does not read, while the server's answer is too long for
// the socket: what it sent has to wait unwatched, or the loop would never rest.
static void test_client_that_does_not_read(void **state)
{
	struct connection_options options = options_of(CONNECTION_TLS);
	int listening = listen_tcp(&options), small = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char bytes[8192];
	size_t len = client_hello(bytes, sizeof(bytes) - 100);

	for (int i = 0; i < 60; i++) {
		X509_up_ref(ca.x509);
		SSL_CTX_add_extra_chain_cert(server_tls->ssl, ca.x509);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_int_equal(connect(fd, (struct sockaddr *)&options.peer, options.peer_len), 0);
	memset(bytes + len, 'x', 100);
	assert_int_equal(send(fd, bytes, len + 100, 0), len + 100);
	int accepted = accept_one(listening);

	setsockopt(accepted, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	options.tls = server_tls;
	end_adopt(&there, accepted, &options);
	RUN_UNTIL(there.connection->deaf);
	assert_int_equal(there.connection->watch.events, EPOLLOUT);
	for (int rounds = 0; rounds < 1000 && !there.closed; rounds++) {
		recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		loop_run_once(ends_loop, NS_PER_MS);
	}
	assert_int_equal(there.reason, -EPROTO); // then it sees the rest for what it is
	close(fd);
	close(listening);
}

// Junk in the middle of an open connection.
static void test_broken_record(void **state)
{
	connect_both("pool.example");
	RUN_UNTIL(here.opened && there.opened);
	assert_int_equal(send(there.connection->watch.fd,
			      "\x17\x03\x03\x00\x20"
			      "0123456789abcdef0123456789abcdef",
			      37, 0),
			 37);
	RUN_UNTIL(here.closed);
	assert_int_equal(here.reason, -EPROTO);
	assert_non_null(strstr(here.text, "TLS: "));
}

static void test_reset_raises_no_signal(void **state)
{
	struct linger hard = {.l_onoff = 1};

	signal(SIGPIPE, SIG_DFL);
	connect_both("pool.example");
	RUN_UNTIL(here.opened && there.opened);
	setsockopt(there.connection->watch.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	there.connection->peer_ended = true; // no close_notify
	end_close(&there);
	connection_send(here.connection, "a", 1);
	connection_send(here.connection, "b", 1);
	RUN_UNTIL(here.closed);
	assert_true(here.reason == -ECONNRESET || here.reason == -EPIPE);
}

static void test_input_is_bounded(void **state)
{
	struct connection_options options = options_of(CONNECTION_TLS);

	connect_both("pool.example");
	RUN_UNTIL(here.opened && there.opened);
	here.connection->receive.limit = 20000;
	here.consume_nothing = true;
	assert_int_equal(connection_send(there.connection, block, sizeof(block)), 0);
	RUN_UNTIL(here.closed);
	assert_int_equal(here.reason, -EMSGSIZE);
	assert_true(options.receive_limit > 20000);
}

static void test_name_is_needed(void **state)
{
	struct connection_options options = options_of(CONNECTION_TLS);
	char name[300];

	close(listen_tcp(&options));
	options.tls = client_tls;
	assert_null(connection_open(ends_loop, &options, &end_events, &here));
	assert_int_equal(errno, EINVAL);
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	options.tls_name = name;
	assert_null(connection_open(ends_loop, &options, &end_events, &here));
	assert_int_equal(errno, EINVAL);
}

// Connections outlive the context they were opened with.
static void test_context_replaced(void **state)
{
	connect_both("pool.example");
	RUN_UNTIL(here.opened && there.opened);
	contexts(NULL, &numeric);
	connection_send(here.connection, "still here", 10);
	RUN_UNTIL(there.len == 10);
}

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
	PEM_write_PrivateKey(file, server.key, EVP_aes_128_cbc(), (const unsigned char *)"secret",
			     6, NULL, NULL);
	fclose(file);

	const struct {
		struct tls_options options;
		const char *at, *why;
	} table[] = {
		{{.certificate = missing}, missing, "No such file or directory"},
		{{.certificate = junk}, junk, "no start line"},
		{{.certificate = server.certificate_file, .key = missing},
		 missing,
		 "No such file or directory"},
		{{.certificate = server.certificate_file, .key = client.key_file},
		 client.key_file,
		 "key values mismatch"},
		{{.certificate = server.certificate_file, .key = locked},
		 locked,
		 "needs a passphrase"},
		{{.key = server.key_file}, server.key_file, "key without a certificate"},
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
	struct tls_context *none = context_of(NULL, &ca, true);

	assert_int_equal(tls_context_not_after(none), 0);
	assert_true(llabs(tls_context_not_after(client_tls) - (time(NULL) + DAY_S)) < 120);
	tls_context_put(none);
}

// A listener with TLS: the good come in, the others are not spoken of.
static void test_listener(void **state)
{
	struct connection_options options = options_of(CONNECTION_TLS);
	struct listener_options listening = {
		.kind = CONNECTION_TLS,
		.tls = server_tls,
		.total_limit = 4,
		.source_limit = 4,
		.idle_timeout_ns = 10 * NS_PER_S,
		.send_limit = 4096,
		.receive_limit = 4096,
	};

	close(listen_tcp(&options)); // any free port
	listening.local = options.peer;
	listening.local_len = options.peer_len;
	struct listener *listener = listener_open(ends_loop, &listening, &end_events, &there);

	assert_non_null(listener);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&options.peer, options.peer_len), 0);
	assert_int_equal(send(fd, "OPTIONS sip:a SIP/2.0\r\n", 23, 0), 23);
	RUN_UNTIL(metric_value("offhook_listener_refused", "cause=\"handshake\"") == 1);
	assert_int_equal(listener_count(listener), 0);
	assert_int_equal(there.opened + there.closed, 0);

	options.tls = client_tls;
	options.tls_name = "pool.example";
	end_open(&here, &options);
	connection_send(here.connection, "SIP/2.0", 7);
	RUN_UNTIL(there.len == 7);
	assert_int_equal(listener_count(listener), 1);
	listener_close(listener);
	there.connection = NULL;
	RUN_UNTIL(here.closed);
	assert_int_equal(there.closed, 0);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_both_ways),
		TEST(test_certificates_judged),
		TEST(test_verify_off),
		TEST(test_client_without_certificate),
		TEST(test_old_version_refused),
		TEST(test_old_version_allowed),
		TEST(test_session_resumed),
		TEST(test_sessions_are_few),
		TEST(test_garbage_instead_of_tls),
		TEST(test_closed_during_handshake),
		TEST(test_handshake_timeout),
		TEST(test_half_closed),
		TEST(test_client_that_does_not_read),
		TEST(test_broken_record),
		TEST(test_reset_raises_no_signal),
		TEST(test_input_is_bounded),
		TEST(test_name_is_needed),
		TEST(test_context_replaced),
		TEST(test_context_errors),
		TEST(test_not_after),
		TEST(test_listener),
	};

	return cmocka_run_group_tests_name("presence/net/tls", tests, group_setup, group_teardown);
}
