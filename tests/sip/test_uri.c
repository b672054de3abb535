// SPDX-License-Identifier: Apache-2.0
#include "sip/uri.h"

#include <errno.h>

#include "sip/line_index.h"
#include "tests/sip/sip_test.h"

static const struct {
	const char *text;
	int ret;
	enum sip_scheme scheme;
	const char *user, *host;
	uint16_t port;
	const char *parameters;
} cases[] = {
	{"sip:alice@example.com", 0, SIP_SCHEME_SIP, "alice", "example.com", 0, ""},
	{"SIPS:alice@example.com:5061", 0, SIP_SCHEME_SIPS, "alice", "example.com", 5061, ""},
	{"sip:example.com", 0, SIP_SCHEME_SIP, "", "example.com", 0, ""},
	{"sip:a:secret@h", 0, SIP_SCHEME_SIP, "a", "h", 0, ""},
	{"sip:+4930123@h;user=phone;x", 0, SIP_SCHEME_SIP, "+4930123", "h", 0, "user=phone;x"},
	{"sip:a@h:5070;lr?Subject=x", 0, SIP_SCHEME_SIP, "a", "h", 5070, "lr"},
	{"sip:a@h?Subject=a;b", 0, SIP_SCHEME_SIP, "a", "h", 0, ""},
	{"sip:user;par=u%40example.net@example.com", 0, SIP_SCHEME_SIP, "user;par=u%40example.net",
	 "example.com", 0, ""},
	{"sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too."
	 "(doesn't-it)@example.com",
	 0, SIP_SCHEME_SIP, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*", "example.com", 0,
	 ""},
	{"sip:a@[2001:db8::10]", 0, SIP_SCHEME_SIP, "a", "[2001:db8::10]", 0, ""},
	{"sip:[2001:db8::10]:5070", 0, SIP_SCHEME_SIP, "", "[2001:db8::10]", 5070, ""},
	{"sip:[2001:db8::10:5070]", 0, SIP_SCHEME_SIP, "", "[2001:db8::10:5070]", 0, ""},
	{"sip:a@[::ffff:192.0.2.1];lr", 0, SIP_SCHEME_SIP, "a", "[::ffff:192.0.2.1]", 0, "lr"},
	{"sip:2001:db8::10", -EINVAL, 0, "", "", 0, ""},
	{"sip:a@[2001:db8::1", -EINVAL, 0, "", "", 0, ""},
	{"sip:a@[]", -EINVAL, 0, "", "", 0, ""},
	{"sip:a@[fe80::1%eth0]", -EINVAL, 0, "", "", 0, ""},
	{"sip:a@h:0", -EINVAL, 0, "", "", 0, ""},
	{"sip:a@h:65535", 0, SIP_SCHEME_SIP, "a", "h", 65535, ""},
	{"sip:a@h:65536", -EINVAL, 0, "", "", 0, ""},
	{"sip:a@h:", -EINVAL, 0, "", "", 0, ""},
	{"sip:a@h:5o", -EINVAL, 0, "", "", 0, ""},
	{"sip:@h", -EINVAL, 0, "", "", 0, ""},
	{"sip::secret@h", -EINVAL, 0, "", "", 0, ""},
	{"sip:a@", -EINVAL, 0, "", "", 0, ""},
	{"sip:a@b@c", -EINVAL, 0, "", "", 0, ""},
	{"sip:a@h h", -EINVAL, 0, "", "", 0, ""},
	{"sip:a@h>", -EINVAL, 0, "", "", 0, ""},
	{"sip:", -EINVAL, 0, "", "", 0, ""},
	{"alice@example.com", -EINVAL, 0, "", "", 0, ""},
	{"", -EINVAL, 0, "", "", 0, ""},
	{"tel:+1-201-555-0123", 0, SIP_SCHEME_TEL, "+1-201-555-0123", "", 0, ""},
	{"tel:7042;phone-context=example.com", 0, SIP_SCHEME_TEL, "7042", "", 0,
	 "phone-context=example.com"},
	{"tel:alice", -EINVAL, 0, "", "", 0, ""},
	{"tel:;x", -EINVAL, 0, "", "", 0, ""},
	{"isbn:2983792873", 0, SIP_SCHEME_OTHER, "", "", 0, ""},
	{"soap.beep://192.0.2.103:3002", 0, SIP_SCHEME_OTHER, "", "", 0, ""},
	{"1sip:a@h", -EINVAL, 0, "", "", 0, ""},
};

static void test_parse(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].text);
		char *copy = exact_copy(cases[i].text, len);
		struct sip_uri uri;

		if (sip_uri_parse(copy, len, &uri) != cases[i].ret)
			fail_msg("%s", cases[i].text);
		if (cases[i].ret == 0) {
			assert_int_equal(uri.scheme, cases[i].scheme);
			assert_slice(copy, uri.user, cases[i].user, cases[i].text);
			assert_slice(copy, uri.host, cases[i].host, cases[i].text);
			assert_int_equal(uri.port, cases[i].port);
			assert_slice(copy, uri.parameters, cases[i].parameters, cases[i].text);
		}
		free(copy);
	}
}

static void check_agrees(const char *text, size_t len)
{
	char *copy = exact_copy(text, len);
	struct sip_uri uri, expect;
	int expect_ret = sip_uri_parse_reference(copy, len, &expect);

	for (int kernel = LINE_KERNEL_SCALAR; kernel < LINE_KERNEL_COUNT; kernel++) {
		if (line_index_select(kernel) != 0)
			continue;
		if (sip_uri_parse(copy, len, &uri) != expect_ret ||
		    (expect_ret == 0 &&
		     (uri.scheme != expect.scheme || uri.port != expect.port ||
		      memcmp(&uri.user, &expect.user, sizeof(uri.user)) != 0 ||
		      memcmp(&uri.host, &expect.host, sizeof(uri.host)) != 0 ||
		      memcmp(&uri.parameters, &expect.parameters, sizeof(uri.host)) != 0)))
			fail_msg("%s: %.*s", line_kernel_name(kernel), (int)len, text);
	}
	line_index_select(LINE_KERNEL_AUTO);
	free(copy);
}

// Usual URIs of every length, with every octet at every place, and with more than one wrong.
static void test_kernels_agree(void **state)
{
	static const char *const usual[] = {
		"sip:alice@example.com",
		"sip:+49891234567@sbc-7.example.com:5061;transport=tls;user=phone",
		"SIP:bob:secret@198.51.100.17:65535;lr?Subject=x&Priority=urgent",
		"sip:a@[2001:db8:8::17]:5060;tgrp=trunk;trunk-context=x.example.",
		"sips:conference.7@a_host.a-long-name.of.a.subdomain.example.com",
	};
	static const char alphabet[] = "@:;?[]a0.-_@:5,=<> \"\x7f\x80/`{Gg";
	uint64_t random = test_seed();

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		char text[80];

		for (size_t len = 0; len <= strlen(usual[i]); len++) {
			check_agrees(usual[i], len);
			for (int c = 0; c < 256 && len < strlen(usual[i]); c++) {
				strcpy(text, usual[i]);
				text[len] = (char)c;
				check_agrees(text, strlen(usual[i]));
			}
		}
		for (int round = 0; round < 20000; round++) {
			strcpy(text, usual[i]);
			for (int k = 0; k < 3; k++) {
				uint64_t pick = next_random(&random);

				text[pick % strlen(usual[i])] =
					alphabet[(pick >> 16) % (sizeof(alphabet) - 1)];
			}
			check_agrees(text, next_random(&random) % (strlen(usual[i]) + 1));
		}
	}
}

static void test_octets_that_no_uri_has(void **state)
{
	for (int c = 0; c < 0x80; c++) {
		char text[] = "sip:a?b@h";
		struct sip_uri uri;

		text[5] = (char)c;
		if (c <= 0x20 || c == 0x7f || strchr("<>\"", c) != NULL)
			assert_int_equal(sip_uri_parse(text, sizeof(text) - 1, &uri), -EINVAL);
	}
}

static void test_too_long(void **state)
{
	char *text = malloc(UINT16_MAX + 1);
	struct sip_uri uri;

	assert_non_null(text);
	memset(text, 'a', UINT16_MAX + 1);
	memcpy(text, "sip:", 4);
	assert_int_equal(sip_uri_parse(text, UINT16_MAX, &uri), 0);
	assert_int_equal(sip_uri_parse(text, UINT16_MAX + 1, &uri), -EINVAL);
	free(text);
}

static const struct {
	const char *user;
	bool number;
	size_t size;
	int ret;
	const char *text;
} users[] = {
	{"alice", false, 16, 0, "alice"},
	{"%61lice%40home", false, 16, 0, "alice@home"},
	{"+1-201-(555).0123", true, 16, 0, "+12015550123"},
	{"+1-201", false, 16, 0, "+1-201"},
	{"%2B49%2d30", true, 16, 0, "+4930"},
	{"alice", false, 6, 0, "alice"},
	{"alice", false, 5, -ENOSPC, ""},
	{"", false, 1, 0, ""},
	{"", false, 0, -ENOSPC, ""},
	{"----", true, 1, 0, ""},
	{"a%", false, 16, -EINVAL, ""},
	{"a%4", false, 16, -EINVAL, ""},
	{"a%4g", false, 16, -EINVAL, ""},
	{"a%00", false, 16, -EINVAL, ""},
	{"a%0d%0a", false, 16, -EINVAL, ""},
	{"a%7f", false, 16, -EINVAL, ""},
};

static void test_user_text(void **state)
{
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		size_t len = strlen(users[i].user);
		char *copy = exact_copy(users[i].user, len);
		char *out = malloc(users[i].size > 0 ? users[i].size : 1);

		assert_non_null(out);
		if (sip_uri_user_text(copy, len, users[i].number, out, users[i].size) !=
		    users[i].ret)
			fail_msg("%s", users[i].user);
		if (users[i].ret == 0)
			assert_string_equal(out, users[i].text);
		free(copy);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_kernels_agree),
		cmocka_unit_test(test_octets_that_no_uri_has),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_user_text),
	};

	return cmocka_run_group_tests_name("uri", tests, NULL, NULL);
}
