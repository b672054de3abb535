// SPDX-License-Identifier: Apache-2.0
// The examples of RFC 2617 3.5 and RFC 7616 3.9.1, and challenges that are none.
#include "presence/registrar/digest.h"

#include "presence/registrar/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *name;
	struct digest_challenge challenge;
	const char *uri, *user, *password, *cnonce;
	const char *response;
} vectors[] = {
	{"RFC 2617 3.5",
	 {.realm = "\"testrealm@host.com\"",
	  .nonce = "\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
	  .opaque = "\"5ccc069c403ebaf9f0171e9517f40e41\"",
	  .qop = "\"auth,auth-int\""},
	 "/dir/index.html",
	 "Mufasa",
	 "Circle Of Life",
	 "0a4f113b",
	 "6629fae49393a05397450978507c4ef1"},
	{"RFC 7616 3.9.1, MD5",
	 {.realm = "\"http-auth@example.org\"",
	  .nonce = "\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"",
	  .opaque = "\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
	  .algorithm = "MD5",
	  .qop = "\"auth, auth-int\""},
	 "/dir/index.html",
	 "Mufasa",
	 "Circle of Life",
	 "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
	 "8ca523f5e9506fed4657c9700eebdbec"},
	{"RFC 7616 3.9.1, SHA-256",
	 {.realm = "\"http-auth@example.org\"",
	  .nonce = "\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"",
	  .opaque = "\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
	  .algorithm = "SHA-256",
	  .qop = "\"auth, auth-int\""},
	 "/dir/index.html",
	 "Mufasa",
	 "Circle of Life",
	 "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
	 "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
};

static void published_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		char bytes[2048];
		struct text text = {.at = bytes, .size = sizeof(bytes)};
		struct digest digest = {0};

		assert_int_equal(digest_accept(&digest, &vectors[i].challenge), 0);
		assert_int_equal(digest_answer(&digest, "GET", vectors[i].uri, vectors[i].user,
					       vectors[i].password, vectors[i].cnonce, &text),
				 0);
		if (!strstr(bytes, vectors[i].response))
			fail_msg("%s: %s", vectors[i].name, bytes);
		assert_non_null(strstr(bytes, "qop=auth, nc=00000001, cnonce=\""));
		assert_null(strstr(bytes, vectors[i].password));
	}
}

// Without qop there is neither count nor cnonce (RFC 2069); value computed with openssl dgst:
// md5(md5("u:r:p"):n:md5("PUBLISH:sip:u@d")).
static void without_qop(void **state)
{
	struct digest_challenge challenge = {.realm = "\"r\"", .nonce = "\"n\"", .proxy = true};
	struct digest digest = {0};
	char bytes[512];
	struct text text = {.at = bytes, .size = sizeof(bytes)};

	(void)state;
	assert_int_equal(digest_accept(&digest, &challenge), 0);
	assert_int_equal(digest_answer(&digest, "PUBLISH", "sip:u@d", "u", "p", "c", &text), 0);
	assert_string_equal(bytes, "Proxy-Authorization: Digest username=\"u\", realm=\"r\", "
				   "nonce=\"n\", uri=\"sip:u@d\", response=\""
				   "c18a7004d5d4c3f9df25b1bf5849572b\"\r\n");
}

static void count_goes_on_with_the_nonce(void **state)
{
	struct digest_challenge challenge = {.realm = "\"r\"", .nonce = "\"n\"", .qop = "\"auth\""};
	struct digest digest = {0};
	char bytes[512];

	(void)state;
	assert_int_equal(digest_accept(&digest, &challenge), 0);
	for (int i = 1; i <= 3; i++) {
		struct text text = {.at = bytes, .size = sizeof(bytes)};

		digest_answer(&digest, "PUBLISH", "sip:u@d", "u", "p", "c", &text);
	}
	assert_non_null(strstr(bytes, "nc=00000003"));
	assert_int_equal(digest_accept(&digest, &challenge), 0);
	assert_int_equal(digest.count, 3); // the same nonce
	challenge.nonce = "\"m\"";
	assert_int_equal(digest_accept(&digest, &challenge), 0);
	assert_int_equal(digest.count, 0);
}

static void what_can_not_be_answered(void **state)
{
	char huge[1024];
	const struct {
		struct digest_challenge challenge;
		int error;
	} table[] = {
		{{.nonce = "\"n\""}, -ENOTSUP},
		{{.realm = "\"r\""}, -ENOTSUP},
		{{.realm = "\"r\"", .nonce = "\"n\"", .algorithm = "SHA-512-256"}, -ENOTSUP},
		{{.realm = "\"r\"", .nonce = "\"n\"", .algorithm = "MD5-sess"}, -ENOTSUP},
		{{.realm = "\"r\"", .nonce = "\"n\"", .qop = "\"auth-int\""}, -ENOTSUP},
		{{.realm = "\"r\"", .nonce = huge}, -EMSGSIZE},
		{{.realm = huge, .nonce = "\"n\""}, -EMSGSIZE},
		{{.realm = "\"r\r\nX: y\"", .nonce = "\"n\""}, -EMSGSIZE},
		{{.realm = "\"r\", x=\"y\"", .nonce = "\"n\""}, -EMSGSIZE},
		{{.realm = "\"r\"", .nonce = "\"n\"", .opaque = "\"\x01\""}, -EMSGSIZE},
	};
	struct digest before = {.algorithm = DIGEST_MD5, .realm = "keep"};

	(void)state;
	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct digest digest = before;

		assert_int_equal(digest_accept(&digest, &table[i].challenge), table[i].error);
		assert_memory_equal(&digest, &before, sizeof(digest));
	}
}

static void output_too_small(void **state)
{
	struct digest_challenge challenge = {.realm = "\"r\"", .nonce = "\"n\""};
	struct digest digest = {0};
	char bytes[40];
	struct text text = {.at = bytes, .size = sizeof(bytes)};

	(void)state;
	assert_int_equal(digest_accept(&digest, &challenge), 0);
	assert_int_equal(digest_answer(&digest, "PUBLISH", "sip:u@d", "u", "p", "c", &text),
			 -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors),
		cmocka_unit_test(without_qop),
		cmocka_unit_test(count_goes_on_with_the_nonce),
		cmocka_unit_test(what_can_not_be_answered),
		cmocka_unit_test(output_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
