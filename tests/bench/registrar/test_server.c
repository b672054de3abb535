// SPDX-License-Identifier: Apache-2.0
// The bench's registrar on its sockets, polled by the test itself: datagrams, streams cut anywhere,
// pings, TLS with and without the right client, two thousand connections, late answers in order.
#include "bench/registrar/server.h"
#include "config/clock.h"
#include "tests/bench/registrar/publish.h"
#include "tests/presence/net/certificates.h"

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static struct server *server;
static char text[PUBLISH_TEXT];

static void begin(struct server_options options)
{
	if (options.certificate == NULL)
		options.tls_port = -1;
	options.service.compositor = (struct compositor_options){
		.max_expires_s = 600, .events = "presence", .epoch = 7};
	server = server_new(&options);
	assert_non_null(server);
}

static int end(void **state)
{
	(void)state;
	server_free(server);
	server = NULL;
	return 0;
}

static int dial(int type, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, type, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

// What has come once `wanted` is in it; polls the server meanwhile, for ten seconds at most.
static char *hear(int fd, const char *wanted)
{
	static char heard[65536];
	size_t len = 0;

	heard[0] = '\0';
	for (int i = 0; i < 10000 && strstr(heard, wanted) == NULL; i++) {
		ssize_t n;

		server_poll(server, 1, NULL);
		n = recv(fd, heard + len, sizeof(heard) - 1 - len, MSG_DONTWAIT);
		if (n == 0)
			break;
		if (n > 0)
			len += (size_t)n;
		heard[len] = '\0';
	}
	return heard;
}

static bool hears_end(int fd)
{
	char octet[4096];

	for (int i = 0; i < 10000; i++) {
		ssize_t n;

		server_poll(server, 1, NULL);
		n = recv(fd, octet, sizeof(octet), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return true;
	}
	return false;
}

static struct compositor_counts *counts(void)
{
	return compositor_counts(service_compositor(server_service(server)));
}

static void test_datagrams(void **state)
{
	const struct publish publish = {.via = "SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKu"};
	char *heard, expected[128];
	struct sockaddr_in own;
	socklen_t own_len = sizeof(own);
	size_t len;
	int fd;

	(void)state;
	begin((struct server_options){0});
	fd = dial(SOCK_DGRAM, server_port(server));
	getsockname(fd, (struct sockaddr *)&own, &own_len);
	len = publish_text(&publish, text);
	send(fd, "\r\n\r\n", 4, 0);
	send(fd, text, len, 0);
	heard = hear(fd, "\r\n\r\n");
	snprintf(expected, sizeof(expected), ";rport=%d;branch=z9hG4bKu;received=127.0.0.1;",
		 ntohs(own.sin_port));
	assert_non_null(strstr(heard, "SIP/2.0 200 OK\r\n"));
	assert_non_null(strstr(heard, expected));
	close(fd);
}

// Octet by octet, then three at once with line ends and a ping between them.
static void test_streams(void **state)
{
	char all[4 * PUBLISH_TEXT];
	size_t len, at;
	int fd;

	(void)state;
	begin((struct server_options){0});
	fd = dial(SOCK_STREAM, server_port(server));
	len = publish_text(&(struct publish){.user = "sip:a@sfb.example"}, text);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(send(fd, text + i, 1, 0), 1);
		server_poll(server, 0, NULL);
	}
	assert_non_null(strstr(hear(fd, "\r\n\r\n"), "SIP/2.0 200 OK"));
	at = publish_text(&(struct publish){.user = "sip:b@sfb.example"}, all);
	at += (size_t)sprintf(all + at, "\r\n\r\n");
	at += publish_text(&(struct publish){.user = "sip:c@sfb.example"}, all + at);
	at += (size_t)sprintf(all + at, "\r\n");
	at += publish_text(
		&(struct publish){.user = "sip:d@sfb.example", .extra = "X-Last: yes\r\n"},
		all + at);
	assert_int_equal(send(fd, all, at, 0), at);
	assert_non_null(strstr(hear(fd, "SIP-ETag: 7-3-4"), "\r\n\r\n\r\nSIP/2.0 200 OK"));
	assert_int_equal(compositor_people(service_compositor(server_service(server)))->busy, 4);
	close(fd);
}

static void test_lost_stream(void **state)
{
	int fd;

	(void)state;
	begin((struct server_options){0});
	fd = dial(SOCK_STREAM, server_port(server));
	send(fd, "PUBLISH sip:a@b SIP/2.0\r\n\r\n", 27, 0);
	assert_true(hears_end(fd));
	assert_int_equal(counts()->complaint[COMPLAINT_NO_LENGTH], 1);
	close(fd);
}

static void test_many_connections(void **state)
{
	enum { MANY = 2000 };
	static int fd[MANY];
	struct server_totals totals;
	struct rlimit files;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max; // both ends are here
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	begin((struct server_options){0});
	for (int i = 0; i < MANY; i++) {
		char user[64];
		size_t len;

		fd[i] = dial(SOCK_STREAM, server_port(server));
		snprintf(user, sizeof(user), "sip:user%d@sfb.example", i);
		len = publish_text(&(struct publish){.user = user}, text);
		assert_int_equal(send(fd[i], text, len, 0), len);
		if (i % 100 == 0)
			server_poll(server, 0, NULL);
	}
	for (int i = 0; i < MANY; i++) {
		assert_non_null(strstr(hear(fd[i], "\r\n\r\n"), "SIP/2.0 200 OK"));
	}
	server_totals(server, &totals);
	assert_int_equal(totals.connections_now, MANY);
	assert_int_equal(compositor_people(service_compositor(server_service(server)))->busy, MANY);
	for (int i = 0; i < MANY; i++)
		close(fd[i]);
	for (int i = 0; i < 10000 && totals.connections_now > 0; i++) {
		server_poll(server, 1, NULL);
		server_totals(server, &totals);
	}
	assert_int_equal(totals.connections_now, 0);
}

static void test_late_answers(void **state)
{
	struct server_options options = {
		.service = {.latency = {SPREAD_UNIFORM, 20 * NS_PER_MS, 60 * NS_PER_MS}}};
	uint64_t start = clock_mono_ns();
	char all[8 * PUBLISH_TEXT];
	size_t at = 0;
	int fd;

	(void)state;
	begin(options);
	fd = dial(SOCK_STREAM, server_port(server));
	for (int i = 0; i < 8; i++) {
		char user[64];

		snprintf(user, sizeof(user), "sip:user%d@sfb.example", i);
		at += publish_text(&(struct publish){.user = user}, all + at);
	}
	assert_int_equal(send(fd, all, at, 0), at);
	for (int i = 0; i < 8; i++) {
		char tag[32];
		char peeked[65536];
		ssize_t n = 0;

		// Peeked at, so that all can be looked for in any order.
		snprintf(tag, sizeof(tag), "SIP-ETag: 7-%d-", i);
		for (int k = 0; k < 10000; k++) {
			server_poll(server, 1, NULL);
			n = recv(fd, peeked, sizeof(peeked) - 1, MSG_DONTWAIT | MSG_PEEK);
			peeked[n > 0 ? n : 0] = '\0';
			if (strstr(peeked, tag) != NULL)
				break;
		}
		assert_non_null(strstr(peeked, tag));
	}
	assert_true(clock_mono_ns() - start >= 20 * NS_PER_MS);
	// One that goes before its answer is due.
	at = publish_text(&(struct publish){.user = "sip:gone@sfb.example"}, text);
	send(fd, text, at, 0);
	while (compositor_people(service_compositor(server_service(server)))->busy < 9)
		server_poll(server, 1, NULL);
	close(fd);
	for (struct server_totals totals = {.waiting = 1}; totals.waiting > 0;) {
		server_poll(server, 1, NULL);
		server_totals(server, &totals);
	}
}

static bool tls_handshake(SSL *tls)
{
	for (int i = 0; i < 10000; i++) {
		int result = SSL_connect(tls), error;

		if (result == 1)
			return true;
		error = SSL_get_error(tls, result);
		if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
			return false;
		server_poll(server, 1, NULL);
	}
	return false;
}

// With TLS 1.3 a client hears of its refusal only after its handshake.
static bool tls_publish(const struct certificate *client)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int fd = dial(SOCK_STREAM, server_tls_port(server)), n = -1;
	char heard[4096] = "";
	SSL *tls;
	bool good;

	if (client != NULL) {
		SSL_CTX_use_certificate(context, client->x509);
		SSL_CTX_use_PrivateKey(context, client->key);
	}
	tls = SSL_new(context);
	BIO_socket_nbio(fd, 1);
	SSL_set_fd(tls, fd);
	good = tls_handshake(tls);
	if (good) {
		size_t len = publish_text(
			&(struct publish){.via = "SIP/2.0/TLS 10.0.0.1:5061;branch=z9hG4bKt;alias"},
			text);

		SSL_write(tls, text, (int)len);
		for (int i = 0; i < 10000 && n <= 0; i++) {
			server_poll(server, 1, NULL);
			n = SSL_read(tls, heard, sizeof(heard) - 1);
			if (n <= 0 && SSL_get_error(tls, n) != SSL_ERROR_WANT_READ)
				break;
		}
		good = n > 0 && strncmp(heard, "SIP/2.0 200 OK", 14) == 0;
	}
	SSL_free(tls);
	SSL_CTX_free(context);
	close(fd);
	return good;
}

static void test_tls(void **state)
{
	struct certificate authority, own, client;

	(void)state;
	certificates_start();
	certificate_make(&authority, &(struct certificate_request){.name = "authority",
								   .from_s = -60,
								   .until_s = 3600,
								   .authority = 1});
	certificate_make(&own, &(struct certificate_request){.name = "server",
							     .issuer = &authority,
							     .from_s = -60,
							     .until_s = 3600});
	certificate_make(&client, &(struct certificate_request){.name = "client",
								.issuer = &authority,
								.from_s = -60,
								.until_s = 3600});
	begin((struct server_options){.certificate = own.certificate_file, .key = own.key_file});
	assert_true(tls_publish(NULL));
	server_free(server);
	begin((struct server_options){.certificate = own.certificate_file,
				      .key = own.key_file,
				      .client_ca = authority.certificate_file});
	assert_true(tls_publish(&client));
	assert_false(tls_publish(NULL));
	certificate_free(&client);
	certificate_free(&own);
	certificate_free(&authority);
	certificates_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_datagrams, end),
		cmocka_unit_test_teardown(test_streams, end),
		cmocka_unit_test_teardown(test_lost_stream, end),
		cmocka_unit_test_teardown(test_many_connections, end),
		cmocka_unit_test_teardown(test_late_answers, end),
		cmocka_unit_test_teardown(test_tls, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
