// SPDX-License-Identifier: Apache-2.0
// A registrar under somebody else's control.
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Answers that a registrar under somebody else's control may give.
static const struct {
	const char *name;
	const char *status;
	const char *headers;
	bool refused;
	const char *etag;
	uint32_t expires_s;
} hostile[] = {
	{"empty tag", "200 OK", "SIP-ETag: \r\n", true, "", 600},
	{"tag with a blank", "200 OK", "SIP-ETag: a b\r\n", true, "", 600},
	{"two tags", "200 OK", "SIP-ETag: a\r\nSIP-ETag: b\r\n", true, "", 600},
	{"no tag", "200 OK", "", false, "", 600},
	{"huge Expires", "200 OK", "SIP-ETag: a\r\nExpires: 99999999999\r\n", false, "a",
	 UINT32_MAX},
	{"negative Expires", "200 OK", "SIP-ETag: a\r\nExpires: -1\r\n", false, "a", 600},
	{"Expires in letters", "200 OK", "SIP-ETag: a\r\nExpires: soon\r\n", false, "a", 600},
	{"Expires 0", "200 OK", "SIP-ETag: a\r\nExpires: 0\r\n", false, "a", 0},
	{"odd class", "299 ", "SIP-ETag: a\r\n", false, "a", 600},
};

static void hostile_answers(void **state)
{
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		world_start(*state);
		world_publish(PUBLISH_INITIAL, NULL);
		world_expect_request();
		server_answer(&world.server, hostile[i].status, hostile[i].headers);
		world_expect_answer(1, (uint16_t)atoi(hostile[i].status));
		if (world.answer.etag_refused != hostile[i].refused ||
		    strcmp(world.etag, hostile[i].etag) != 0 ||
		    world.answer.expires_s != hostile[i].expires_s)
			fail_msg("%s: etag %s refused %d expires %u", hostile[i].name, world.etag,
				 world.answer.etag_refused, world.answer.expires_s);
		world_close();
	}
}

static void tag_lengths(void **state)
{
	static const size_t lengths[] = {1, 255, 256, 8000};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char *header = malloc(lengths[i] + 32);
		int len = sprintf(header, "SIP-ETag: ");

		memset(header + len, 'e', lengths[i]);
		strcpy(header + len + lengths[i], "\r\n");
		world_start(*state);
		world_publish(PUBLISH_INITIAL, NULL);
		world_expect_request();
		server_answer(&world.server, "200 OK", header);
		world_expect_answer(1, 200);
		assert_int_equal(world.answer.etag_refused, lengths[i] > 255);
		assert_int_equal(strlen(world.etag), lengths[i] > 255 ? 0 : lengths[i]);
		free(header);
		world_close();
	}
}

// None of these is an answer; on a stream some of them end the connection.
static const char *const garbage[] = {
	"\r\n\r\n",
	"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP x;branch=z9hG4bKnobody\r\nFrom: <sip:a@b>;tag=1\r\n"
	"To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 PUBLISH\r\nContent-Length: 0\r\n\r\n",
	"OPTIONS sip:me SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
	"To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 200\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 ABC OK\r\nContent-Length: 0\r\n\r\n",
	"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 200 OK\r\nCSeq: 1\r\nVia: ;;;\r\nContent-Length: 0\r\n\r\n",
};

static void garbage_is_dropped(void **state)
{
	char *cseq;

	world_start(*state);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	cseq = strstr(world.server.request, "CSeq: 1 PUBLISH");
	assert_non_null(cseq);
	memcpy(cseq, "CSeq: 1 MESSAGE", 15); // of another method (RFC 3261 17.1.3)
	server_answer(&world.server, "200 OK", "SIP-ETag: m\r\n");
	memcpy(cseq, "CSex: 1 PUBLISH", 15);
	server_answer(&world.server, "200 OK", "SIP-ETag: m\r\n");
	memcpy(cseq, "CSeq: 1 PUBLISH", 15);
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
		server_send(&world.server, garbage[i], strlen(garbage[i]));
	server_run(world.loop, 40);
	assert_int_equal(world.answers, 0);
	server_answer(&world.server, "200 OK", "SIP-ETag: a\r\n");
	world_expect_answer(1, 200);
	world_close();
}

static void provisional_flood(void **state)
{
	world_start(*state);
	world_publish(PUBLISH_INITIAL, NULL);
	world_expect_request();
	for (int i = 0; i < 2000; i++) {
		server_answer(&world.server, "100 Trying", NULL);
		if (i % 16 == 0)
			server_run(world.loop, 1);
	}
	server_run(world.loop, 20);
	assert_int_equal(world.answers, 0);
	for (int i = 0; i < 33; i++) // timer F is not put off by them
		world_go(S);
	assert_int_equal(world.answers, 1);
	assert_int_equal(world.answer.outcome, PUBLISH_TIMEOUT);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(hostile_answers),
		BOTH(tag_lengths),
		BOTH(garbage_is_dropped),
		BOTH(provisional_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
