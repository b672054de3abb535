// SPDX-License-Identifier: Apache-2.0
// Log lines on stderr and at a journal of our own: their form, their number, and that nothing from
// outside can forge one.

// The journal's socket is made in a directory of the test, hence a path below it.
#define LOG_JOURNAL_SOCKET "journal.socket"
#include "config/log_sink.c"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

// After <syslog.h>, which log_sink.c includes and whose macros would change these names.
#undef LOG_INFO
#undef LOG_DEBUG
#include "config/log.h"

static char directory[] = "/tmp/offhook-log-XXXXXX";
static int kept_stderr, reader;
static char line[8192];

// stderr is a pipe that the test reads.
static int stderr_take(void **state)
{
	int pipe_fd[2];

	if (pipe2(pipe_fd, O_NONBLOCK) || !mkdtemp(directory) || chdir(directory))
		return -1;
	kept_stderr = dup(STDERR_FILENO);
	dup2(pipe_fd[1], STDERR_FILENO);
	close(pipe_fd[1]);
	reader = pipe_fd[0];
	// 2026-11-20T14:08:06.123Z
	clock_set(UINT64_C(1795183686123) * NS_PER_MS);
	return 0;
}

static int stderr_give_back(void **state)
{
	dup2(kept_stderr, STDERR_FILENO);
	return chdir("/") || rmdir(directory);
}

static const char *said(void)
{
	ssize_t len = read(reader, line, sizeof(line) - 1);

	line[len > 0 ? len : 0] = '\0';
	return line;
}

static void test_line(void **state)
{
	log_init("offhookd-test", LOG_TO_STDERR, LOG_INFO);
	log_info("registrar", "publish-refused", "user=%s code=%d", log_quote("john \"x\""), 403);
	assert_string_equal(said(), "2026-11-20T14:08:06.123Z offhookd-test info registrar "
				    "publish-refused user=\"john \\\"x\\\"\" code=403\n");
	log_error("store", "away", "%s", "");
	assert_string_equal(said(), "2026-11-20T14:08:06.123Z offhookd-test error store away \n");
}

static void test_levels(void **state)
{
	log_init("offhookd-test", LOG_TO_STDERR, LOG_WARN);
	log_info("a", "b", "c=1");
	log_debug("a", "b", "c=1");
	assert_string_equal(said(), "");
	log_warn("a", "b", "c=1");
	assert_non_null(strstr(said(), " warn a b c=1\n"));
	log_level_set(LOG_DEBUG);
	assert_true(log_wanted(LOG_DEBUG));
	log_debug("a", "b", "c=1");
	assert_non_null(strstr(said(), " debug a b c=1\n"));
	log_level_set(LOG_ERROR);
	assert_false(log_wanted(LOG_WARN));
}

static unsigned int lines_of(const char *text)
{
	unsigned int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void flood(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++)
		log_error("a", "flood", "i=%u", i);
}

static void test_rate(void **state)
{
	log_init("offhookd-test", LOG_TO_STDERR, LOG_INFO);
	clock_set(clock_wall_ns() + 10 * NS_PER_S);
	flood(LOG_BURST + 7);
	assert_int_equal(lines_of(said()), LOG_BURST);
	assert_null(strstr(line, "held_back"));
	// Another call site is not held back by this one.
	log_error("a", "other", "b=1");
	assert_int_equal(lines_of(said()), 1);
	clock_set(clock_wall_ns() + NS_PER_S);
	flood(2);
	assert_int_equal(lines_of(said()), 2);
	assert_non_null(strstr(line, "flood held_back=7 i=0\n"));
	assert_null(strstr(strchr(line, '\n'), "held_back"));
}

static void test_nothing_forges_a_line(void **state)
{
	log_init("offhookd-test", LOG_TO_STDERR, LOG_INFO);
	clock_set(clock_wall_ns() + 10 * NS_PER_S);
	log_error("a", "b", "raw=%s", "x\n2026 offhookd error a b\x1b[2J\x7f");
	assert_int_equal(lines_of(said()), 1);
	assert_non_null(strstr(line, "raw=x?2026 offhookd error a b?[2J?\n"));
	log_error("a", "b", "raw=%s", "J\xc3\xbcrgen \x9b\xff \xc2\x9b \xe2\x82");
	assert_non_null(strstr(said(), "raw=J\xc3\xbcrgen ?? ?? ??\n"));
}

static void test_long_line(void **state)
{
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_init("offhookd-test", LOG_TO_STDERR, LOG_INFO);
	clock_set(clock_wall_ns() + 10 * NS_PER_S);
	log_error("a", "b", "%s", text);
	assert_int_equal(lines_of(said()), 1);
	assert_true(strlen(line) > 1000 && strlen(line) < 2200);
}

static void test_quote(void **state)
{
	static const struct {
		const char *text, *expect;
	} cases[] = {
		{NULL, "-"},
		{"", "\"\""},
		{"sip:a@b", "\"sip:a@b\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"a\r\n\tb", "\"a\\x0d\\x0a\\x09b\""},
		{"\x1b[2J", "\"\\x1b[2J\""},
		{"J\xc3\xbcrgen", "\"J\xc3\xbcrgen\""},
		{"\xe2\x82\xac \xf0\x9f\x93\x9e", "\"\xe2\x82\xac \xf0\x9f\x93\x9e\""},
		{"\xc2\x9b"
		 "2J",
		 "\"\\xc2\\x9b2J\""}, // CSI of 8-bit terminals
		{"\xff\x80", "\"\\xff\\x80\""},
		{"\xe2\x82", "\"\\xe2\\x82\""},
		{"\xc0\xaf", "\"\\xc0\\xaf\""}, // longer than needed
	};
	char text[400], *a, *b;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(log_quote(cases[i].text), cases[i].expect);
	memset(text, 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(strlen(log_quote(text)), 4 * 255 + 2);
	assert_string_equal(log_quote_n("abcdef", 3), "\"abc\"");
	a = (char *)log_quote("a");
	b = (char *)log_quote("b");
	assert_string_equal(a, "\"a\"");
	assert_string_equal(b, "\"b\"");
}

static void test_journal(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = LOG_JOURNAL_SOCKET};
	int server = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ssize_t len;

	clock_set(clock_wall_ns() + 10 * NS_PER_S);
	assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof(address)), 0);
	log_init("offhookd-test", LOG_TO_JOURNAL, LOG_INFO);
	log_warn("registrar", "slow", "text=%s", "a\nPRIORITY=0");
	len = recv(server, line, sizeof(line) - 1, 0);
	assert_true(len > 0);
	line[len] = '\0';
	assert_string_equal(line, "MESSAGE=registrar slow text=a?PRIORITY=0\nPRIORITY=4\n"
				  "SYSLOG_IDENTIFIER=offhookd-test\nOFFHOOK_AREA=registrar\n"
				  "OFFHOOK_EVENT=slow\n");
	assert_string_equal(said(), "");

	// Gone: stderr. Back with another socket: the journal again.
	close(server);
	unlink(LOG_JOURNAL_SOCKET);
	log_warn("registrar", "slow", "n=%d", 2);
	assert_non_null(strstr(said(), "offhookd-test warn registrar slow n=2\n"));
	server = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof(address)), 0);
	log_warn("registrar", "slow", "n=%d", 3);
	assert_true(recv(server, line, sizeof(line) - 1, 0) > 0);
	assert_string_equal(said(), "");
	close(server);
	unlink(LOG_JOURNAL_SOCKET);
}

static void test_no_journal(void **state)
{
	clock_set(clock_wall_ns() + 10 * NS_PER_S);
	log_init("offhookd-test", LOG_TO_JOURNAL, LOG_INFO);
	assert_non_null(strstr(said(), "warn log journal-away"));
	log_info("a", "b", "c=1");
	assert_non_null(strstr(said(), "info a b c=1\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),      cmocka_unit_test(test_levels),
		cmocka_unit_test(test_rate),      cmocka_unit_test(test_nothing_forges_a_line),
		cmocka_unit_test(test_long_line), cmocka_unit_test(test_quote),
		cmocka_unit_test(test_journal),   cmocka_unit_test(test_no_journal),
	};

	return cmocka_run_group_tests(tests, stderr_take, stderr_give_back);
}
