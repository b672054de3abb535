// SPDX-License-Identifier: Apache-2.0
// The bench's registrar: each rule with a request that breaks it, whole lives of publications on a
// clock of the test's own, the script of answers, credentials.
#include "bench/registrar/service.h"
#include "config/clock.h"
#include "presence/registrar/digest.h"
#include "presence/registrar/text.h"
#include "tests/bench/registrar/publish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct origin tcp = {.transport = "TCP",
				  .stream = true,
				  .host = "10.33.221.57",
				  .port = 48093,
				  .connection = 0x4900};
static struct service *service;
static uint64_t now_ns;
static char answer[ANSWER_BYTES];
static struct reply reply;

static void begin(const struct service_options *more, const char *script)
{
	struct service_options options = more != NULL ? *more : (struct service_options){0};
	char name[] = "/tmp/test_service.XXXXXX";
	int fd;

	options.compositor.min_expires_s = 60;
	options.compositor.max_expires_s = 600;
	options.compositor.events = "presence";
	options.compositor.epoch = 2545777538u;
	options.seed = 1;
	if (script != NULL) {
		fd = mkstemp(name);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, script, strlen(script)), strlen(script));
		close(fd);
		options.script = name;
	}
	now_ns = 1000 * NS_PER_S;
	service = service_new(&options);
	assert_non_null(service);
	compositor_expire(service_compositor(service), now_ns);
	if (script != NULL)
		unlink(name);
}

static int end(void **state)
{
	(void)state;
	service_free(service);
	service = NULL;
	return 0;
}

static uint16_t send_text(const char *text, size_t len)
{
	memset(answer, 0, sizeof(answer));
	service_take(service, text, len, &tcp, now_ns, answer, &reply);
	answer[reply.len] = '\0';
	return reply.len > 0 ? (uint16_t)atoi(answer + 8) : 0;
}

// The status; 0: no answer.
static uint16_t ask(const struct publish *publish)
{
	char text[PUBLISH_TEXT];

	return send_text(text, publish_text(publish, text));
}

static const char *header(const char *name)
{
	static char value[512];
	const char *at = strstr(answer, name);

	value[0] = '\0';
	if (at != NULL)
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + strlen(name), "\r\n"),
			 at + strlen(name));
	return value;
}

static char *tag(void)
{
	return strdup(header("\r\nSIP-ETag: "));
}

static struct compositor_counts *counts(void)
{
	return compositor_counts(service_compositor(service));
}

static struct people *people(void)
{
	return compositor_people(service_compositor(service));
}

static const struct {
	const char *name;
	struct publish publish;
	uint16_t status;
	enum complaint complaint;
} rules[] = {
	{"good", {.user = NULL}, 200, COMPLAINT_NONE},
	{"good, compact and folded",
	 {.without = "Event", .extra = "o:\r\n presence\r\n"},
	 200,
	 COMPLAINT_NONE},
	{"no request line", {.request_line = "PUBLISH"}, 0, COMPLAINT_NOT_SIP},
	{"other method",
	 {.request_line = "OPTIONS sip:bob@sfb.example SIP/2.0", .cseq = "1 OPTIONS"},
	 405,
	 COMPLAINT_NOT_PUBLISH},
	{"other scheme", {.user = "tel:+49301234"}, 416, COMPLAINT_BAD_URI},
	{"no Via", {.without = "Via"}, 0, COMPLAINT_MISSING_VIA},
	{"no From", {.without = "From"}, 400, COMPLAINT_MISSING_FROM},
	{"no To", {.without = "To"}, 400, COMPLAINT_MISSING_TO},
	{"no Call-ID", {.without = "Call-ID"}, 400, COMPLAINT_MISSING_CALL_ID},
	{"no CSeq", {.without = "CSeq"}, 400, COMPLAINT_MISSING_CSEQ},
	{"no Max-Forwards", {.without = "Max-Forwards"}, 400, COMPLAINT_MISSING_MAX_FORWARDS},
	{"no hops left",
	 {.without = "Max-Forwards", .extra = "Max-Forwards: 0\r\n"},
	 483,
	 COMPLAINT_MAX_FORWARDS},
	{"header twice", {.extra = "Expires: 600\r\n"}, 400, COMPLAINT_TWICE},
	{"branch of RFC 2543", {.branch = "1234567890"}, 400, COMPLAINT_BRANCH},
	{"other transport",
	 {.via = "SIP/2.0/UDP 10.33.221.57;branch=z9hG4bKu"},
	 400,
	 COMPLAINT_TRANSPORT},
	{"no tag in From",
	 {.from = "<sip:bob@sfb.example>;gat=1\r\nX-Rest: "},
	 400,
	 COMPLAINT_FROM_TAG},
	{"tag in To", {.to = "<sip:bob@sfb.example>;tag=1"}, 481, COMPLAINT_TO_TAG},
	{"CSeq of another method", {.cseq = "1 INVITE"}, 400, COMPLAINT_CSEQ_METHOD},
	{"no length on a stream", {.without = "Content-Length"}, 400, COMPLAINT_NO_LENGTH},
	{"length beyond the end", {.length = "4000"}, 400, COMPLAINT_LENGTH},
	{"length that is no number", {.length = "4x"}, 400, COMPLAINT_LENGTH},
	{"other To", {.to = "<sip:alice@sfb.example>"}, 403, COMPLAINT_NOT_OWN},
	{"other From", {.from = "\"Bob <\" <sip:alice@sfb.example>"}, 403, COMPLAINT_NOT_OWN},
	{"no Event", {.without = "Event"}, 489, COMPLAINT_NO_EVENT},
	{"unknown Event", {.event = "dialog"}, 489, COMPLAINT_UNKNOWN_EVENT},
	{"two tags", {.tag = "a, b"}, 400, COMPLAINT_MANY_TAGS},
	{"two SIP-If-Match",
	 {.tag = "a", .extra = "SIP-If-Match: b\r\n"},
	 400,
	 COMPLAINT_MANY_TAGS},
	{"unknown tag", {.tag = "2545777538-999-1"}, 412, COMPLAINT_UNKNOWN_TAG},
	{"tag of another server", {.tag = "a.1.2.3"}, 412, COMPLAINT_UNKNOWN_TAG},
	{"Expires that is no number", {.expires = "soon"}, 400, COMPLAINT_BAD_EXPIRES},
	{"too brief", {.expires = "59"}, 423, COMPLAINT_BRIEF_EXPIRES},
	{"initial without a body", {.body = ""}, 400, COMPLAINT_NO_BODY},
	{"body of no type", {.without = "Content-Type"}, 400, COMPLAINT_NO_CONTENT_TYPE},
	{"body of another type", {.content_type = "text/plain"}, 415, COMPLAINT_CONTENT_TYPE},
	{"element that does not end",
	 {.body = "<presence entity=\"sip:bob@sfb.example\"><a>"
		  "</presence>"},
	 400,
	 COMPLAINT_DOCUMENT},
	{"two outermost elements", {.body = "<presence/><presence/>"}, 400, COMPLAINT_DOCUMENT},
	{"text around it", {.body = "x<presence/>"}, 400, COMPLAINT_DOCUMENT},
	{"bare ampersand",
	 {.body = "<presence entity=\"sip:bob@sfb.example\">R&D</presence>"},
	 400,
	 COMPLAINT_DOCUMENT},
	{"attribute without quotes",
	 {.body = "<presence entity=sip:bob@sfb.example/>"},
	 400,
	 COMPLAINT_DOCUMENT},
	{"another document",
	 {.body = "<dialog-info entity=\"sip:bob@sfb.example\"/>"},
	 400,
	 COMPLAINT_DOCUMENT},
	{"about somebody else",
	 {.body = "<presence entity=\"sip:alice@sfb.example\"/>"},
	 400,
	 COMPLAINT_ENTITY},
	{"a comment and an empty element",
	 {.body = "<presence entity='sip:bob@sfb.example'>"
		  "<!-- < --><a b=\"1\" /></presence>"},
	 200,
	 COMPLAINT_NONE},
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		uint16_t status;

		begin(NULL, NULL);
		status = ask(&rules[i].publish);
		if (status != rules[i].status)
			fail_msg("%s: %u instead of %u", rules[i].name, status, rules[i].status);
		for (int c = COMPLAINT_NONE + 1; c < COMPLAINT_COUNT; c++)
			if (counts()->complaint[c] != (c == (int)rules[i].complaint))
				fail_msg("%s: %s", rules[i].name,
					 complaint_name((enum complaint)c));
		assert_int_equal(counts()->published, status == 200);
		service_free(service);
	}
	service = NULL;
}

static void test_shape(void **state)
{
	char expected[1024];
	char *given;

	(void)state;
	begin(NULL, NULL);
	assert_int_equal(ask(&(struct publish){.call_id = "1284896643279201635736@10.33.221.57",
					       .branch = "z9hG4bKx"}),
			 200);
	given = tag();
	assert_string_equal(given, "2545777538-0-1");
	free(given);
	snprintf(expected, sizeof(expected),
		 "SIP/2.0 200 OK\r\nFrom: <sip:bob@sfb.example>;tag=1c537837102\r\n"
		 "To: <sip:bob@sfb.example>;tag=%s\r\n"
		 "Call-ID: 1284896643279201635736@10.33.221.57\r\nCSeq: 1 PUBLISH\r\n"
		 "Via: SIP/2.0/TCP 10.33.221.57:5061;branch=z9hG4bKx;alias;received=10.33.221.57"
		 ";ms-received-port=48093;ms-received-cid=4900\r\n"
		 "SIP-ETag: 2545777538-0-1\r\nExpires: 600\r\nContent-Length: 0\r\n\r\n",
		 header("To: <sip:bob@sfb.example>;tag="));
	assert_string_equal(answer, expected);
}

// Lives of two publications, with every way to use a tag wrongly.
static void test_life(void **state)
{
	char *first, *second, *alice;
	struct busy busy;

	(void)state;
	begin(NULL, NULL);
	assert_int_equal(ask(&(struct publish){.expires = "7200"}), 200);
	assert_string_equal(header("\r\nExpires: "), "600");
	first = tag();
	assert_int_equal(people()->busy, 1);
	assert_int_equal(ask(&(struct publish){.user = "sip:alice@sfb.example"}), 200);
	alice = tag();
	now_ns += 500 * NS_PER_S;
	assert_int_equal(ask(&(struct publish){.tag = first, .body = ""}), 200);
	second = tag();
	assert_string_not_equal(first, second);
	assert_int_equal(ask(&(struct publish){.tag = first, .body = ""}), 412);
	assert_int_equal(counts()->complaint[COMPLAINT_STALE_TAG], 1);
	assert_int_equal(ask(&(struct publish){.tag = alice, .body = ""}), 412);
	assert_int_equal(counts()->complaint[COMPLAINT_FOREIGN_TAG], 1);
	assert_int_equal(ask(&(struct publish){.tag = second, .expires = "0"}), 400);
	assert_int_equal(counts()->complaint[COMPLAINT_REMOVE_BODY], 1);
	// Alice's was not refreshed: it ends when its time is over, not when that is noticed.
	now_ns += 400 * NS_PER_S;
	compositor_expire(service_compositor(service), now_ns);
	assert_int_equal(people()->busy, 1);
	assert_int_equal(counts()->expired, 1);
	assert_true(people_stretch(people(), 0, now_ns, &busy));
	assert_int_equal(busy.end, BUSY_EXPIRED);
	assert_int_equal(busy.to_ns - busy.from_ns, 600 * NS_PER_S);
	assert_int_equal(ask(&(struct publish){.user = "sip:alice@sfb.example", .tag = alice}),
			 412);
	assert_int_equal(counts()->complaint[COMPLAINT_EXPIRED_TAG], 1);
	assert_int_equal(ask(&(struct publish){.tag = second, .body = "", .expires = "0"}), 200);
	assert_int_equal(counts()->published, 0);
	assert_true(people_stretch(people(), 1, now_ns, &busy));
	assert_int_equal(busy.end, BUSY_REMOVED);
	assert_int_equal(busy.to_ns - busy.from_ns, 900 * NS_PER_S);
	assert_int_equal(ask(&(struct publish){.tag = second, .body = "", .expires = "0"}), 412);
	assert_int_equal(counts()->complaint[COMPLAINT_EXPIRED_TAG], 2);
	free(first);
	free(second);
	free(alice);
}

// Two publications of one person are one light; a modify can put it out.
static void test_composition(void **state)
{
	static const char idle[] = "<presence entity=\"sip:bob@sfb.example\"/>";
	char *one, *two;

	(void)state;
	begin(NULL, NULL);
	assert_int_equal(ask(&(struct publish){.user = NULL}), 200);
	one = tag();
	now_ns += 10 * NS_PER_S;
	assert_int_equal(ask(&(struct publish){.user = NULL}), 200);
	two = tag();
	assert_int_equal(counts()->complaint[COMPLAINT_SECOND_INITIAL], 1);
	now_ns += 10 * NS_PER_S;
	assert_int_equal(ask(&(struct publish){.tag = one, .body = "", .expires = "0"}), 200);
	assert_int_equal(people()->busy, 1);
	now_ns += 10 * NS_PER_S;
	assert_int_equal(ask(&(struct publish){.tag = two, .body = idle}), 200);
	assert_int_equal(people()->busy, 0);
	assert_int_equal(counts()->published, 1);
	now_ns += 10 * NS_PER_S;
	assert_int_equal(people_busy_ns(people(), 0, now_ns), 30 * NS_PER_S);
	assert_int_equal(people()->person[0].stretches, 1);
	free(one);
	free(two);
}

static void test_repeats_and_order(void **state)
{
	char text[PUBLISH_TEXT], before[ANSWER_BYTES];
	size_t len = publish_text(&(struct publish){.call_id = "c", .cseq = "5 PUBLISH"}, text);

	(void)state;
	begin(NULL, NULL);
	assert_int_equal(send_text(text, len), 200);
	strcpy(before, answer);
	assert_int_equal(send_text(text, len), 200);
	assert_string_equal(answer, before);
	assert_int_equal(service_repeats(service), 1);
	assert_int_equal(counts()->published, 1);
	assert_int_equal(ask(&(struct publish){.call_id = "c", .cseq = "5 PUBLISH"}), 500);
	assert_int_equal(ask(&(struct publish){.call_id = "c", .cseq = "4 PUBLISH"}), 500);
	assert_int_equal(counts()->complaint[COMPLAINT_CSEQ_ORDER], 2);
	assert_int_equal(ask(&(struct publish){.call_id = "c", .cseq = "6 PUBLISH"}), 200);
}

// A repeat of a request whose answer is on its way gets none of its own; another request for the
// person is too early.
static void test_latency(void **state)
{
	struct service_options options = {.latency = {SPREAD_CONSTANT, 50 * NS_PER_MS, 0}};
	char text[PUBLISH_TEXT];
	size_t len = publish_text(&(struct publish){.user = NULL}, text);
	uint32_t person;

	(void)state;
	begin(&options, NULL);
	assert_int_equal(send_text(text, len), 200);
	assert_int_equal(reply.delay_ns, 50 * NS_PER_MS);
	person = reply.person;
	assert_int_equal(send_text(text, len), 0);
	assert_int_equal(ask(&(struct publish){.user = NULL}), 200);
	assert_int_equal(counts()->complaint[COMPLAINT_OUTSTANDING], 1);
	service_sent(service, person);
	service_sent(service, person);
	assert_int_equal(ask(&(struct publish){.user = NULL}), 200);
	assert_int_equal(counts()->complaint[COMPLAINT_OUTSTANDING], 1);
}

static void test_losses(void **state)
{
	struct service_options options = {
		.loss = 0.25, .mute = 0.25, .error = 0.25, .error_status = 503};
	int none = 0, refused = 0;

	(void)state;
	begin(&options, NULL);
	for (int i = 0; i < 4000; i++) {
		uint16_t status = ask(&(struct publish){.user = NULL});

		none += status == 0;
		refused += status == 503;
	}
	// Of the 0.75 that are seen a quarter each.
	assert_in_range(none, 1600, 1900);
	assert_in_range(refused, 450, 700);
	assert_in_range(counts()->published, 2100, 2400);
}

static void test_script(void **state)
{
	(void)state;
	begin(NULL, "# of answers\n"
		    "initial user sip:bob@* nth 1 -> 503 \"Try Later\" header \"Retry-After: 2\"\n"
		    "initial user sip:bob@* nth 2-3 -> drop\n"
		    "initial user sip:bob@* nth 4 -> mute\n"
		    "initial every 2 -> 202 expires 120 delay 20ms\n"
		    "other method OPTIONS -> 480 close\n");
	assert_int_equal(ask(&(struct publish){.user = NULL}), 503);
	assert_non_null(strstr(answer, "SIP/2.0 503 Try Later\r\n"));
	assert_string_equal(header("\r\nRetry-After: "), "2");
	assert_int_equal(ask(&(struct publish){.user = NULL}), 0);
	assert_int_equal(ask(&(struct publish){.user = NULL}), 0);
	assert_int_equal(counts()->published, 0);
	assert_int_equal(ask(&(struct publish){.user = NULL}), 0);
	assert_int_equal(counts()->published, 1);
	assert_int_equal(ask(&(struct publish){.user = "sip:a@sfb.example"}), 200);
	assert_int_equal(ask(&(struct publish){.user = "sip:b@sfb.example"}), 202);
	assert_int_equal(reply.delay_ns, 20 * NS_PER_MS);
	assert_string_equal(header("\r\nExpires: "), "120");
	assert_int_equal(
		ask(&(struct publish){.request_line = "OPTIONS sip:bob@sfb.example SIP/2.0",
				      .cseq = "1 OPTIONS"}),
		0);
	assert_true(reply.close);
}

static void test_script_errors(void **state)
{
	static const struct {
		const char *line, *error;
	} wrong[] = {
		{"publish -> 200", "expected any, initial, refresh, modify, remove or other"},
		{"any 503", "expected method, user, nth, every or ->"},
		{"any", "no -> in it"},
		{"any ->", "nothing behind ->"},
		{"any nth 0 -> 503", "nth needs N, N- or N-M"},
		{"any nth 3-2 -> 503", "nth needs N, N- or N-M"},
		{"any every 0 -> 503", "every needs a number"},
		{"any -> 99", "expected a status, header, expires, delay, drop, mute or close"},
		{"any -> delay 5", "delay needs a time"},
		{"any -> header", "header needs a text"},
		{"any -> header \"x", "a quote without an end, or too many words"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char errors[256] = "", expected[256];
		FILE *in = fmemopen((char *)wrong[i].line, strlen(wrong[i].line), "r");
		FILE *out = fmemopen(errors, sizeof(errors), "w");
		struct cues cues;

		assert_true(cues_read(&cues, in, "s", out) < 0);
		fclose(in);
		fclose(out);
		cues_fini(&cues);
		snprintf(expected, sizeof(expected), "s:1: %s\n", wrong[i].error);
		assert_string_equal(errors, expected);
	}
}

// Asked, answered by the engine's own digest, wrong, stale.
static void test_digest(void **state)
{
	(void)state;
	for (int sha256 = 0; sha256 < 2; sha256++) {
		struct service_options options = {.challenge = {.password = "secret",
								.realm = "registrar",
								.sha256 = sha256,
								.nonce_uses = 2}};
		char nonce[64], authorization[1024];
		struct text text = {.at = authorization, .size = sizeof(authorization)};
		struct digest digest = {0};

		begin(&options, NULL);
		assert_int_equal(ask(&(struct publish){.user = NULL}), 401);
		snprintf(nonce, sizeof(nonce), "\"%.32s\"",
			 strstr(header("\r\nWWW-Authenticate: "), "nonce=") + 7);
		assert_int_equal(digest_accept(&digest,
					       &(struct digest_challenge){
						       .realm = "\"registrar\"",
						       .nonce = nonce,
						       .algorithm = sha256 ? "SHA-256" : "MD5",
						       .qop = "\"auth\""}),
				 0);
		for (int use = 1; use <= 3; use++) {
			text.len = 0;
			assert_int_equal(digest_answer(&digest, "PUBLISH", "sip:bob@sfb.example",
						       "bob", use == 1 ? "wrong" : "secret", "c",
						       &text),
					 0);
			assert_int_equal(ask(&(struct publish){.extra = authorization}),
					 use == 1 ? 401 : 200);
		}
		assert_int_equal(counts()->complaint[COMPLAINT_CREDENTIALS], 1);
		text.len = 0;
		digest_answer(&digest, "PUBLISH", "sip:bob@sfb.example", "bob", "secret", "c",
			      &text);
		assert_int_equal(ask(&(struct publish){.extra = authorization}), 401);
		assert_non_null(strstr(answer, "stale=true"));
		assert_int_equal(counts()->complaint[COMPLAINT_CREDENTIALS], 1);
		service_free(service);
	}
	service = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_rules, end),
		cmocka_unit_test_teardown(test_shape, end),
		cmocka_unit_test_teardown(test_life, end),
		cmocka_unit_test_teardown(test_composition, end),
		cmocka_unit_test_teardown(test_repeats_and_order, end),
		cmocka_unit_test_teardown(test_latency, end),
		cmocka_unit_test_teardown(test_losses, end),
		cmocka_unit_test_teardown(test_script, end),
		cmocka_unit_test_teardown(test_script_errors, end),
		cmocka_unit_test_teardown(test_digest, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
