// SPDX-License-Identifier: Apache-2.0
// Whole messages through both parsers: each case is a message made from a good one by replacing,
// dropping or adding lines, and what must come of it.
#include "sip/msg.h"

#include "tests/sip/sip_test.h"

#define VIA     "Via: SIP/2.0/UDP h.example.com:5060;branch=z9hG4bK1\r\n"
#define FROM    "From: \"Alice\" <sip:alice@example.com>;tag=f1\r\n"
#define TO      "To: <sip:bob@example.com;user=phone>;tag=t1\r\n"
#define CALL_ID "Call-ID: c1@h.example.com\r\n"
#define CSEQ    "CSeq: 7 INVITE\r\n"
#define INVITE  "INVITE sip:bob@example.com SIP/2.0\r\n"
#define OK      "SIP/2.0 200 OK\r\n"
#define FIVE    VIA FROM TO CALL_ID CSEQ
#define END     "\r\n"
#define ROUTE_8                                                                    \
	"Route: <sip:a>\r\nRoute: <sip:b>\r\nRoute: <sip:c>\r\nRoute: <sip:d>\r\n" \
	"Route: <sip:e>\r\nRoute: <sip:f>\r\nRoute: <sip:g>\r\nRoute: <sip:h>\r\n"
#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *text;
	size_t len;
	enum sip_reject reject;
} verdicts[] = {
	{BYTES(INVITE FIVE END), SIP_REJECT_NONE},
	{BYTES(OK FIVE END), SIP_REJECT_NONE},
	{BYTES("\r\n\n\r\n" INVITE FIVE END), SIP_REJECT_NONE},
	{BYTES("SIP/2.0 699 x\r\n" FIVE END), SIP_REJECT_NONE},
	{BYTES("SIP/2.0 200\r\n" FIVE END), SIP_REJECT_NONE},
	{BYTES("SIP/2.0 200 \r\n" FIVE END), SIP_REJECT_NONE},
	{BYTES("sIp/2.0 200 OK\r\n" FIVE END), SIP_REJECT_NONE},
	{BYTES("INVITE tel:+1 SIP/2.0\r\n" FIVE END), SIP_REJECT_NONE},
	{BYTES("INVITE x:y SIP/2.0\r\n" FIVE END), SIP_REJECT_NONE},
	{BYTES("INVITE sip:b sip/2.0\r\n" FIVE END), SIP_REJECT_NONE},
	{BYTES(INVITE ROUTE_8 FIVE END), SIP_REJECT_NONE},
	// Empty.
	{BYTES(""), SIP_REJECT_EMPTY},
	{BYTES("\r\n\r\n\n"), SIP_REJECT_EMPTY},
	// Start line.
	{BYTES("\0\0\0\0"), SIP_REJECT_START_LINE},
	{BYTES("hello\r\n\r\n"), SIP_REJECT_START_LINE},
	{BYTES("INVITE sip:bob@example.com\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("INVITE  sip:b SIP/2.0\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("INVITE sip:b  SIP/2.0\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("INVITE sip:b SIP/2.0 \r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("INVITE sip:b; lr SIP/2.0\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("INVITE <sip:b> SIP/2.0\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("INVITE bob SIP/2.0\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("INVITE sip: SIP/2.0\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("INV@TE sip:b SIP/2.0\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("INVITE\tsip:b SIP/2.0\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES(" INVITE sip:b SIP/2.0\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("INVITE sip:b SIP/2\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("INVITE sip:b HTTP/1.1\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("SIP/2.0 20 OK\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("SIP/2.0 2000 OK\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("SIP/2.0 099 OK\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("SIP/2.0 700 OK\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("SIP/2.0 4294967301 x\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("SIP/2.0  200 OK\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("SIP/2.0 200x\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("SIP/ 200 OK\r\n" FIVE END), SIP_REJECT_START_LINE},
	{BYTES("HTP/2.0 200 OK\r\n" FIVE END), SIP_REJECT_START_LINE},
	// Version.
	{BYTES("INVITE sip:b SIP/7.0\r\n" FIVE END), SIP_REJECT_VERSION},
	{BYTES("INVITE sip:b SIP/2.00\r\n" FIVE END), SIP_REJECT_VERSION},
	{BYTES("INVITE sip:b SIP/02.0\r\n" FIVE END), SIP_REJECT_VERSION},
	{BYTES("SIP/3.0 200 OK\r\n" FIVE END), SIP_REJECT_VERSION},
	// Cut.
	{BYTES("INVITE sip:b SIP/2.0"), SIP_REJECT_HEADER_END},
	{BYTES("INVITE sip:b SIP/2.0\r\n"), SIP_REJECT_HEADER_END},
	{BYTES(INVITE FIVE), SIP_REJECT_HEADER_END},
	{BYTES(INVITE FIVE "\r"), SIP_REJECT_HEADER_END},
	{BYTES(INVITE FIVE "X: y"), SIP_REJECT_HEADER_END},
	// Header lines: what nobody needs is let pass.
	{BYTES(INVITE FIVE "Foobar roobar\r\n" END), SIP_REJECT_NONE},
	{BYTES(INVITE FIVE "Foo bar: x\r\n" END), SIP_REJECT_NONE},
	{BYTES(INVITE FIVE ": x\r\n" END), SIP_REJECT_NONE},
	{BYTES(INVITE FIVE "X\x7f: x\r\n" END), SIP_REJECT_NONE},
	{BYTES(INVITE FIVE "X\r\n : x\r\n" END), SIP_REJECT_NONE},
	{BYTES(INVITE FIVE "X: a\tb\r\n" END), SIP_REJECT_NONE},
	{BYTES(INVITE " folded start line\r\n" FIVE END), SIP_REJECT_NONE},
	{BYTES(INVITE VIA FROM TO CALL_ID "CSeq 7 INVITE\r\n" END), SIP_REJECT_NO_CSEQ},
	{BYTES(INVITE VIA FROM TO CALL_ID "CSeq\r\n : 7 INVITE\r\n" END), SIP_REJECT_NO_CSEQ},
	{BYTES(INVITE VIA FROM TO CALL_ID " CSeq: 7 INVITE\r\n" END), SIP_REJECT_NO_CSEQ},
	{BYTES(INVITE VIA FROM TO CALL_ID "CSeq : 7 INVITE\r\n" END), SIP_REJECT_NONE},
	{BYTES(INVITE VIA FROM TO CALL_ID "CSeq\t: 7 INVITE\r\n" END), SIP_REJECT_NONE},
	// Control characters, a CR without LF.
	{BYTES(INVITE FIVE "X\0Y: x\r\n" END), SIP_REJECT_HEADER_SYNTAX},
	{BYTES(INVITE FIVE "X\x01Y: x\r\n" END), SIP_REJECT_HEADER_SYNTAX},
	{BYTES(INVITE FIVE "X: x\x1f\r\n" END), SIP_REJECT_HEADER_SYNTAX},
	{BYTES(INVITE FIVE "X: x\x0b\n" END), SIP_REJECT_HEADER_SYNTAX},
	{BYTES(INVITE FIVE "X: \"\\\x07\"\r\n" END), SIP_REJECT_NONE},
	{BYTES(INVITE FIVE "X: a\rFrom: <sip:eve@example.com>\r\n" END), SIP_REJECT_HEADER_SYNTAX},
	{BYTES(INVITE FIVE "X: a\r\r\n" END), SIP_REJECT_HEADER_SYNTAX},
	{BYTES(INVITE FIVE "X: \0\0\n\n\n"), SIP_REJECT_HEADER_SYNTAX},
	{BYTES("\n" INVITE FIVE "X: \0\r\n" END), SIP_REJECT_HEADER_SYNTAX},
	// Singletons.
	{BYTES(INVITE FIVE CALL_ID END), SIP_REJECT_DUPLICATE},
	{BYTES(INVITE FIVE "i: c2\r\n" END), SIP_REJECT_DUPLICATE},
	{BYTES(INVITE FIVE CSEQ END), SIP_REJECT_DUPLICATE},
	{BYTES(INVITE FIVE FROM END), SIP_REJECT_DUPLICATE},
	{BYTES(INVITE FIVE "t : <sip:x@y>\r\n" END), SIP_REJECT_DUPLICATE},
	{BYTES(INVITE FIVE "Content-Length: 0\r\nl: 0\r\n" END), SIP_REJECT_DUPLICATE},
	{BYTES(INVITE FIVE "Max-Forwards: 1\r\nMAX-FORWARDS: 1\r\n" END), SIP_REJECT_DUPLICATE},
	{BYTES(INVITE FIVE VIA VIA "Contact: <sip:a@b>\r\nContact: <sip:c@d>\r\n" END),
	 SIP_REJECT_NONE},
	// Missing.
	{BYTES(INVITE VIA FROM TO CSEQ END), SIP_REJECT_NO_CALL_ID},
	{BYTES(INVITE VIA FROM TO CALL_ID END), SIP_REJECT_NO_CSEQ},
	{BYTES(INVITE VIA TO CALL_ID CSEQ END), SIP_REJECT_NO_FROM},
	{BYTES(INVITE VIA FROM CALL_ID CSEQ END), SIP_REJECT_NO_TO},
	{BYTES(INVITE FROM TO CALL_ID CSEQ END), SIP_REJECT_NO_VIA},
	{BYTES(INVITE END), SIP_REJECT_NO_CALL_ID},
	// Values.
	{BYTES(INVITE VIA FROM TO CSEQ "Call-ID: \r\n" END), SIP_REJECT_CALL_ID},
	{BYTES(INVITE VIA FROM TO CSEQ "Call-ID: a b\r\n" END), SIP_REJECT_CALL_ID},
	{BYTES(INVITE VIA FROM TO CSEQ "Call-ID: a\x7f"
				       "b\r\n" END),
	 SIP_REJECT_CALL_ID},
	{BYTES(INVITE VIA FROM TO CALL_ID "CSeq: 4294967296 INVITE\r\n" END), SIP_REJECT_CSEQ},
	{BYTES(INVITE VIA FROM TO CALL_ID "CSeq: 4294967295 INVITE\r\n" END), SIP_REJECT_NONE},
	{BYTES(INVITE VIA FROM TO CALL_ID "CSeq: x INVITE\r\n" END), SIP_REJECT_CSEQ},
	{BYTES(INVITE VIA FROM TO CALL_ID "CSeq: 1 BYE\r\n" END), SIP_REJECT_CSEQ_METHOD},
	{BYTES(INVITE VIA FROM TO CALL_ID "CSeq: 1 invite\r\n" END), SIP_REJECT_CSEQ_METHOD},
	{BYTES("NEW sip:b SIP/2.0\r\n" VIA FROM TO CALL_ID "CSeq: 1 OLD\r\n" END),
	 SIP_REJECT_CSEQ_METHOD},
	{BYTES("NEW sip:b SIP/2.0\r\n" VIA FROM TO CALL_ID "CSeq: 1 NEW\r\n" END), SIP_REJECT_NONE},
	{BYTES(OK VIA FROM TO CALL_ID "CSeq: 1 NEW\r\n" END), SIP_REJECT_NONE},
	{BYTES(INVITE VIA TO CALL_ID CSEQ "From: alice\r\n" END), SIP_REJECT_FROM},
	{BYTES(INVITE VIA FROM CALL_ID CSEQ "To: \"Mr. J. User <sip:j.user@example.com>\r\n" END),
	 SIP_REJECT_TO},
	{BYTES(INVITE FROM TO CALL_ID CSEQ "Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n" END),
	 SIP_REJECT_VIA},
	{BYTES(INVITE FIVE "Content-Length: -999\r\n" END), SIP_REJECT_CONTENT_LENGTH},
	{BYTES(INVITE FIVE "Content-Length: 4294967328\r\n" END), SIP_REJECT_CONTENT_LENGTH},
	{BYTES(INVITE FIVE "Content-Length: 0x10\r\n" END), SIP_REJECT_CONTENT_LENGTH},
	{BYTES(INVITE FIVE "Content-Length:\r\n" END), SIP_REJECT_CONTENT_LENGTH},
	{BYTES(INVITE FIVE "Content-Length: 2147483648\r\n" END), SIP_REJECT_NONE},
	// Several faults: the first in the order of enum sip_reject.
	{BYTES("INVITE sip:b SIP/7.0\r\nX: \0\r\n" END), SIP_REJECT_VERSION},
	{BYTES(INVITE FROM FROM "X: \0\r\n" END), SIP_REJECT_HEADER_SYNTAX},
	{BYTES(INVITE FROM FROM END), SIP_REJECT_DUPLICATE},
	{BYTES(INVITE VIA "From: x\r\nTo: x\r\nCall-ID: a b\r\nCSeq: x\r\nl: x\r\n" END),
	 SIP_REJECT_CALL_ID},
};

static void test_verdicts(void **state)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		char *copy = exact_copy(verdicts[i].text, verdicts[i].len);
		struct sip_msg fast, ref;
		enum sip_reject is = sip_msg_parse(copy, verdicts[i].len, &fast);

		if (is != verdicts[i].reject)
			fail_msg("%zu: %s instead of %s\n%s", i, sip_reject_name(is),
				 sip_reject_name(verdicts[i].reject), verdicts[i].text);
		assert_int_equal(sip_msg_parse_reference(copy, verdicts[i].len, &ref), is);
		free(copy);
	}
}

static void test_limits(void **state)
{
	static const char head[] = INVITE FIVE;
	char *text = malloc(SIP_MAX_BYTES + 1);
	size_t len = sizeof(head) - 1;
	struct sip_msg msg;

	assert_non_null(text);
	memcpy(text, head, len);
	// Six lines are there.
	for (int line = 6; line < SIP_MAX_LINES; line++, len += 6)
		memcpy(text + len, "Y: z\r\n", 6);
	memcpy(text + len, "\r\n", 2);
	assert_int_equal(sip_msg_parse(text, len + 2, &msg), SIP_REJECT_NONE);
	assert_int_equal(msg.flags & SIP_BY_REFERENCE, 0);
	memcpy(text + len, "Y: z\r\n\r\n", 8);
	assert_int_equal(sip_msg_parse(text, len + 8, &msg), SIP_REJECT_TOO_LONG);

	len = sizeof(head) - 1;
	memset(text + len, 'x', SIP_MAX_HEADER_BYTES);
	memcpy(text + len, "X: ", 3);
	memcpy(text + SIP_MAX_HEADER_BYTES - 4, "\r\n\r\n", 4);
	assert_int_equal(sip_msg_parse(text, SIP_MAX_HEADER_BYTES, &msg), SIP_REJECT_NONE);
	assert_int_equal(msg.body_off, SIP_MAX_HEADER_BYTES);
	memcpy(text + SIP_MAX_HEADER_BYTES - 4, "x\r\n\r\n", 5);
	assert_int_equal(sip_msg_parse(text, SIP_MAX_HEADER_BYTES + 1, &msg), SIP_REJECT_TOO_LONG);

	memset(text, 'b', SIP_MAX_BYTES + 1);
	memcpy(text, head, len);
	memcpy(text + len, "\r\n", 2);
	assert_int_equal(sip_msg_parse(text, SIP_MAX_BYTES, &msg), SIP_REJECT_NONE);
	assert_int_equal(msg.body_len, SIP_MAX_BYTES - len - 2);
	assert_int_equal(sip_msg_parse(text, SIP_MAX_BYTES + 1, &msg), SIP_REJECT_TOO_LONG);
	free(text);
}

// What is in a message, as text: one line a field, in the order of struct sip_msg.
static void describe(const char *buf, const struct sip_msg *msg, char *out, size_t size)
{
	const struct {
		const char *name;
		struct sip_slice slice;
	} fields[] = {
		{"uri", msg->request_uri},
		{"call", msg->call_id},
		{"from", msg->from_uri},
		{"ftag", msg->from_tag},
		{"to", msg->to_uri},
		{"ttag", msg->to_tag},
		{"branch", msg->via_branch},
		{"by", msg->via_sent_by},
		{"pai", msg->asserted_uri[0]},
		{"pai2", msg->asserted_uri[1]},
		{"rpid", msg->remote_party_uri},
		{"pcpid", msg->called_party_uri},
		{"contact", msg->contact_uri},
		{"replaces", msg->replaces},
		{"agent", msg->user_agent},
	};
	static const char *const flags[] = {"response", "to-tag",  "from-tag", "length",
					    "folded",   "bare-lf", "cut",      "sdp"};
	size_t used = 0;

	used += (size_t)snprintf(out + used, size - used, "%s %u %u %s se=%u body=%u",
				 sip_method_name(msg->method), msg->status, msg->cseq,
				 sip_method_name(msg->cseq_method), msg->session_expires,
				 msg->body_len);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if ((msg->flags & 1 << i) != 0)
			used += (size_t)snprintf(out + used, size - used, " %s", flags[i]);
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].slice.len > 0)
			used += (size_t)snprintf(out + used, size - used, "\n%s=%.*s",
						 fields[i].name, fields[i].slice.len,
						 buf + fields[i].slice.off);
	}
}

#define COMMON                                                         \
	"\ncall=c1@h.example.com\nfrom=sip:alice@example.com\nftag=f1" \
	"\nto=sip:bob@example.com;user=phone\nttag=t1\nbranch=z9hG4bK1\nby=h.example.com:5060"
#define URI "\nuri=sip:bob@example.com"

static const struct {
	const char *text;
	bool usual; // taken by the fast parser
	const char *expect;
} contents[] = {
	{INVITE FIVE END, true, "INVITE 0 7 INVITE se=0 body=0 to-tag from-tag" URI COMMON},
	{OK FIVE "l: 3\r\n" END "abcdef", true,
	 "none 200 7 INVITE se=0 body=3 response to-tag from-tag length" COMMON},
	{INVITE FIVE END "abcdef", true,
	 "INVITE 0 7 INVITE se=0 body=6 to-tag from-tag" URI COMMON},
	{INVITE FIVE "Content-Length: 7\r\nc: application/sdp\r\n" END "v=0\r\n", true,
	 "INVITE 0 7 INVITE se=0 body=5 to-tag from-tag length cut sdp" URI COMMON},
	{INVITE FIVE "Content-Length: 0\r\nContent-Type: application/sdp\r\n" END, true,
	 "INVITE 0 7 INVITE se=0 body=0 to-tag from-tag length" URI COMMON},
	{OK "v: SIP/2.0/TCP [::1]\r\nf: <sip:a@b>\r\nt:<tel:+1>\r\ni:1\r\nCSEQ: 1 BYE\r\n" END,
	 true, "none 200 1 BYE se=0 body=0 response\ncall=1\nfrom=sip:a@b\nto=tel:+1\nby=[::1]"},
	{INVITE FIVE "x: 1800;refresher=uac\r\nReplaces: c9;to-tag=1;from-tag=2 \r\n"
		     "User-Agent: Some  Phone\r\nServer: no\r\n" END,
	 true,
	 "INVITE 0 7 INVITE se=1800 body=0 to-tag from-tag" URI COMMON
	 "\nreplaces=c9;to-tag=1;from-tag=2\nagent=Some  Phone"},
	{INVITE FIVE "Session-Expires: 99999999999\r\nUser-Agent:\r\nServer: yes\r\n" END, true,
	 "INVITE 0 7 INVITE se=0 body=0 to-tag from-tag" URI COMMON "\nagent=yes"},
	{INVITE FIVE "P-Asserted-Identity: \"A, <B>\" <sip:a@b>,<tel:+1>, <sip:c@d>\r\n" END, true,
	 "INVITE 0 7 INVITE se=0 body=0 to-tag from-tag" URI COMMON "\npai=sip:a@b\npai2=tel:+1"},
	{INVITE FIVE "P-Asserted-Identity: <sip:a@b>\r\np-asserted-identity: <tel:+1>\r\n" END,
	 true,
	 "INVITE 0 7 INVITE se=0 body=0 to-tag from-tag" URI COMMON "\npai=sip:a@b\npai2=tel:+1"},
	{INVITE FIVE "P-Asserted-Identity: tel:+1;x , sip:a@b\r\nP-Asserted-Identity: ,\r\n" END,
	 true,
	 "INVITE 0 7 INVITE se=0 body=0 to-tag from-tag" URI COMMON "\npai=tel:+1\npai2=sip:a@b"},
	{INVITE FIVE "Remote-Party-ID: \"R\" <sip:r@s>;party=calling\r\n"
		     "P-Called-Party-ID: <sip:p@q>\r\nContact: <sip:a@1.2.3.4>;x, <sip:no@no>\r\n"
		     "Contact: <sip:no@no>\r\n" END,
	 true,
	 "INVITE 0 7 INVITE se=0 body=0 to-tag from-tag" URI COMMON
	 "\nrpid=sip:r@s\npcpid=sip:p@q\ncontact=sip:a@1.2.3.4"},
	{OK FIVE "Contact: *\r\n" END, true,
	 "none 200 7 INVITE se=0 body=0 response to-tag from-tag" COMMON},
	{INVITE FIVE "Contact: <sip:broken\r\nRemote-Party-ID: nothing\r\n" END, true,
	 "INVITE 0 7 INVITE se=0 body=0 to-tag from-tag" URI COMMON},
	{"INVITE sip:b SIP/2.0\nVia: SIP/2.0/UDP h\nFrom: <sip:a@b>\nTo: <sip:c@d>\n"
	 "Call-ID: 1\nCSeq: 1 INVITE\n\nbody",
	 false,
	 "INVITE 0 1 INVITE se=0 body=4 "
	 "bare-lf\nuri=sip:b\ncall=1\nfrom=sip:a@b\nto=sip:c@d\nby=h"},
	{"\r\n\r\n" INVITE FIVE END, false,
	 "INVITE 0 7 INVITE se=0 body=0 to-tag from-tag" URI COMMON},
	{INVITE "Via:\r\n SIP/2.0/UDP\r\n\th.example.com:5060;branch=z9hG4bK1\r\n"
		"From : \"Alice\"\r\n <sip:alice@example.com>\r\n ;tag\r\n =\r\n f1\r\n"
		"TO\t:<sip:bob@example.com;user=phone> ; tag = t1 \r\n"
		"Call-ID:\r\n c1@h.example.com\r\n \r\nCSeq: 7\r\n INVITE\r\n" END,
	 true, "INVITE 0 7 INVITE se=0 body=0 to-tag from-tag folded" URI COMMON},
	{"NEW sip:bob@example.com SIP/2.0\r\n" VIA FROM TO CALL_ID "CSeq: 7 NEW\r\n" END, true,
	 "other 0 7 other se=0 body=0 to-tag from-tag" URI COMMON},
	{OK "Via: SIP/2.0/UDP h, SIP/2.0/UDP i;branch=2\r\nVia: SIP/2.0/UDP j;branch=3\r\n" FROM TO
		 CALL_ID CSEQ END,
	 true,
	 "none 200 7 INVITE se=0 body=0 response to-tag from-tag\ncall=c1@h.example.com"
	 "\nfrom=sip:alice@example.com\nftag=f1\nto=sip:bob@example.com;user=phone\nttag=t1\nby=h"},
	{OK VIA "From: <sip:a@b>;tag=\r\nTo: <sip:c@d>;tag\r\n" CALL_ID CSEQ END, true,
	 "none 200 7 INVITE se=0 body=0 response to-tag from-tag\ncall=c1@h.example.com"
	 "\nfrom=sip:a@b\nto=sip:c@d\nbranch=z9hG4bK1\nby=h.example.com:5060"},
};

static void test_contents(void **state)
{
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		size_t len = strlen(contents[i].text);
		char *copy = exact_copy(contents[i].text, len);
		char is[2048];
		struct sip_msg msg;

		if (sip_msg_parse(copy, len, &msg) != SIP_REJECT_NONE)
			fail_msg("rejected:\n%s", contents[i].text);
		describe(copy, &msg, is, sizeof(is));
		assert_string_equal(is, contents[i].expect);
		assert_int_equal((msg.flags & SIP_BY_REFERENCE) == 0, contents[i].usual);
		assert_int_equal(sip_msg_parse_reference(copy, len, &msg), SIP_REJECT_NONE);
		describe(copy, &msg, is, sizeof(is));
		assert_string_equal(is, contents[i].expect);
		free(copy);
	}
}

static void test_methods(void **state)
{
	for (int method = SIP_INVITE; method < SIP_OTHER_METHOD; method++) {
		const char *name = sip_method_name(method);
		size_t len = strlen(name);
		char *copy = exact_copy(name, len);

		assert_int_equal(sip_method_find(copy, len), method);
		assert_int_equal(sip_method_find(copy, len - 1), SIP_OTHER_METHOD);
		copy[len - 1] |= 0x20;
		assert_int_equal(sip_method_find(copy, len), SIP_OTHER_METHOD);
		free(copy);
	}
	assert_int_equal(sip_method_find("", 0), SIP_OTHER_METHOD);
	assert_int_equal(sip_method_find("SUBSCRIBER", 10), SIP_OTHER_METHOD);
}

static void test_names(void **state)
{
	for (int reject = SIP_REJECT_NONE; reject < SIP_REJECT_COUNT; reject++)
		assert_true(strlen(sip_reject_name(reject)) > 1);
	assert_string_equal(sip_reject_name(SIP_REJECT_NO_CALL_ID), "no-call-id");
	assert_string_equal(sip_reject_name(SIP_REJECT_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_contents), cmocka_unit_test(test_methods),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("msg", tests, NULL, NULL);
}
