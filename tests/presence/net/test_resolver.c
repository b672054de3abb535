// SPDX-License-Identifier: Apache-2.0
// Targets in words, the order of SRV records, and questions to a name server of our own.
#include "presence/net/resolver.h"

#include "config/clock.h"
#include "ends.h"
#include "name_server.h"
#include "presence/net/resolver_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { A = 1, CNAME = 5, AAAA = 28, SRV = 33 };

static const struct name_record zone[] = {
	{"two.example", A, 300, "192.0.2.1"},
	{"two.example", A, 60, "192.0.2.2"},
	{"two.example", AAAA, 900, "2001:db8::2"},
	{"alias.example", CNAME, 20, "one.example"}, // followed by its target
	{"one.example", A, 300, "192.0.2.1"},
	{"pool.example", A, 1, "192.0.2.99"}, // not to be used: there is SRV
	{"_sip._tcp.pool.example", SRV, 120, "20 0 5070 one.example"},
	{"_sip._tcp.pool.example", SRV, 120, "10 0 5080 fe1.example"},
	{"_sip._tcp.pool.example", SRV, 120, "30 0 5090 gone.example"},
	{"_sip._udp.pool.example", SRV, 50, "10 0 5060 fe2.example"},
	{"_sips._tcp.secure.example", SRV, 120, "10 0 5061 fe1.example"},
	{"fe1.example", A, 300, "192.0.2.11"},
	{"fe2.example", A, 300, "192.0.2.12"},
	{"bare.example", A, 999999, "192.0.2.20"},
	{"none.example", A, 300, "192.0.2.21"},
	{"_sip._udp.none.example", SRV, 300, "0 0 0 ."},
	{"_sip._tcp.lost.example", SRV, 300, "0 0 5060 gone.example"},
	{"text.example", 16, 300, "x"},
	{NULL, 0, 0, NULL},
};

static struct name_server server;
static struct resolver *resolver;
static struct resolver_answer last;
static char last_text[400];
static int answers;

static int setup(void **state)
{
	if (ends_setup(state) != 0)
		return -1;
	name_server_start(&server, ends_loop, zone);
	resolver = resolver_new(ends_loop, server.address);
	answers = 0;
	return resolver == NULL;
}

static int teardown(void **state)
{
	resolver_free(resolver);
	name_server_stop(&server, ends_loop);
	clock_release();
	return ends_teardown(state);
}

static void noted(void *ctx, const struct resolver_answer *answer)
{
	answers++;
	last = *answer;
	snprintf(last_text, sizeof(last_text), "%s", answer->text);
}

static void ask(const char *uri)
{
	struct resolver_target target;

	assert_int_equal(resolver_target_parse(uri, &target), 0);
	answers = 0;
	resolver_ask(resolver, &target, noted, NULL);
	RUN_UNTIL(answers == 1);
}

static const char *kind_names[] = {"none", "udp", "tcp", "tls", "unix"};

// "192.0.2.1:5060/udp 192.0.2.2:..."
static const char *answer_text(void)
{
	static char text[2048];
	char host[INET6_ADDRSTRLEN];

	text[0] = '\0';
	for (unsigned int i = 0; i < last.count; i++) {
		const struct resolver_address *a = &last.address[i];
		const struct sockaddr_in *in = (const struct sockaddr_in *)&a->address;
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->address;
		bool v6 = a->address.ss_family == AF_INET6;

		inet_ntop(a->address.ss_family,
			  v6 ? (const void *)&in6->sin6_addr : (const void *)&in->sin_addr, host,
			  sizeof(host));
		assert_int_equal(a->len, v6 ? sizeof(*in6) : sizeof(*in));
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s:%u/%s",
			 i > 0 ? " " : "", host, ntohs(in->sin_port), kind_names[a->kind]);
	}
	return text;
}

static void test_target_parse(void **state)
{
	static const struct {
		const char *uri;
		int error;
		const char *host;
		uint16_t port;
		enum connection_kind kind;
		bool secure;
	} table[] = {
		{"sip:pool.example", 0, "pool.example", 0, CONNECTION_NONE, false},
		{"SIP:pool.example:5061;transport=TLS", 0, "pool.example", 5061, CONNECTION_TLS,
		 false},
		{"sip:192.0.2.1:5060;transport=udp", 0, "192.0.2.1", 5060, CONNECTION_UDP, false},
		{"sip:[2001:db8::1]:5060;lr;transport=tcp", 0, "2001:db8::1", 5060, CONNECTION_TCP,
		 false},
		{"sip:[2001:db8::1]", 0, "2001:db8::1", 0, CONNECTION_NONE, false},
		{"sips:pool.example", 0, "pool.example", 0, CONNECTION_NONE, true},
		{"sips:pool.example;transport=tcp", 0, "pool.example", 0, CONNECTION_TLS, true},
		{"sips:pool.example;transport=udp", -EINVAL, "", 0, 0, false},
		{"sip:user@pool.example", -EINVAL, "", 0, 0, false},
		{"pool.example", -EINVAL, "", 0, 0, false},
		{"tel:+4989", -EINVAL, "", 0, 0, false},
		{"sip:", -EINVAL, "", 0, 0, false},
		{"sip:;transport=tcp", -EINVAL, "", 0, 0, false},
		{"sip:pool.example:", -EINVAL, "", 0, 0, false},
		{"sip:pool.example:0", -EINVAL, "", 0, 0, false},
		{"sip:pool.example:65536", -EINVAL, "", 0, 0, false},
		{"sip:pool.example:50601234567890", -EINVAL, "", 0, 0, false},
		{"sip:pool.example:5060x", -EINVAL, "", 0, 0, false},
		{"sip:pool.example;transport=sctp", -EINVAL, "", 0, 0, false},
		{"sip:pool.example?Subject=x", -EINVAL, "", 0, 0, false},
		{"sip:[2001:db8::1", -EINVAL, "", 0, 0, false},
		{"sip:[pool.example]", -EINVAL, "", 0, 0, false},
		{"sip:[::g]", -EINVAL, "", 0, 0, false},
		{"sip:pool example", -EINVAL, "", 0, 0, false},
	};
	static char longest[400] = "sip:";
	struct resolver_target target;

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		print_message("%s\n", table[i].uri);
		assert_int_equal(resolver_target_parse(table[i].uri, &target), table[i].error);
		if (table[i].error != 0)
			continue;
		assert_string_equal(target.host, table[i].host);
		assert_int_equal(target.port, table[i].port);
		assert_int_equal(target.kind, table[i].kind);
		assert_int_equal(target.secure, table[i].secure);
	}
	memset(longest + 4, 'a', 256);
	assert_int_equal(resolver_target_parse(longest, &target), -EINVAL);
	longest[4 + 255] = '\0';
	assert_int_equal(resolver_target_parse(longest, &target), 0);
}

static void test_answers(void **state)
{
	static const struct {
		const char *uri, *expect;
		uint64_t ttl_s;
		int error;
		const char *text;
	} table[] = {
		{"sip:192.0.2.7", "192.0.2.7:5060/udp", 0, 0, ""},
		{"sip:192.0.2.7;transport=tls", "192.0.2.7:5061/tls", 0, 0, ""},
		{"sips:[2001:db8::7]:5099", "2001:db8::7:5099/tls", 0, 0, ""},
		{"sip:one.example:5062", "192.0.2.1:5062/udp", 300, 0, ""},
		{"sip:alias.example:5062;transport=tcp", "192.0.2.1:5062/tcp", 20, 0, ""},
		{"sip:pool.example;transport=tcp", "192.0.2.11:5080/tcp 192.0.2.1:5070/tcp", 120, 0,
		 ""},
		{"sip:pool.example;transport=udp", "192.0.2.12:5060/udp", 50, 0, ""},
		{"sip:pool.example", "192.0.2.11:5080/tcp 192.0.2.1:5070/tcp", 120, 0, ""},
		{"sip:secure.example", "192.0.2.11:5061/tls", 120, 0, ""},
		{"sips:secure.example", "192.0.2.11:5061/tls", 120, 0, ""},
		{"sip:pool.example:5060", "192.0.2.99:5060/udp", 5, 0, ""}, // TTL 1 s
		{"sip:bare.example", "192.0.2.20:5060/udp", 3600, 0, ""},
		{"sip:bare.example;transport=tls", "192.0.2.20:5061/tls", 3600, 0, ""},
		{"sip:none.example;transport=udp", "", 10, -ENOENT,
		 "none.example: offers no SIP service (SRV)"},
		{"sip:nowhere.example:5060", "", 10, -ENOENT, "nowhere.example: no such name"},
		{"sip:nowhere.example", "", 10, -ENOENT, "nowhere.example: no such name"},
		{"sip:text.example:5060", "", 10, -ENOENT, "text.example: no address"},
		{"sip:lost.example;transport=tcp", "", 10, -ENOENT, "lost.example: no such name"},
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		print_message("%s\n", table[i].uri);
		clock_set(clock_mono_ns());
		ask(table[i].uri);
		assert_int_equal(last.error, table[i].error);
		assert_string_equal(last_text, table[i].text);
		assert_string_equal(answer_text(), table[i].expect);
		if (table[i].ttl_s == 0)
			assert_int_equal(last.good_until_ns, UINT64_MAX);
		else
			assert_int_equal(last.good_until_ns,
					 clock_mono_ns() + table[i].ttl_s * NS_PER_S);
		clock_release();
	}
}

static void test_both_families(void **state)
{
	ask("sip:two.example:5060;transport=tls");
	assert_int_equal(last.count, 3);
	assert_non_null(strstr(answer_text(), "192.0.2.1:5060/tls"));
	assert_non_null(strstr(answer_text(), "192.0.2.2:5060/tls"));
	assert_non_null(strstr(answer_text(), "2001:db8::2:5060/tls"));
	for (unsigned int i = 0; i < last.count; i++)
		assert_string_equal(last.address[i].name, "two.example");
}

// Names of this machine need no server; c-ares calls back from within the question.
static void test_localhost(void **state)
{
	struct resolver_target target;

	assert_int_equal(resolver_target_parse("sip:localhost:5070;transport=tcp", &target), 0);
	resolver_ask(resolver, &target, noted, NULL);
	assert_int_equal(answers, 1);
	assert_int_equal(server.questions, 0);
	assert_non_null(strstr(answer_text(), "127.0.0.1:5070/tcp"));
}

// The name to verify is the one in the settings, wherever SRV points.
static void test_name_is_what_was_asked(void **state)
{
	ask("sips:secure.example");
	assert_string_equal(last.address[0].name, "secure.example");
}

static void test_silent_server(void **state)
{
	struct resolver_target target;

	server.silent = true;
	clock_set(clock_mono_ns());
	assert_int_equal(resolver_target_parse("sip:pool.example", &target), 0);
	resolver_ask(resolver, &target, noted, NULL);
	RUN_UNTIL(server.questions > 0);
	assert_int_equal(answers, 0);
	clock_set(clock_mono_ns() + 10 * NS_PER_S + NS_PER_MS);
	RUN_UNTIL(answers == 1);
	assert_int_equal(last.error, -ETIMEDOUT);
	assert_string_equal(last_text, "pool.example: no answer from DNS");
}

static void test_free_cancels(void **state)
{
	struct resolver_target target;

	server.silent = true;
	resolver_target_parse("sip:pool.example", &target);
	resolver_ask(resolver, &target, noted, NULL);
	resolver_target_parse("sip:one.example:5060", &target);
	resolver_ask(resolver, &target, noted, NULL);
	ends_run_idle();
	resolver_free(resolver);
	resolver = NULL;
	assert_int_equal(answers, 2);
	assert_int_equal(last.error, -ECANCELED);
}

static void test_server_failure(void **state)
{
	server.code = 2; // SERVFAIL: not the same as "no SRV"
	ask("sip:pool.example");
	assert_true(last.error < 0);
	assert_int_equal(last.count, 0);
	server.code = 0;
	server.garbage = true;
	ask("sip:pool.example;transport=tcp");
	assert_true(last.error < 0);
	ask("sip:one.example:5060");
	assert_true(last.error < 0);
}

static void test_bad_servers(void **state)
{
	assert_null(resolver_new(ends_loop, "no server"));
	assert_int_equal(errno, EINVAL);
}

static void test_srv_order(void **state)
{
	static const struct srv_record given[] = {
		{20, 0, 1, "d"},
		{10, 1, 1, "b"},
		{10, 3, 1, "a"},
		{10, 0, 1, "z"},
	};
	struct srv_record records[4];
	uint64_t random = 20261120;
	int first_a = 0, first_b = 0, first_z = 0;

	for (int round = 0; round < 10000; round++) {
		memcpy(records, given, sizeof(given));
		srv_order(records, 4, &random);
		assert_string_equal(records[3].host, "d");
		first_a += records[0].host[0] == 'a';
		first_b += records[0].host[0] == 'b';
		first_z += records[0].host[0] == 'z';
	}
	// Lots 0 to 4: 0 is z's, 1 b's, 2 to 4 a's (RFC 2782's procedure).
	assert_int_equal(first_a + first_b + first_z, 10000);
	assert_in_range(first_z, 1800, 2200);
	assert_in_range(first_b, 1800, 2200);
	assert_in_range(first_a, 5700, 6300);
}

// Bytes of an answer with two SRV records, cut off and damaged everywhere. What comes out is in
// bounds; the sanitizers watch the rest.
static void test_srv_parse_damaged(void **state)
{
	static const unsigned char packet[] =
		"\x12\x34\x81\x80\0\1\0\2\0\0\0\0"
		"\x04_sip\x04_tcp\x04pool\x07"
		"example\0\0\x21\0\1"
		"\xc0\x0c\0\x21\0\1\0\0\0\x3c\0\x0c\0\x0a\0\5\x13\xc4\x03"
		"fe1\xc0\x16"
		"\xc0\x0c\0\x21\0\1\0\0\0\x78\0\x0c\0\x14\0\5\x13\xce\x03"
		"fe2\xc0\x16";
	const int len = sizeof(packet) - 1;
	struct srv_answer answer;
	uint64_t random = 20261120;

	assert_int_equal(srv_parse(packet, len, &answer), 0);
	assert_int_equal(answer.count, 2);
	assert_int_equal(answer.ttl_s, 60);
	assert_string_equal(answer.record[1].host, "fe2.pool.example");
	assert_int_equal(answer.record[1].port, 5070);
	print_message("seed %llu\n", (unsigned long long)random);
	for (int cut = 0; cut < len; cut++) {
		unsigned char *copy = malloc((size_t)cut + 1);

		memcpy(copy, packet, (size_t)cut);
		assert_true(srv_parse(copy, cut, &answer) < 0);
		free(copy);
	}
	for (int round = 0; round < 20000; round++) {
		unsigned char *copy = malloc((size_t)len);

		memcpy(copy, packet, (size_t)len);
		for (int i = 0; i <= round % 4; i++) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
			copy[(random >> 33) % (unsigned int)len] = (unsigned char)(random >> 24);
		}
		if (srv_parse(copy, len, &answer) == 0)
			assert_true(answer.count <= RESOLVER_ADDRESSES);
		free(copy);
	}
}

// More records than there are places: the best priorities stay.
static void test_srv_parse_many(void **state)
{
	static unsigned char packet[4096] = "\x12\x34\x81\x80\0\1\0\x28\0\0\0\0"
					    "\x04pool\0\0\x21\0\1";
	static const unsigned char record[] = "\xc0\x0c\0\x21\0\1\0\0\0\x3c\0\x0a"
					      "\0\0\0\0\x13\xc4\2fe\0";
	struct srv_answer answer;
	uint64_t random = 1;
	int len = 12 + 10;

	for (int i = 0; i < 40; i++) {
		memcpy(packet + len, record, sizeof(record) - 1);
		packet[len + 13] = (unsigned char)((i * 7) % 40); // all priorities, mixed
		len += (int)sizeof(record) - 1;
	}
	assert_int_equal(srv_parse(packet, len, &answer), 0);
	assert_int_equal(answer.count, RESOLVER_ADDRESSES);
	srv_order(answer.record, answer.count, &random);
	for (unsigned int i = 0; i < answer.count; i++)
		assert_int_equal(answer.record[i].priority, i);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_target_parse),
		cmocka_unit_test(test_srv_order),
		cmocka_unit_test(test_srv_parse_damaged),
		cmocka_unit_test(test_srv_parse_many),
		TEST(test_answers),
		TEST(test_both_families),
		TEST(test_localhost),
		TEST(test_name_is_what_was_asked),
		TEST(test_silent_server),
		TEST(test_free_cancels),
		TEST(test_server_failure),
		TEST(test_bad_servers),
	};

	return cmocka_run_group_tests_name("presence/net/resolver", tests, NULL, NULL);
}
