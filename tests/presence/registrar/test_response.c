// SPDX-License-Identifier: Apache-2.0
// The 2xx that is read without libosip2, and those that are not. And the fuzz target on answers
// that are nearly right: octets changed, cut, doubled and swapped with pieces that hurt parsers.
// The seed is the first argument; a run without one is always the same.
#include "presence/registrar/response.h"
#include "presence/registrar/transaction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/time.h>

#include <osipparser2/osip_parser.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROUNDS = 20000, BYTES = 4096 };

static uint64_t random_state = 42;

static size_t rnd(size_t range)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t)(random_state % range);
}

static const char *const answers[] = {
	"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bKfuzz;alias;"
	"received=10.0.0.1;ms-received-port=48093;ms-received-cid=4900\r\n"
	"From: \"John Doe\"<sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=0E43\r\nCall-ID: c\r\n"
	"CSeq: 1 PUBLISH\r\nSIP-ETag: 2545777538-1-1\r\nExpires: 600\r\n"
	"Content-Length: 0\r\n\r\n",
	"SIP/2.0 401 Unauthorized\r\nv: SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bKfuzz\r\n"
	"f: <sip:a@b>;tag=1\r\nt: <sip:a@b>;tag=2\r\ni: c\r\nCSeq: 1 PUBLISH\r\n"
	"WWW-Authenticate: Digest realm=\"x\", nonce=\"n\", opaque=\"o\", qop=\"auth,auth-int\", "
	"algorithm=SHA-256, stale=true\r\n"
	"WWW-Authenticate: Digest realm=\"x\", nonce=\"n\", algorithm=MD5\r\nl: 0\r\n\r\n",
	"\r\n\r\nSIP/2.0 503 Busy\r\nVia: SIP/2.0/TCP 10.0.0.1:5060 ;branch=z9hG4bKfuzz\r\n"
	"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 PUBLISH\r\n"
	"Retry-After: 120 (busy);duration=3600\r\nMin-Expires: 60\r\n"
	"ms-diagnostics: 2140;reason=\"x\"\r\nContent-Length: 4\r\n\r\nbody",
};

static const char *const pieces[] = {
	"\r\n",
	"\r\n ",
	"\"",
	"\\\"",
	"<",
	">",
	";",
	",",
	":",
	"=",
	"\t",
	"[::1]",
	"99999999999999999999",
	"-1",
	"0",
	";branch=",
	"SIP-ETag: ",
	"Content-Length: 1\r\n",
	"SIP/2.0 ",
	"@",
	"%00",
	"\xff\xfe",
	"((((",
	"Via: ",
};

static size_t mutate(uint8_t *bytes, size_t len)
{
	for (size_t changes = 1 + rnd(6); changes && len > 8; changes--) {
		size_t at = rnd(len), count = 1 + rnd(8);
		const char *piece = pieces[rnd(sizeof(pieces) / sizeof(pieces[0]))];

		switch (rnd(4)) {
		case 0: bytes[at] = (uint8_t)rnd(256); break;
		case 1:
			if (count > len - at)
				count = len - at;
			memmove(bytes + at, bytes + at + count, len - at - count);
			len -= count;
			break;
		case 2:
			if (len + strlen(piece) > BYTES)
				break;
			memmove(bytes + at + strlen(piece), bytes + at, len - at);
			memcpy(bytes + at, piece, strlen(piece));
			len += strlen(piece);
			break;
		case 3:
			if (len + 64 > BYTES)
				break;
			count = rnd(64);
			memmove(bytes + at + count, bytes + at, len - at);
			memset(bytes + at, (int)('a' + rnd(26)), count);
			len += count;
			break;
		}
	}
	return len;
}

static void nearly_right(void **state)
{
	uint8_t bytes[BYTES];

	(void)state;
	print_message("seed %llu\n", (unsigned long long)random_state);
	for (int round = 0; round < ROUNDS; round++) {
		const char *answer = answers[rnd(sizeof(answers) / sizeof(answers[0]))];
		size_t len = strlen(answer);

		memcpy(bytes, answer, len);
		LLVMFuzzerTestOneInput(bytes, mutate(bytes, len)); // aborts when something is wrong
	}
}

#define TAG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TAG_255 \
	TAG_64 TAG_64 TAG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static const struct {
	const char *headers;
	bool usual;
	const char *etag; // NULL: refused, or none
	uint32_t expires_s;
} table[] = {
	{"SIP-ETag: a\r\nExpires: 30\r\n", true, "a", 30},
	{"expires:30\r\nSIP-ETAG:\ta \r\n", true, "a", 30},
	{"SIP-ETag: a\r\n", true, "a", 600},
	{"SIP-ETag: " TAG_255 "\r\n", true, TAG_255, 600},
	{"SIP-ETag: " TAG_255 "0\r\n", false, NULL, 600},
	{"SIP-ETag: a\r\nExpires: 999999999\r\n", true, "a", 999999999},
	{"SIP-ETag: a\r\nExpires: 4294967296\r\n", false, "a", UINT32_MAX},
	{"SIP-ETag: a\r\nExpires: 30;x=y\r\n", false, "a", 30},
	{"SIP-ETag: a\r\nExpires : 30\r\n", false, "a", 30},
	{"SIP-ETag : a\r\nExpires: 30\r\n", false, "a", 30},
	{"SIP-ETag: a\r\nExpires: 30\r\nExpires: 40\r\n", false, "a", 30},
	{"SIP-ETag: a\r\nSIP-ETag: b\r\n", false, NULL, 600},
	{"SIP-ETag: a\r\nSIP-ETagged: b\r\nExpiresNot: 5\r\n", true, "a", 600},
	{"SIP-ETag: a,b\r\n", false, "a,b", 600},
	{"SIP-ETag: a\"b\r\n", false, "a\"b", 600},
	{"SIP-ETag: \r\n", false, NULL, 600},
	{"Expires: 30\r\n", false, NULL, 30},
};

// Whichever way it goes, it says the same; the body says nothing.
static void the_usual_and_the_rest(void **state)
{
	struct response usual, any, either;
	char bytes[BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct transaction_response from = {.bytes = bytes, .status = 200};

		from.len = (size_t)snprintf(
			bytes, sizeof(bytes),
			"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKx\r\n"
			"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: c\r\n"
			"CSeq: 1 PUBLISH\r\n%sContent-Length: 24\r\n\r\nSIP-ETag: b\r\nExpires: "
			"9\r\n",
			table[i].headers);
		print_message("%s", table[i].headers);
		assert_int_equal(response_read_usual(&from, 600, &usual), table[i].usual);
		assert_int_equal(response_read_any(&from, 600, &any), 0);
		response_read(&from, 600, &either);
		assert_int_equal(any.answer.expires_s, table[i].expires_s);
		assert_int_equal(either.answer.expires_s, table[i].expires_s);
		assert_int_equal(any.answer.etag != NULL, table[i].etag != NULL);
		assert_string_equal(any.etag, table[i].etag ? table[i].etag : "");
		assert_string_equal(either.etag, any.etag);
		assert_string_equal(either.text, "200 OK");
		from.folded = true;
		assert_false(response_read_usual(&from, 600, &usual));
	}
}

// Nothing but a 2xx is usual, and to a removal one without a tag.
static void usual_statuses(void **state)
{
	static const struct {
		uint16_t status;
		uint32_t asked_s;
		bool usual;
	} statuses[] = {{200, 0, true},  {200, 600, false}, {299, 0, true}, {300, 0, false},
			{412, 0, false}, {423, 600, false}, {199, 0, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		static const char bytes[] = "SIP/2.0 200 OK\r\nCSeq: 1 PUBLISH\r\n\r\n";
		struct transaction_response from = {
			.bytes = bytes, .len = sizeof(bytes) - 1, .status = statuses[i].status};
		struct response response;

		assert_int_equal(response_read_usual(&from, statuses[i].asked_s, &response),
				 statuses[i].usual);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_usual_and_the_rest),
		cmocka_unit_test(usual_statuses),
		cmocka_unit_test(nearly_right),
	};

	parser_init(); // as osip_init() in the engine does
	if (argc > 1)
		random_state = strtoull(argv[1], NULL, 10) | 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
