// SPDX-License-Identifier: Apache-2.0
#include "presence/directory/directory.h"
#include "presence/directory/normal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/settings.h"

static struct settings settings;
static char path[] = "/tmp/offhook-directory-XXXXXX";
static char log_path[] = "/tmp/offhook-directory-log-XXXXXX";

static int setup(void **state)
{
	int fd = mkstemp(path), log_fd = mkstemp(log_path);

	if (fd < 0 || log_fd < 0)
		return -1;
	close(fd);
	close(log_fd);
	log_init("test", LOG_TO_STDERR, LOG_INFO);
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	unlink(log_path);
	return 0;
}

static void file_write(const char *text, size_t len)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
	memset(&settings, 0, sizeof(settings));
	snprintf(settings.directory.file, sizeof(settings.directory.file), "%s", path);
}

static void rule_add(const char *match, const char *replace)
{
	struct settings_rule *rule =
		&settings.directory.number_rule[settings.directory.number_rule_count++];

	snprintf(rule->match, sizeof(rule->match), "%s", match);
	snprintf(rule->replace, sizeof(rule->replace), "%s", replace);
}

struct found {
	uint64_t ticket;
	char aor[256], display[256];
};

static void found_take(void *ctx, uint64_t ticket, const struct directory_person *person)
{
	struct found *found = ctx;

	found->ticket = ticket;
	snprintf(found->aor, sizeof(found->aor), "%s", person != NULL ? person->aor : "-");
	snprintf(found->display, sizeof(found->display), "%s",
		 person != NULL ? person->display : "-");
}

static const char *look(struct directory *directory, const char *identity)
{
	static struct found found;

	found.ticket = 0;
	directory_find(directory, identity, strlen(identity), found_take, &found, 4711);
	assert_int_equal(found.ticket, 4711);
	return found.aor;
}

static const char staff[] =
	"\xef\xbb\xbf"
	"person,display name,number\r\n"
	"# the first floor\r\n"
	"\r\n"
	"sip:john.doe@SFB.example,\"Doe, John \"\"JD\"\"\",+49 30 1234-56,0301234-57\r\n"
	"Mary.Major@sfb.example,Mary Major,815\n"
	"  kim@sfb.example , Kim \xc3\x84rmel , , 0049301234-58 ,jkim\n"
	"sip:nobody@sfb.example\n"
	"sipho@sfb.example,Sipho,816";

static const struct {
	const char *identity, *aor;
} looks[] = {
	// As an address of record.
	{"sip:john.doe@sfb.example", "sip:john.doe@sfb.example"},
	{"SIP:John.Doe@sfb.EXAMPLE:5061;transport=tls", "sip:john.doe@sfb.example"},
	{"sips:mary.major@sfb.example", "sip:Mary.Major@sfb.example"},
	{"sip:nobody@sfb.example", "sip:nobody@sfb.example"},
	{"sip:sipho@sfb.example", "sip:sipho@sfb.example"},
	{"sip:john.doe@other.example", "-"},
	// By number, however it is written, on whatever host.
	{"sip:+49301234567@gw", "-"},
	{"sip:+4930123456@10.0.0.1;user=phone", "sip:john.doe@sfb.example"},
	{"sip:+49-30-1234.56@10.0.0.1", "sip:john.doe@sfb.example"},
	{"sip:+49(30)123456;ext=5@gw", "sip:john.doe@sfb.example"},
	{"sip:%2B4930123456@gw", "sip:john.doe@sfb.example"},
	{"sip:030123456@gw", "sip:john.doe@sfb.example"},
	{"sip:004930123456@gw", "sip:john.doe@sfb.example"},
	{"sip:030123457@gw", "sip:john.doe@sfb.example"},
	{"tel:+49-30-123458", "sip:kim@sfb.example"},
	{"tel:+49-30-123458;phone-context=x", "sip:kim@sfb.example"},
	{"sip:815@gw", "sip:Mary.Major@sfb.example"},
	{"sip:0815@gw", "-"},
	// By user.
	{"sip:jkim@10.0.0.1", "sip:kim@sfb.example"},
	{"sip:JKim@10.0.0.1", "sip:kim@sfb.example"},
	// Nobody.
	{"sip:10.0.0.1", "-"},
	{"sip:@", "-"},
	{"mailto:john.doe@sfb.example", "-"},
	{"john.doe@sfb.example", "-"},
	{"", "-"},
	{"sip:%00@sfb.example", "-"},
	{"sip:---@gw", "-"},
};

static void persons_are_found(void **state)
{
	file_write(staff, sizeof(staff) - 1);
	rule_add("00(.*)", "+\\1");
	rule_add("0([1-9]0.*)", "+49\\1");
	rule_add("0(3.*)", "+49\\1");
	struct directory *directory = directory_new(&settings);
	assert_non_null(directory);
	assert_int_equal(directory_persons(directory), 5);
	assert_int_equal(directory_numbers(directory), 6);
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		const char *aor = look(directory, looks[i].identity);
		if (strcmp(aor, looks[i].aor) != 0)
			fail_msg("%s: %s instead of %s", looks[i].identity, aor, looks[i].aor);
	}
	struct found found;
	directory_find(directory, "sip:815@gw", 10, found_take, &found, 1);
	assert_string_equal(found.display, "Mary Major");
	directory_find(directory, "sip:jkim@gw", 11, found_take, &found, 1);
	assert_string_equal(found.display, "Kim \xc3\x84rmel");
	directory_find(directory, "sip:john.doe@sfb.example", 24, found_take, &found, 1);
	assert_string_equal(found.display, "Doe, John \"JD\"");
	directory_free(directory);
}

static const struct {
	const char *identity, *aor;
} any_looks[] = {
	{"sip:+49-30-1234@gw", "sip:+49301234@lab.example"},
	{"tel:+49301234", "sip:+49301234@lab.example"},
	{"sip:alice@10.0.0.1:5060", "sip:alice@lab.example"},
	{"sip:john.doe@other.example", "sip:john.doe@lab.example"},
	{"sip:anonymous@anonymous.invalid", "-"},
	{"sip:10.0.0.1", "-"},
	{"sip:a%0d%0ab@gw", "-"},
	{"sip:a%20b@gw", "-"},
	{"sip:a%40evil.example%3E@gw", "-"},
};

static void numbers_take(void *ctx, const char *number)
{
	char *all = ctx;

	assert_null(strstr(all, number)); // once
	strcat(strcat(all, number), "|");
}

// After the rules and as the file has them; the order is the table's.
static void numbers_of_a_person(void **state)
{
	static const struct {
		const char *aor;
		size_t count;
		const char *number[4];
	} persons[] = {
		{"sip:john.doe@sfb.example",
		 4,
		 {"+4930123456|", "+49 30 1234-56|", "+4930123457|", "0301234-57|"}},
		{"sip:Mary.Major@sfb.example", 1, {"815|"}},
		{"sip:kim@sfb.example", 3, {"+4930123458|", "0049301234-58|", "jkim|"}},
		{"sip:nobody@sfb.example", 0, {NULL}},
		{"sip:stranger@sfb.example", 0, {NULL}},
	};

	file_write(staff, sizeof(staff) - 1);
	rule_add("00(.*)", "+\\1");
	rule_add("0(3.*)", "+49\\1");
	struct directory *directory = directory_new(&settings);
	assert_non_null(directory);
	for (size_t i = 0; i < sizeof(persons) / sizeof(persons[0]); i++) {
		char all[256] = "";
		size_t len = 0;

		directory_numbers_of(directory, persons[i].aor, numbers_take, all);
		for (size_t k = 0; k < persons[i].count; k++) {
			if (strstr(all, persons[i].number[k]) == NULL)
				fail_msg("%s: %s", persons[i].number[k], all);
			len += strlen(persons[i].number[k]);
		}
		assert_int_equal(strlen(all), len);
	}
	directory_free(directory);
}

static void map_any_makes_persons_of_everybody(void **state)
{
	memset(&settings, 0, sizeof(settings));
	snprintf(settings.directory.map_any, sizeof(settings.directory.map_any), "Lab.Example");
	struct directory *directory = directory_new(&settings);
	assert_non_null(directory);
	for (size_t i = 0; i < sizeof(any_looks) / sizeof(any_looks[0]); i++) {
		const char *aor = look(directory, any_looks[i].identity);
		if (strcmp(aor, any_looks[i].aor) != 0)
			fail_msg("%s: %s instead of %s", any_looks[i].identity, aor,
				 any_looks[i].aor);
	}
	directory_free(directory);
	memset(&settings, 0, sizeof(settings));
	directory = directory_new(&settings);
	assert_string_equal(look(directory, "sip:alice@gw"), "-");
	directory_free(directory);
}

static void what_is_too_long_is_nobody(void **state)
{
	char host[NORMAL_BYTES], out[NORMAL_BYTES];
	size_t most = NORMAL_BYTES - sizeof("sip:a@");

	memset(host, 'h', sizeof(host));
	assert_true(normal_join("a", 1, host, most, out));
	assert_int_equal(strlen(out), NORMAL_BYTES - 1);
	assert_false(normal_join("a", 1, host, most + 1, out));
	assert_false(normal_join("a\0b", 3, host, 5, out));
	assert_int_equal(normal_aor("sip:a\0b@host", 12, out), -EINVAL);
}

// What stands in the log behind reading the file, to look for what it should say.
static void log_read(char *text, size_t size, struct directory **directory)
{
	static uint64_t now_ns = NS_PER_S;
	clock_set(now_ns += 2 * NS_PER_S); // the log holds back what comes too often
	fflush(stderr);
	int saved = dup(2);
	assert_non_null(freopen(log_path, "w", stderr));
	*directory = directory_new(&settings);
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	FILE *in = fopen(log_path, "r");
	size_t len = fread(text, 1, size - 1, in);
	text[len] = '\0';
	fclose(in);
}

#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

static const struct {
	const char *text, *line, *reason;
} bad[] = {
	{"a@x.example\nb\n", ":2 ", "not a person"},
	{"# comment\n\n,Name,1\n", ":3 ", "not a person"},
	{"sip:x.example,Name,1\n", ":1 ", "not a person"},
	{"a b@x.example,Name,1\n", ":1 ", "not a person"},
	{"tel:+4930,Name,1\n", ":1 ", "not a person"},
	{"a@x.example,\"Name,1\nb@x.example\n", ":1 ", "a quote is not closed"},
	{"a@x.example,N\"ame\",1\n", ":1 ", "a quote inside"},
	{"a@x.example,A\xff,1\n", ":1 ", "not UTF-8"},
	{"a@x.example,A\xc0\x80,1\n", ":1 ", "not UTF-8"},
	{"a@x.example,A\xed\xa0\x80,1\n", ":1 ", "not UTF-8"},
	{"a@x.example,A\xe0\x80\x80,1\n", ":1 ", "not UTF-8"},
	{"a@x.example,A\xf4\x90\x80\x80,1\n", ":1 ", "not UTF-8"},
	{"a@x.example,A\xe2\x82,1\n", ":1 ", "not UTF-8"},
	{"a@x.example,A\tB,1\n", ":1 ", "not UTF-8"},
	{"a@x.example,A,1\nb@x.example,B,2\nA@X.example,C,3\n", ":3 ", "there twice"},
	{"a@x.example,A,1\nb@x.example,B,1\n", ":2 ", "belongs to two persons"},
	{"a@x.example,A,030-1\nb@x.example,B,2,0301\n", ":2 ", "belongs to two persons"},
	{"a@x.example,A,1\x012\n", ":1 ", "not a number"},
	{"a@x.example,A,b@x.example\n", ":1 ", "not a number"},
	{"a@x.example," LONG LONG LONG LONG "\n", ":1 ", "longer than"},
	{"person,Name\nperson,Name\n", ":2 ", "not a person"},
};

static void problems_name_their_line(void **state)
{
	char text[8192];
	struct directory *directory;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		file_write(bad[i].text, strlen(bad[i].text));
		log_read(text, sizeof(text), &directory);
		if (directory != NULL)
			fail_msg("%s: loaded", bad[i].text);
		char at[128];
		snprintf(at, sizeof(at), "%s%s", path, bad[i].line);
		if (strstr(text, at) == NULL || strstr(text, bad[i].reason) == NULL)
			fail_msg("%s: %s", bad[i].text, text);
	}
	// All in one go, up to a point.
	file_write("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n", 24);
	log_read(text, sizeof(text), &directory);
	assert_non_null(strstr(text, ":1 "));
	assert_non_null(strstr(text, ":8 "));
	assert_non_null(strstr(text, "problems=11"));
	// A NUL, and no file at all.
	file_write("a@x.example,A\0B\n", 16);
	assert_null(directory_new(&settings));
	snprintf(settings.directory.file, sizeof(settings.directory.file), "/nonexistent/x.csv");
	assert_null(directory_new(&settings));
	assert_int_equal(errno, ENOENT);
}

static void a_bad_file_changes_nothing(void **state)
{
	file_write("a@x.example,A,1\n", 16);
	struct directory *directory = directory_new(&settings);
	assert_non_null(directory);
	file_write("b\n", 2);
	assert_int_equal(directory_reload(directory, &settings), -EINVAL);
	assert_string_equal(look(directory, "sip:1@gw"), "sip:a@x.example");
	file_write("b@x.example,B,2\n", 16);
	assert_int_equal(directory_reload(directory, &settings), 0);
	assert_string_equal(look(directory, "sip:1@gw"), "-");
	assert_string_equal(look(directory, "sip:2@gw"), "sip:b@x.example");
	directory_free(directory);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void a_hundred_thousand_rows_load_fast(void **state)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	for (int i = 0; i < 100000; i++)
		fprintf(out,
			"sip:first.last%d@company.example,\"Last%d, First\",+49 30 1%06d,0%d\n", i,
			i, i, 2000000 + i);
	fclose(out);
	memset(&settings, 0, sizeof(settings));
	snprintf(settings.directory.file, sizeof(settings.directory.file), "%s", path);
	rule_add("00(.*)", "+\\1");
	rule_add("0([1-9].*)", "+49\\1");
	rule_add("([1-9][0-9]{2,3})", "+4930\\1");
	double before = now_s();
	struct directory *directory = directory_new(&settings);
	double took = now_s() - before;
	assert_non_null(directory);
	print_message("%.0f ms\n", took * 1e3);
	assert_int_equal(directory_persons(directory), 100000);
	assert_int_equal(directory_numbers(directory), 200000);
	assert_string_equal(look(directory, "sip:+49301099999@gw"),
			    "sip:first.last99999@company.example");
	assert_string_equal(look(directory, "sip:02000007@gw"), "sip:first.last7@company.example");
	// The sanitizers take their share.
	assert_true(took < 3);
	directory_free(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(persons_are_found),
		cmocka_unit_test(numbers_of_a_person),
		cmocka_unit_test(map_any_makes_persons_of_everybody),
		cmocka_unit_test(what_is_too_long_is_nobody),
		cmocka_unit_test(problems_name_their_line),
		cmocka_unit_test(a_bad_file_changes_nothing),
		cmocka_unit_test(a_hundred_thousand_rows_load_fast),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
