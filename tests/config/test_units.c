// SPDX-License-Identifier: Apache-2.0
// Texts with units: what they mean, and what means nothing.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/units.h"

enum { UNTOUCHED = 12345 };

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t ns;
	} cases[] = {
		{"off", 0, 0},
		{"0", 0, 0},
		{"0s", 0, 0},
		{"100us", 0, 100000},
		{"2ms", 0, 2000000},
		{"5s", 0, UINT64_C(5000000000)},
		{"30m", 0, UINT64_C(1800000000000)},
		{"2h", 0, UINT64_C(7200000000000)},
		{"1d", 0, UINT64_C(86400000000000)},
		{"213503d", 0, UINT64_C(213503) * 86400 * 1000000000},
		{"213504d", -ERANGE, UNTOUCHED},
		{"18446744073709551615us", -ERANGE, UNTOUCHED},
		{"18446744073709551616s", -ERANGE, UNTOUCHED},
		{"600", -EINVAL, UNTOUCHED},
		{"", -EINVAL, UNTOUCHED},
		{"s", -EINVAL, UNTOUCHED},
		{"1.5s", -EINVAL, UNTOUCHED},
		{"-1s", -EINVAL, UNTOUCHED},
		{"+1s", -EINVAL, UNTOUCHED},
		{"1 s", -EINVAL, UNTOUCHED},
		{" 1s", -EINVAL, UNTOUCHED},
		{"1s ", -EINVAL, UNTOUCHED},
		{"1S", -EINVAL, UNTOUCHED},
		{"1sec", -EINVAL, UNTOUCHED},
		{"1m30s", -EINVAL, UNTOUCHED},
		{"0x10s", -EINVAL, UNTOUCHED},
		{"OFF", -EINVAL, UNTOUCHED},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ns = UNTOUCHED;
		int rc = units_duration_ns(cases[i].text, &ns);

		if (rc != cases[i].rc || ns != cases[i].ns)
			print_error("`%s`: %d %llu\n", cases[i].text, rc, (unsigned long long)ns);
		assert_int_equal(rc, cases[i].rc);
		assert_true(ns == cases[i].ns);
	}
}

static void test_duration_texts(void **state)
{
	static const char *const texts[] = {"0",  "1us", "999us", "1ms", "64s", "1m",
					    "5m", "90s", "2h",    "25h", "1d",  "30d"};
	char text[32];
	uint64_t ns;

	for (unsigned int i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(units_duration_ns(texts[i], &ns), 0);
		units_duration_text(ns, text, sizeof(text));
		assert_string_equal(text, texts[i]);
	}
	units_duration_text(UINT64_C(600000000000), text, sizeof(text));
	assert_string_equal(text, "10m");
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t bytes;
	} cases[] = {
		{"0", 0, 0},
		{"4096", 0, 4096},
		{"64k", 0, 65536},
		{"16M", 0, 16777216},
		{"2G", 0, UINT64_C(2147483648)},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, UNTOUCHED},
		{"17179869184G", -ERANGE, UNTOUCHED},
		{"", -EINVAL, UNTOUCHED},
		{"64K", -EINVAL, UNTOUCHED},
		{"64kB", -EINVAL, UNTOUCHED},
		{"1T", -EINVAL, UNTOUCHED},
		{"k", -EINVAL, UNTOUCHED},
		{"-1", -EINVAL, UNTOUCHED},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = UNTOUCHED;

		assert_int_equal(units_size(cases[i].text, &bytes), cases[i].rc);
		assert_true(bytes == cases[i].bytes);
	}
}

static void test_rates(void **state)
{
	double rate = UNTOUCHED;

	assert_int_equal(units_rate("500", &rate), -EINVAL);
	assert_int_equal(units_rate("500/h", &rate), -EINVAL);
	assert_int_equal(units_rate("/s", &rate), -EINVAL);
	assert_int_equal(units_rate("99999999999999999999/s", &rate), -ERANGE);
	assert_true(rate == UNTOUCHED);
	assert_int_equal(units_rate("500/s", &rate), 0);
	assert_true(rate == 500);
	assert_int_equal(units_rate("6000/m", &rate), 0);
	assert_true(rate == 100);
}

static void test_bools(void **state)
{
	static const char *const yes[] = {"yes", "on", "true"}, *const no[] = {"no", "off",
									       "false"};
	bool value;

	for (unsigned int i = 0; i < 3; i++) {
		value = false;
		assert_int_equal(units_bool(yes[i], &value), 0);
		assert_true(value);
		assert_int_equal(units_bool(no[i], &value), 0);
		assert_false(value);
	}
	assert_int_equal(units_bool("1", &value), -EINVAL);
	assert_int_equal(units_bool("Yes", &value), -EINVAL);
	assert_int_equal(units_bool("", &value), -EINVAL);
}

static void test_cores(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t mask;
	} cases[] = {
		{"auto", 0, 0},
		{"0", 0, 1},
		{"1", 0, 2},
		{"2-3", 0, 12},
		{"1,3-5", 0, 0x3a},
		{"1, 3-5", 0, 0x3a},
		{"63", 0, UINT64_C(1) << 63},
		{"0-63", 0, UINT64_MAX},
		{"64", -ERANGE, UNTOUCHED},
		{"0-64", -ERANGE, UNTOUCHED},
		{"3-1", -EINVAL, UNTOUCHED},
		{"", -EINVAL, UNTOUCHED},
		{"1,", -EINVAL, UNTOUCHED},
		{"1-", -EINVAL, UNTOUCHED},
		{"1;2", -EINVAL, UNTOUCHED},
		{"all", -EINVAL, UNTOUCHED},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t mask = UNTOUCHED;

		assert_int_equal(units_cores(cases[i].text, &mask), cases[i].rc);
		assert_true(mask == cases[i].mask);
	}
}

static void test_prefixes(void **state)
{
	static const struct {
		const char *text;
		int rc, family;
		unsigned int bits;
	} cases[] = {
		{"10.0.0.0/8", 0, AF_INET, 8},       {"192.0.2.1", 0, AF_INET, 32},
		{"0.0.0.0/0", 0, AF_INET, 0},        {"2001:db8::/32", 0, AF_INET6, 32},
		{"::1", 0, AF_INET6, 128},           {"10.0.0.0/33", -ERANGE, 0, UNTOUCHED},
		{"::/129", -ERANGE, 0, UNTOUCHED},   {"10.0.0.0/", -EINVAL, 0, UNTOUCHED},
		{"10.0.0/8", -EINVAL, 0, UNTOUCHED}, {"10.0.0.0/8x", -EINVAL, 0, UNTOUCHED},
		{"example", -EINVAL, 0, UNTOUCHED},  {"", -EINVAL, 0, UNTOUCHED},
		{"/8", -EINVAL, 0, UNTOUCHED},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sockaddr_storage address = {.ss_family = 0};
		unsigned int bits = UNTOUCHED;

		assert_int_equal(units_prefix(cases[i].text, &address, &bits), cases[i].rc);
		assert_int_equal(address.ss_family, cases[i].family);
		assert_int_equal(bits, cases[i].bits);
	}
}

static void test_endpoints(void **state)
{
	static const char *const wrong[] = {"",
					    "9464",
					    "127.0.0.1",
					    "127.0.0.1:",
					    "127.0.0.1:65536",
					    "127.0.0.1:1x",
					    "localhost:80",
					    "::1:80",
					    "[::1]80",
					    "[::1:80",
					    "[]:80",
					    "[127.0.0.1]:80"};
	struct sockaddr_storage address;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
	socklen_t len;

	assert_int_equal(units_endpoint("127.0.0.1:9464", &address, &len), 0);
	assert_int_equal(len, sizeof(*v4));
	assert_int_equal(v4->sin_family, AF_INET);
	assert_int_equal(ntohs(v4->sin_port), 9464);
	assert_int_equal(ntohl(v4->sin_addr.s_addr), 0x7f000001);
	assert_int_equal(units_endpoint("[::1]:0", &address, &len), 0);
	assert_int_equal(len, sizeof(*v6));
	assert_int_equal(v6->sin6_port, 0);
	assert_true(IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr));
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_not_equal(units_endpoint(wrong[i], &address, &len), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations), cmocka_unit_test(test_duration_texts),
		cmocka_unit_test(test_sizes),     cmocka_unit_test(test_rates),
		cmocka_unit_test(test_bools),     cmocka_unit_test(test_cores),
		cmocka_unit_test(test_prefixes),  cmocka_unit_test(test_endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
