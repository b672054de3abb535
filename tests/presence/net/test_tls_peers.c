// SPDX-License-Identifier: Apache-2.0
// Peers that speak TLS badly or not at all.
#include "presence/net/connection_private.h"
#include "presence/net/tls_private.h"
#include "tls_pair.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_garbage_instead_of_tls(void **state)
{
	int fd = pair_connect_to_socket("pool.example");

	assert_int_equal(send(fd, "SIP/2.0 200 OK\r\n\r\n", 18, 0), 18);
	RUN_UNTIL(pair.here.closed);
	assert_int_equal(pair.here.opened, 0);
	assert_int_equal(pair.here.reason, -EPROTO);
	assert_string_equal(pair.here.text, "TLS: wrong version number");
	close(fd);
}

static void test_closed_during_handshake(void **state)
{
	close(pair_connect_to_socket("pool.example"));
	RUN_UNTIL(pair.here.closed);
	assert_int_equal(pair.here.reason, -ECONNRESET);
	assert_true(strstr(pair.here.text, "TLS handshake") != NULL ||
		    strstr(pair.here.text, "reset") != NULL);
}

static void test_handshake_timeout(void **state)
{
	clock_set(clock_mono_ns());
	int fd = pair_connect_to_socket("pool.example");

	RUN_UNTIL(pair.here.connection->connected);
	ends_run_idle();
	assert_int_equal(pair.here.closed, 0);
	clock_set(clock_mono_ns() + 6 * NS_PER_S);
	RUN_UNTIL(pair.here.closed);
	assert_int_equal(pair.here.reason, -ETIMEDOUT);
	assert_string_equal(pair.here.text, "TLS handshake timed out");
	close(fd);
}

// The first flight of a client, as bytes.
static size_t client_hello(char *bytes, size_t size)
{
	SSL *ssl = SSL_new(pair.client_tls->ssl);
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
		X509_up_ref(pair.ca.x509);
		SSL_CTX_add_extra_chain_cert(pair.server_tls->ssl, pair.ca.x509);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_int_equal(connect(fd, (struct sockaddr *)&options.peer, options.peer_len), 0);
	memset(bytes + len, 'x', 100);
	assert_int_equal(send(fd, bytes, len + 100, 0), len + 100);
	int accepted = accept_one(listening);

	setsockopt(accepted, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	options.tls = pair.server_tls;
	end_adopt(&pair.there, accepted, &options);
	RUN_UNTIL(pair.there.connection->deaf);
	assert_int_equal(pair.there.connection->watch.events, EPOLLOUT);
	for (int rounds = 0; rounds < 1000 && !pair.there.closed; rounds++) {
		recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		loop_run_once(ends_loop, NS_PER_MS);
	}
	assert_int_equal(pair.there.reason, -EPROTO); // then it sees the rest for what it is
	close(fd);
	close(listening);
}

// Junk in the middle of an open connection.
static void test_broken_record(void **state)
{
	pair_connect("pool.example");
	RUN_UNTIL(pair.here.opened && pair.there.opened);
	assert_int_equal(send(pair.there.connection->watch.fd,
			      "\x17\x03\x03\x00\x20"
			      "0123456789abcdef0123456789abcdef",
			      37, 0),
			 37);
	RUN_UNTIL(pair.here.closed);
	assert_int_equal(pair.here.reason, -EPROTO);
	assert_non_null(strstr(pair.here.text, "TLS: "));
}

static void test_reset_raises_no_signal(void **state)
{
	struct linger hard = {.l_onoff = 1};

	signal(SIGPIPE, SIG_DFL);
	pair_connect("pool.example");
	RUN_UNTIL(pair.here.opened && pair.there.opened);
	setsockopt(pair.there.connection->watch.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	pair.there.connection->peer_ended = true; // no close_notify
	end_close(&pair.there);
	connection_send(pair.here.connection, "a", 1);
	connection_send(pair.here.connection, "b", 1);
	RUN_UNTIL(pair.here.closed);
	assert_true(pair.here.reason == -ECONNRESET || pair.here.reason == -EPIPE);
}

static void test_input_is_bounded(void **state)
{
	struct connection_options options = options_of(CONNECTION_TLS);

	pair_connect("pool.example");
	RUN_UNTIL(pair.here.opened && pair.there.opened);
	pair.here.connection->receive.limit = 20000;
	pair.here.consume_nothing = true;
	assert_int_equal(connection_send(pair.there.connection, pair.block, sizeof(pair.block)), 0);
	RUN_UNTIL(pair.here.closed);
	assert_int_equal(pair.here.reason, -EMSGSIZE);
	assert_true(options.receive_limit > 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_garbage_instead_of_tls), PAIR_TEST(test_closed_during_handshake),
		PAIR_TEST(test_handshake_timeout),      PAIR_TEST(test_client_that_does_not_read),
		PAIR_TEST(test_broken_record),          PAIR_TEST(test_reset_raises_no_signal),
		PAIR_TEST(test_input_is_bounded),
	};

	return cmocka_run_group_tests_name("presence/net/tls_peers", tests, pair_make, pair_unmake);
}
