// SPDX-License-Identifier: Apache-2.0
// libosip2 as an oracle: on whole calls, on the torture messages and on a table of odd ones it
// reads the same fields as our parsers, but for the differences in osip_differences.c.
#include "bench/parse/parsers.h"
#include "bench/sample_calls.h"
#include "tests/sip/osip_differences.h"
#include "tests/sip/sip_test.h"

enum { CALLS = 300 };

static const char *corpus_dir;

#define INVITE "INVITE sip:bob@example.com SIP/2.0\r\n"
#define OK     "SIP/2.0 200 OK\r\n"
#define VIA    "Via: SIP/2.0/UDP h.example.com:5060;branch=z9hG4bK1\r\n"
#define FROM   "From: \"Alice\" <sip:alice@example.com>;tag=f1\r\n"
#define TO     "To: <sip:bob@example.com>;tag=t1\r\n"
#define ID     "Call-ID: c1@h.example.com\r\n"
#define CSEQ   "CSeq: 7 INVITE\r\n"

static const struct {
	const char *name;
	const char *text;
} odd[] = {
	{"compact", OK "v: SIP/2.0/UDP h;branch=1\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>;tag=2\r\n"
		       "i: c1\r\nCSeq: 1 BYE\r\nl: 0\r\n\r\n"},
	{"lf-only", "SIP/2.0 200 OK\nVia: SIP/2.0/UDP h;branch=1\nFrom: <sip:a@b>;tag=1\n"
		    "To: <sip:c@d>;tag=2\nCall-ID: c1\nCSeq: 1 BYE\nContent-Length: 0\n\n"},
	{"folded", INVITE "Via: SIP/2.0/UDP h.example.com\r\n ;branch=z9hG4bK1\r\n"
			  "From: \"A\"\r\n <sip:a@b>\r\n\t;tag=1\r\n" TO ID
			  "CSeq:\r\n 7 INVITE\r\nContent-Length: 0\r\n\r\n"},
	{"quoted-bracket",
	 INVITE VIA "From: \"a>b;tag=x, <sip:no@no>\" <sip:a@b>;tag=1\r\n" TO ID CSEQ
		    "Content-Length: 0\r\n\r\n"},
	{"escaped-quote",
	 INVITE VIA "From: \"a \\\" <sip:no@no>;tag=2\" <sip:a@b>;tag=1\r\n" TO ID CSEQ
		    "Content-Length: 0\r\n\r\n"},
	{"addr-spec",
	 INVITE VIA "From: sip:a@b;tag=1\r\nTo: sip:c@d\r\n" ID CSEQ "Content-Length: 0\r\n\r\n"},
	{"ipv6", INVITE "Via: SIP/2.0/UDP [2001:db8::1]:5060;branch=1\r\n"
			"From: <sip:a@[2001:db8::1]:5060>;tag=1\r\n" TO ID CSEQ
			"Content-Length: 0\r\n\r\n"},
	{"via-list",
	 INVITE "Via: SIP/2.0/UDP h;branch=1, SIP/2.0/UDP i;branch=2\r\n" FROM TO ID CSEQ
		"Content-Length: 0\r\n\r\n"},
	{"no-branch", INVITE "Via: SIP/2.0/UDP h\r\n" FROM TO ID CSEQ "Content-Length: 0\r\n\r\n"},
	{"header-case", INVITE "vIA: SIP/2.0/UDP h;BRANCH=1\r\nfROM: <sip:a@b>;TAG=1\r\n"
			       "tO: <sip:c@d>\r\ncALL-iD: c1\r\ncSEQ: 7 INVITE\r\n"
			       "cONTENT-lENGTH: 0\r\n\r\n"},
	{"lws-colon",
	 INVITE "Via : SIP/2.0/UDP h;branch=1\r\nFrom\t: <sip:a@b>;tag=1\r\n" TO ID CSEQ
		"Content-Length : 0\r\n\r\n"},
	{"length-hex", INVITE VIA FROM TO ID CSEQ "Content-Length: 0x4\r\n\r\nbody"},
	{"length-sign", INVITE VIA FROM TO ID CSEQ "Content-Length: +4\r\n\r\nbody"},
	{"length-wraps", INVITE VIA FROM TO ID CSEQ "Content-Length: 4294967300\r\n\r\nbody"},
	{"length-twice", INVITE VIA FROM TO ID CSEQ "l: 4\r\nContent-Length: 4\r\n\r\nbody"},
	{"to-twice", INVITE VIA FROM TO TO ID CSEQ "Content-Length: 0\r\n\r\n"},
	{"from-twice", INVITE VIA FROM FROM TO ID CSEQ "Content-Length: 0\r\n\r\n"},
	{"call-id-twice", INVITE VIA FROM TO ID ID CSEQ "Content-Length: 0\r\n\r\n"},
	{"cseq-twice", INVITE VIA FROM TO ID CSEQ CSEQ "Content-Length: 0\r\n\r\n"},
	{"no-via", INVITE FROM TO ID CSEQ "Content-Length: 0\r\n\r\n"},
	{"no-colon", INVITE VIA FROM TO ID CSEQ "Foobar\r\nContent-Length: 0\r\n\r\n"},
	{"tag-twice",
	 INVITE VIA "From: <sip:a@b>;tag=1;tag=2\r\n" TO ID CSEQ "Content-Length: 0\r\n\r\n"},
	{"tag-quoted",
	 INVITE VIA "From: <sip:a@b>;tag=\"1\"\r\n" TO ID CSEQ "Content-Length: 0\r\n\r\n"},
	{"tag-empty", INVITE VIA "From: <sip:a@b>;tag=\r\n" TO ID CSEQ "Content-Length: 0\r\n\r\n"},
	{"tel", INVITE VIA "From: <tel:+1201>;tag=1\r\n" TO ID CSEQ "Content-Length: 0\r\n\r\n"},
	{"new-method",
	 "NEW sip:b SIP/2.0\r\n" VIA FROM TO ID "CSeq: 7 NEW\r\nContent-Length: 0\r\n\r\n"},
	{"stray-cr", INVITE VIA FROM TO ID CSEQ "X: a\rb\r\nContent-Length: 0\r\n\r\n"},
	{"no-reason", "SIP/2.0 200\r\n" VIA FROM TO ID CSEQ "Content-Length: 0\r\n\r\n"},
	{"crlf-first", "\r\n\r\n" INVITE VIA FROM TO ID CSEQ "Content-Length: 0\r\n\r\n"},
};

static unsigned int known[64];
static unsigned int unexplained;

static enum osip_difference_kind compare(const char *text, size_t len)
{
	static char ours[FIELDS_BYTES], theirs[FIELDS_BYTES];
	struct fields fields;
	bool we, they;

	we = fast_parse(text, len, &fields);
	if (we)
		fields_write(&fields, ours);
	they = peer_osip_parse(text, len, &fields);
	if (they)
		fields_write(&fields, theirs);
	peer_osip_release();
	if (we != they)
		return we ? OSIP_REJECTS : OSIP_ACCEPTS;
	return we && strcmp(ours, theirs) != 0 ? OSIP_DIFFERS : OSIP_AGREES;
}

static void check(const char *name, const char *text, size_t len)
{
	static const char *const kinds[] = {"agrees", "accepts", "rejects", "differs"};
	char *copy = exact_copy(text, len);
	enum osip_difference_kind is = compare(copy, len), expect = OSIP_AGREES;

	for (size_t i = 0; i < osip_difference_count; i++) {
		if (strcmp(osip_differences[i].message, name) == 0) {
			expect = osip_differences[i].kind;
			known[i]++;
		}
	}
	if (is != expect) {
		print_error("%s: libosip2 %s, the table says %s\n", name, kinds[is], kinds[expect]);
		unexplained++;
	}
	free(copy);
}

static void test_calls(void **state)
{
	struct sample_set set;

	assert_int_equal(sample_calls_make(&set, CALLS), 0);
	for (size_t i = 0; i < set.count; i++) {
		if (compare(set.samples[i].text, set.samples[i].len) != OSIP_AGREES)
			fail_msg("%.*s", (int)set.samples[i].len, set.samples[i].text);
	}
	sample_set_fini(&set);
}

static void check_folder(const char *folder)
{
	char path[1024], name[300];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", corpus_dir, folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char *text;
		size_t len;

		if (strstr(entry->d_name, ".dat") == NULL)
			continue;
		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		snprintf(path, sizeof(path), "%s/%s", corpus_dir, name);
		text = file_read(path, &len);
		check(name, text, len);
		free(text);
	}
	closedir(dir);
}

static void test_differences_are_explained(void **state)
{
	check_folder("rfc4475");
	check_folder("rfc5118");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		check(odd[i].name, odd[i].text, strlen(odd[i].text));
	for (size_t i = 0; i < osip_difference_count; i++) {
		if (known[i] != 1) {
			print_error("%s: in the table, but no such message\n",
				    osip_differences[i].message);
			unexplained++;
		}
		assert_int_equal(strncmp(osip_differences[i].section, "RFC ", 4), 0);
	}
	assert_int_equal(unexplained, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_differences_are_explained),
	};

	if (argc < 2) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return 2;
	}
	corpus_dir = argv[1];
	peer_osip_init();
	return cmocka_run_group_tests_name("osip_agree", tests, NULL, NULL);
}
