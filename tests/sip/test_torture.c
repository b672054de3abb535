// SPDX-License-Identifier: Apache-2.0
// The messages of RFC 4475 and RFC 5118 against the verdicts stated in tests/corpus/README.md.
#include "sip/gate.h"
#include "sip/uri.h"
#include "tests/sip/sip_test.h"

enum { MESSAGES = 62 };

static const char *corpus_dir;

static void check_verdict(const char *name, const char *verdict, const char *reason)
{
	struct gate_policy calls = gate_policy_calls(false, false);
	struct gate_policy all = {.everything = true};
	enum gate_verdict gate;
	enum sip_reject reject;
	struct sip_msg msg;
	char path[1024], *text;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", corpus_dir, name);
	text = file_read(path, &len);
	gate = gate_classify(&calls, text, len);
	reject = sip_msg_parse(text, len, &msg);
	if (strcmp(sip_reject_name(reject), reason) != 0)
		fail_msg("%s: %s instead of %s", name, sip_reject_name(reject), reason);
	assert_int_equal(gate_classify(&all, text, len), GATE_PARSE);
	if (strcmp(verdict, "use") == 0)
		assert_true(gate == GATE_PARSE && reject == SIP_REJECT_NONE);
	else if (strcmp(verdict, "ignore") == 0)
		assert_true(gate == GATE_IGNORE && reject == SIP_REJECT_NONE);
	else if (strcmp(verdict, "invalid") == 0)
		assert_true(reject != SIP_REJECT_NONE);
	else
		fail_msg("%s: verdict \"%s\"", name, verdict);
	free(text);
}

static void test_verdicts(void **state)
{
	char path[1024], line[512], name[64], verdict[16], reason[32];
	unsigned int rows = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/README.md", corpus_dir);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "| rfc%59s | %15s | %31s |", name, verdict, reason) != 3)
			continue;
		memmove(name + 3, name, strlen(name) + 1);
		memcpy(name, "rfc", 3);
		check_verdict(name, verdict, reason);
		rows++;
	}
	fclose(file);
	assert_int_equal(rows, MESSAGES);
}

static unsigned int count_messages(const char *folder)
{
	char path[1024];
	struct dirent *entry;
	unsigned int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", corpus_dir, folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += strstr(entry->d_name, ".dat") != NULL;
	closedir(dir);
	return count;
}

static void test_no_message_without_a_row(void **state)
{
	assert_int_equal(count_messages("rfc4475") + count_messages("rfc5118"), MESSAGES);
}

static const struct {
	const char *name;
	const char *from_tag, *to_uri, *to_tag, *branch, *sent_by, *call_id;
} fields[] = {
	{"rfc4475/wsinv.dat", "98asjd8", "sip:vivekg@chair-dnrc.example.com", "1918181833n",
	 "390skdjuw", "192.0.2.2", "wsinv.ndaksdj@192.0.2.1"},
	{"rfc4475/intmeth.dat", "_token~1'+`*%!-.",
	 "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com", "",
	 "z9hG4bK-.!%66*_+`'~", "host1.example.com",
	 "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"},
	{"rfc4475/dblreq.dat", "43251j3j324", "sip:j.user@example.com", "", "z9hG4bKkdjuw23492",
	 "192.0.2.125", "dblreq.0ha0isndaksdj99sdfafnl3lk233412"},
	{"rfc4475/inv2543.dat", "", "sip:+16505552222@ss1.example.net", "", "", "iftgw.example.com",
	 "inv2543.1717@ift.client.example.com"},
	{"rfc5118/mult-ip-in-header.dat", "81x2", "sip:user@example.net", "9817--94",
	 "z9hG4bKas3-111", "[2001:db8::9:1]:6050", "997077@lau_4100"},
	{"rfc5118/via-received-param-no-delim.dat", "81x2", "sip:user@example.com", "",
	 "z9hG4bKas3", "[2001:db8::9:1]", "SSG95523997077@hlau_4100"},
};

static void test_fields(void **state)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct sip_msg msg;
		char path[1024], *text;
		size_t len;

		snprintf(path, sizeof(path), "%s/%s", corpus_dir, fields[i].name);
		text = file_read(path, &len);
		assert_int_equal(sip_msg_parse(text, len, &msg), SIP_REJECT_NONE);
		assert_slice(text, msg.from_tag, fields[i].from_tag, fields[i].name);
		assert_slice(text, msg.to_uri, fields[i].to_uri, fields[i].name);
		assert_slice(text, msg.to_tag, fields[i].to_tag, fields[i].name);
		assert_slice(text, msg.via_branch, fields[i].branch, fields[i].name);
		assert_slice(text, msg.via_sent_by, fields[i].sent_by, fields[i].name);
		assert_slice(text, msg.call_id, fields[i].call_id, fields[i].name);
		free(text);
	}
}

static void test_bad_request_uri(void **state)
{
	struct sip_msg msg;
	struct sip_uri uri;
	char path[1024], *text;
	size_t len;

	snprintf(path, sizeof(path), "%s/rfc5118/ipv6-bad.dat", corpus_dir);
	text = file_read(path, &len);
	assert_int_equal(sip_msg_parse(text, len, &msg), SIP_REJECT_NONE);
	assert_true(sip_uri_parse(text + msg.request_uri.off, msg.request_uri.len, &uri) < 0);
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_no_message_without_a_row),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_bad_request_uri),
	};

	if (argc < 2) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return 2;
	}
	corpus_dir = argv[1];
	return cmocka_run_group_tests_name("torture", tests, NULL, NULL);
}
