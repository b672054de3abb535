// SPDX-License-Identifier: Apache-2.0
// The same values through value.c (what is usual) and ref_value.c (what is right): a value that the
// fast side takes must come out alike, one that it leaves must be a known unusual one.
#include "sip/value_parameter.h"

#include "sip/ref_value.h"
#include "sip/uri.h"
#include "tests/sip/sip_test.h"

enum outcome {
	BOTH,    // usual
	UNUSUAL, // right, but left to the reference parser
	WRONG,
};

static const struct {
	const char *value;
	enum outcome outcome;
	const char *uri, *tag; // tag NULL: none
} parties[] = {
	{"<sip:a@b>", BOTH, "sip:a@b", NULL},
	{"<sip:a@b>;tag=1", BOTH, "sip:a@b", "1"},
	{"<sip:a@b;tag=no>;TAG=1", BOTH, "sip:a@b;tag=no", "1"},
	{"<sip:a@b>;x;tag=1;y=z", BOTH, "sip:a@b", "1"},
	{"<sip:a@b>;tag=", BOTH, "sip:a@b", ""},
	{"<sip:a@b>;tag", BOTH, "sip:a@b", ""},
	{"<sip:a@b>;tag=YWJj==", BOTH, "sip:a@b", "YWJj=="},
	{"Alice <sip:a@b>;tag=1", BOTH, "sip:a@b", "1"},
	{"Alice B. Example <sip:a@b>", BOTH, "sip:a@b", NULL},
	{"Alice<sip:a@b>", BOTH, "sip:a@b", NULL},
	{"\"Alice\" <sip:a@b>", BOTH, "sip:a@b", NULL},
	{"\"Alice\"<sip:a@b>", BOTH, "sip:a@b", NULL},
	{"\"\" <sip:a@b>", BOTH, "sip:a@b", NULL},
	{"\"a>b;tag=x, <sip:no@no>\" <sip:a@b>;tag=1", BOTH, "sip:a@b", "1"},
	{"\"a \\\" <sip:no@no>;tag=2\" <sip:a@b>;tag=1", BOTH, "sip:a@b", "1"},
	{"\"a\\\\\" <sip:a@b>;tag=1", BOTH, "sip:a@b", "1"},
	{"<sip:a@b>;x=\";tag=no\\\"\";tag=1", BOTH, "sip:a@b", "1"},
	{"<tel:+1-201-555-0123;phone-context=x>;tag=1", BOTH, "tel:+1-201-555-0123;phone-context=x",
	 "1"},
	{"<sips:[2001:db8::1]:5061>;tag=1", BOTH, "sips:[2001:db8::1]:5061", "1"},
	{"sip:a@b;tag=1", BOTH, "sip:a@b", "1"},
	{"sip:a@b", BOTH, "sip:a@b", NULL},
	{"sip:a@b ;\ttag = 1", UNUSUAL, "sip:a@b", "1"},
	{"<sip:a@b> ; tag=1", BOTH, "sip:a@b", "1"},
	{"sip:a@b ", BOTH, "sip:a@b", NULL},
	{"sip:a@b ;tag=1", BOTH, "sip:a@b", "1"},
	{"sip:a@b?x=y;tag=1", WRONG, NULL, NULL},
	{"sip:a@b c;tag=1", WRONG, NULL, NULL},
	{"sip:a@b c <sip:d@e>;tag=1", BOTH, "sip:d@e", "1"},
	{"sip:a@b\r\n <sip:d@e>;tag=1", UNUSUAL, "sip:d@e", "1"},
	{"sip:a@b c\r\n <sip:d@e>;tag=1", UNUSUAL, "sip:d@e", "1"},
	{"  <sip:a@b>  ", BOTH, "sip:a@b", NULL},
	{"  \"A\" <sip:a@b> ;tag=1 ; x=y ", BOTH, "sip:a@b", "1"},
	{"<sip:a@b>;tag =1", UNUSUAL, "sip:a@b", "1"},
	{"<sip:a@b>;tag= 1", UNUSUAL, "sip:a@b", "1"},
	{"<sip:a@b>;tag= ;x", BOTH, "sip:a@b", ""},
	{"<sip:a@b>;tag=1 ; ; x", WRONG, NULL, NULL},
	{"<sip:alice@example.com:5061;transport=tls>", BOTH,
	 "sip:alice@example.com:5061;transport=tls", NULL},
	{"<sip:alice@example.com:99999>", BOTH, "sip:alice@example.com:99999", NULL},
	{"<sip:alice@example.com;maddr=c@d?e=f>", BOTH, "sip:alice@example.com;maddr=c@d?e=f",
	 NULL},
	{"<sip:alice:secret@example.com>", BOTH, "sip:alice:secret@example.com", NULL},
	{"<sips:alice@example.com>", BOTH, "sips:alice@example.com", NULL},
	{"<sip:example.com>;x=@", BOTH, "sip:example.com", NULL},
	{"<sip:example.com:5060>", BOTH, "sip:example.com:5060", NULL},
	{"<sip:a@exam!ple.com>", BOTH, "sip:a@exam!ple.com", NULL},
	{"<sip:@example.com>", BOTH, "sip:@example.com", NULL},
	{"<sip:alice@>", BOTH, "sip:alice@", NULL},
	{"<sip:abcdefghijklmnopqrstuvwxyz0@h>", BOTH, "sip:abcdefghijklmnopqrstuvwxyz0@h", NULL},
	{"<sip:abcdefghijklmnopqrstuvwxyz01@h>", BOTH, "sip:abcdefghijklmnopqrstuvwxyz01@h", NULL},
	{"<sip:a@abcdefghijklmnopqrstuvwxyz01234>", BOTH, "sip:a@abcdefghijklmnopqrstuvwxyz01234",
	 NULL},
	{"<sip:a@abcdefghijklmnopqrstuvwxyz012345;x>", BOTH,
	 "sip:a@abcdefghijklmnopqrstuvwxyz012345;x", NULL},
	{"sip:a@b.example.com;tag=1", BOTH, "sip:a@b.example.com", "1"},
	{"<isbn:123>;tag=1", BOTH, "isbn:123", "1"},
	{"<sip:wow!@b>;tag=1", BOTH, "sip:wow!@b", "1"},
	{"\xc3\x84rzte <sip:a@b>;tag=1", BOTH, "sip:a@b", "1"},
	{"a=b <sip:a@b>;tag=1", BOTH, "sip:a@b", "1"},
	{"\r\n \"A\"\r\n\t<sip:a@b>\r\n ;tag=1", UNUSUAL, "sip:a@b", "1"},
	{"", WRONG, NULL, NULL},
	{"<>", WRONG, NULL, NULL},
	{"<sip:>", WRONG, NULL, NULL},
	{"<sip:a@b", WRONG, NULL, NULL},
	{"<sip:a@b>x", WRONG, NULL, NULL},
	{"<sip:a@b>;", WRONG, NULL, NULL},
	{"<sip:a@b>;;tag=1", WRONG, NULL, NULL},
	{"<sip:a@b>;=1", WRONG, NULL, NULL},
	{"<sip:a@b>;tag=1;tag=2", WRONG, NULL, NULL},
	{"<sip:a@b>;tag=\"1\"", WRONG, NULL, NULL},
	{"<sip:a@b>;x=\"1", WRONG, NULL, NULL},
	{"<sip:a@b>;tag=1,<sip:c@d>", WRONG, NULL, NULL},
	{"< sip:a@b >;tag=1", WRONG, NULL, NULL},
	{"<sip:a b@c>", WRONG, NULL, NULL},
	{"<alice@example.com>", WRONG, NULL, NULL},
	{"alice", WRONG, NULL, NULL},
	{"\"Alice <sip:a@b>", WRONG, NULL, NULL},
	{"\"Alice\\\" <sip:a@b>", WRONG, NULL, NULL},
	{"\"Alice\" sip:a@b", WRONG, NULL, NULL},
	{"Alice \"B\" <sip:a@b>", WRONG, NULL, NULL},
	{"Bell, Alexander <sip:a@b>;tag=1", WRONG, NULL, NULL},
	{"sip:a@b?Route=x;tag=1", WRONG, NULL, NULL},
	{"sip:a@b,sip:c@d", WRONG, NULL, NULL},
};

static const struct {
	const char *value;
	enum outcome outcome;
	const char *sent_by, *branch;
} vias[] = {
	{"SIP/2.0/UDP h;branch=z9hG4bK1", BOTH, "h", "z9hG4bK1"},
	{"SIP/2.0/TCP h:5060;rport;branch=z9hG4bK1", BOTH, "h:5060", "z9hG4bK1"},
	{"SIP/2.0/TLS [2001:db8::1]:5061;alias;BRANCH=x", BOTH, "[2001:db8::1]:5061", "x"},
	{"SIP/2.0/UDP h", BOTH, "h", ""},
	{"SIP/2.0/UDP h,SIP/2.0/UDP i;branch=no", BOTH, "h", ""},
	{"SIP/2.0/UDP h;branch=1,garbage", BOTH, "h", "1"},
	{"SIP/2.0/TLS h;ms-received-port=5;ms-received-cid=A00;branch=1", BOTH, "h", "1"},
	{"SIP/2.0/UDP h;x=\";branch=no\";branch=1", BOTH, "h", "1"},
	{"SIP/2.0/UDP h;received=2001:db8::9:255;branch=1", BOTH, "h", "1"},
	{"SIP/2.0/UDP h;branch=1;branch=2", BOTH, "h", "1"},
	{"SIP/2.0/UDP h;branch=1;;", BOTH, "h", "1"},
	{"SIP/2.0/UDP h;branch= 1", UNUSUAL, "h", "1"},
	{"SIP/2.0/UDP h;branch;x", UNUSUAL, "h", ""},
	{"SIP/2.0/UDP h;branched=1;branch=2", BOTH, "h", "2"},
	{"SIP/2.0/udp h;branch=1", BOTH, "h", "1"},
	{"SIP/2.0/TLS-SCTP h;branch=1", BOTH, "h", "1"},
	{"SIP/2.0/SCTP  h ; x ; branch=1 ; y", BOTH, "h", "1"},
	{"SIP/2.0/UDP h ", BOTH, "h", ""},
	{"SIP/2.0/UDP h;x=\"a b\" ;branch=1", BOTH, "h", "1"},
	{"SIP/2.0/WSS h;branch=1", BOTH, "h", "1"},
	{"sip/2.0/udp h;branch=1", UNUSUAL, "h", "1"},
	{"SIP / 2.0 / UDP\t h ; branch = 1 , x", UNUSUAL, "h", "1"},
	{"SIP/2.0/UDP h : 5060;branch=1", UNUSUAL, "h : 5060", "1"},
	{"SIP/2.0/UDP h: 5060;branch=1", UNUSUAL, "h: 5060", "1"},
	{"", WRONG, NULL, NULL},
	{"SIP/2.0/UDP", WRONG, NULL, NULL},
	{"SIP/2.0/UDP ", WRONG, NULL, NULL},
	{"SIP/2.0/UDP ;branch=1", WRONG, NULL, NULL},
	{"SIP/3.0/UDP h;branch=1", WRONG, NULL, NULL},
	{"HTTP/2.0/UDP h;branch=1", WRONG, NULL, NULL},
	{"SIP/2.0 UDP h;branch=1", WRONG, NULL, NULL},
	{"SIP/2.0/UDPh;branch=1", WRONG, NULL, NULL},
	{"SIP/2.0/UDP h;;branch=1", WRONG, NULL, NULL},
	{"SIP/2.0/UDP h;;,;,,", WRONG, NULL, NULL},
	{"SIP/2.0/UDP h;branch=\"1\"", WRONG, NULL, NULL},
	{"SIP/2.0/UDP h i;branch=1", WRONG, NULL, NULL},
};

static void assert_text(const char *at, size_t len, const char *expect, const char *what)
{
	if (len != strlen(expect) || memcmp(at, expect, len) != 0)
		fail_msg("%s: \"%.*s\" instead of \"%s\"", what, (int)len, at, expect);
}

static void check_outcome(const char *what, enum outcome outcome, bool fast, bool reference)
{
	if (fast != (outcome == BOTH) || reference != (outcome != WRONG))
		fail_msg("\"%s\": fast %d, reference %d", what, fast, reference);
}

// One line with the value, as the fast parser meets it: no control characters but those behind it.
struct line {
	char *copy;
	size_t len; // of the value
	struct value value;
	bool is_indexed; // a folded value is more than one line
};

static void line_init(struct line *line, const char *text)
{
	static const char head[] =
		"INVITE sip:somebody.else@some.host.example.com SIP/2.0\r\nX-Some-Name:";
	uint32_t at = sizeof(head) - 1;
	char whole[512];
	int len = snprintf(whole, sizeof(whole), "%s%s\r\n\r\n", head, text);

	line->len = strlen(text);
	line->copy = exact_copy(whole, (size_t)len);
	line->is_indexed = strpbrk(text, "\r\n\t") == NULL;
	line->value = (struct value){.text = {.buf = line->copy, .last = (uint32_t)len - BLOCK},
				     .at = at,
				     .end = at + (uint32_t)line->len};
	while (line->copy[line->value.at] == ' ')
		line->value.at++;
}

static struct ref_cursor line_cursor(const struct line *line)
{
	const char *end = line->copy + line->value.end;

	return (struct ref_cursor){end - line->len, end};
}

static void check_split(const char *buf, struct sip_slice uri, struct sip_slice user,
			struct sip_slice host)
{
	char users[64] = "", hosts[64] = "";
	struct sip_uri parts;

	if (sip_uri_parse_reference(buf + uri.off, uri.len, &parts) == 0 &&
	    parts.scheme <= SIP_SCHEME_SIPS) {
		memcpy(users, buf + uri.off + parts.user.off, parts.user.len);
		memcpy(hosts, buf + uri.off + parts.host.off, parts.host.len);
	}
	assert_text(buf + user.off, user.len, users, "user");
	assert_text(buf + host.off, host.len, hosts, "host");
}

static void test_party(void **state)
{
	for (size_t i = 0; i < sizeof(parties) / sizeof(parties[0]); i++) {
		const char *text = parties[i].value;
		struct line line;
		struct sip_slice uri = {0}, tag = {0}, user = {0}, host = {0};
		const struct party party = {&uri, &tag, &user, &host};
		struct ref_party ref;
		bool is_usual, is_right;
		int tags;

		line_init(&line, text);
		tags = line.is_indexed ? value_party(&line.value, &party) : -1;
		is_usual = tags >= 0;
		is_right = ref_party(line_cursor(&line), &ref);

		check_outcome(text, parties[i].outcome, is_usual, is_right);
		if (is_right) {
			assert_text(ref.uri.at, (size_t)(ref.uri.end - ref.uri.at), parties[i].uri,
				    text);
			assert_int_equal(ref.has_tag, parties[i].tag != NULL);
			if (ref.has_tag)
				assert_text(ref.tag.at, (size_t)(ref.tag.end - ref.tag.at),
					    parties[i].tag, text);
		}
		if (is_usual) {
			assert_text(line.copy + uri.off, uri.len, parties[i].uri, text);
			assert_int_equal(tags, parties[i].tag != NULL);
			if (tags > 0)
				assert_text(line.copy + tag.off, tag.len, parties[i].tag, text);
			check_split(line.copy, uri, user, host);
		}
		free(line.copy);
	}
}

static void test_via(void **state)
{
	for (size_t i = 0; i < sizeof(vias) / sizeof(vias[0]); i++) {
		const char *text = vias[i].value;
		struct line line;
		struct sip_slice sent_by = {0}, branch = {0};
		struct ref_via ref;
		bool is_usual, is_right;

		line_init(&line, text);
		is_usual = line.is_indexed && value_via(&line.value, &sent_by, &branch);
		is_right = ref_via(line_cursor(&line), &ref);

		check_outcome(text, vias[i].outcome, is_usual, is_right);
		if (is_right) {
			assert_text(ref.sent_by.at, (size_t)(ref.sent_by.end - ref.sent_by.at),
				    vias[i].sent_by, text);
			assert_text(ref.branch.at, (size_t)(ref.branch.end - ref.branch.at),
				    vias[i].branch, text);
		}
		if (is_usual) {
			assert_text(line.copy + sent_by.off, sent_by.len, vias[i].sent_by, text);
			assert_text(line.copy + branch.off, branch.len, vias[i].branch, text);
		}
		free(line.copy);
	}
}

static const struct {
	const char *value;
	enum outcome outcome;
	uint32_t number;
	const char *method;
} sequences[] = {
	{"1 INVITE", BOTH, 1, "INVITE"},
	{"0009 BYE", BOTH, 9, "BYE"},
	{"0 ACK", BOTH, 0, "ACK"},
	{"999999999 REGISTER", BOTH, 999999999, "REGISTER"},
	{"4294967295 INVITE", BOTH, 4294967295, "INVITE"},
	{"1234567890 UPDATE", BOTH, 1234567890, "UPDATE"},
	{"4294967296 INVITE", WRONG, 0, NULL},
	{"9999999999 INVITE", WRONG, 0, NULL},
	{"1 SUBSCRIBE", BOTH, 1, "SUBSCRIBE"},
	{"1 UBSCRIBE", UNUSUAL, 1, "UBSCRIBE"},
	{"1 XUBSCRIBE", UNUSUAL, 1, "XUBSCRIBE"},
	{"12345678x1 INVITE", WRONG, 0, NULL},
	{"1x INVITE", WRONG, 0, NULL},
	{"00000000000000000001 INVITE", UNUSUAL, 1, "INVITE"},
	{"1  INVITE", UNUSUAL, 1, "INVITE"},
	{"1\r\n INVITE", UNUSUAL, 1, "INVITE"},
	{"1 NEWMETHOD", UNUSUAL, 1, "NEWMETHOD"},
	{"1 invite", UNUSUAL, 1, "invite"},
	{"4294967296 INVITE", WRONG, 0, NULL},
	{"36893488147419103232 REGISTER", WRONG, 0, NULL},
	{"-1 INVITE", WRONG, 0, NULL},
	{"+1 INVITE", WRONG, 0, NULL},
	{"0x1 INVITE", WRONG, 0, NULL},
	{"1INVITE", WRONG, 0, NULL},
	{"INVITE", WRONG, 0, NULL},
	{"1", WRONG, 0, NULL},
	{"1 ", WRONG, 0, NULL},
	{"", WRONG, 0, NULL},
	{"1 INVITE 2", WRONG, 0, NULL},
	{"1 INV@TE", WRONG, 0, NULL},
};

static void test_cseq(void **state)
{
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		const char *text = sequences[i].value;
		struct line line;
		uint32_t fast_number = 0, number = 0;
		const struct method_slot *fast_method = NULL;
		struct ref_text method;
		bool is_usual, is_right;

		line_init(&line, text);
		if (line.is_indexed)
			fast_method = value_cseq(&line.value, &fast_number);
		is_usual = fast_method != NULL;
		is_right = ref_cseq(line_cursor(&line), &number, &method);

		check_outcome(text, sequences[i].outcome, is_usual, is_right);
		if (is_right) {
			assert_int_equal(number, sequences[i].number);
			assert_text(method.at, (size_t)(method.end - method.at),
				    sequences[i].method, text);
		}
		if (is_usual) {
			assert_int_equal(fast_number, sequences[i].number);
			assert_string_equal(sip_method_name(fast_method->method),
					    sequences[i].method);
		}
		free(line.copy);
	}
}

static const struct {
	const char *value;
	enum outcome outcome;
	uint64_t number;
} lengths[] = {
	{"0", BOTH, 0},
	{"000349", BOTH, 349},
	{"0123456789", BOTH, 123456789},
	{"2147483647", BOTH, 2147483647},
	{" 349", BOTH, 349},
	{" 349 ", UNUSUAL, 349},
	{"2147483648", UNUSUAL, 2147483648},
	{"0000000000000349", UNUSUAL, 349},
	{"2147483649", WRONG, 0},
	{"4294967328", WRONG, 0}, // 2^32 + 32
	{"18446744073709551616", WRONG, 0},
	{"-999", WRONG, 0},
	{"+4", WRONG, 0},
	{"0x10", WRONG, 0},
	{"12abc", WRONG, 0},
	{"1 2", WRONG, 0},
	{"1,2", WRONG, 0},
	{"", WRONG, 0},
	{" ", WRONG, 0},
};

static void test_content_length(void **state)
{
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const char *text = lengths[i].value;
		struct line line;
		uint32_t fast = 0;
		uint64_t number = 0;
		bool is_usual, is_right;

		line_init(&line, text);
		is_usual = line.is_indexed && value_number(&line.value, &fast);
		is_right = ref_number(line_cursor(&line), UINT64_C(1) << 31, &number);

		check_outcome(text, lengths[i].outcome, is_usual, is_right);
		if (is_right)
			assert_int_equal(number, lengths[i].number);
		if (is_usual)
			assert_int_equal(fast, lengths[i].number);
		free(line.copy);
	}
}

static void test_content_type(void **state)
{
	static const struct {
		const char *value;
		bool usual, sdp;
	} types[] = {
		{"application/sdp", true, true},
		{"Application/SDP;charset=utf-8", true, true},
		{"application/sdpx", true, false},
		{"application/pidf+xml", true, false},
		{"multipart/mixed;boundary=\"a\"", true, false},
		{"application / sdp", false, true},
		{"application/sdp ; x", false, true},
		{"application/sdp,x", true, false},
		{"", true, false},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct line line;
		bool is_sdp = false;

		line_init(&line, types[i].value);
		assert_int_equal(line.is_indexed && value_content_type(&line.value, &is_sdp),
				 types[i].usual);
		if (types[i].usual)
			assert_int_equal(is_sdp, types[i].sdp);
		assert_int_equal(ref_is_sdp(line_cursor(&line)), types[i].sdp);
		free(line.copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_party),        cmocka_unit_test(test_via),
		cmocka_unit_test(test_cseq),         cmocka_unit_test(test_content_length),
		cmocka_unit_test(test_content_type),
	};

	return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
