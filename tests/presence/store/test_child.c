// SPDX-License-Identifier: Apache-2.0
// A program started from a process with signal handlers of its own.
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "presence/store/child.h"

static int pid_fd, output_fd;

static void ended(siginfo_t *info)
{
	struct pollfd end = {.fd = pid_fd, .events = POLLIN};

	assert_int_equal(poll(&end, 1, 10000), 1);
	assert_int_equal(waitid(P_PIDFD, (id_t)pid_fd, info, WEXITED), 0);
	close(pid_fd);
}

// Of a program that ended.
static void said(char *text, size_t size)
{
	ssize_t n = read(output_fd, text, size - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	close(output_fd);
}

static void has_its_input(void **state)
{
	static const char *const argv[] = {"cat", NULL};
	char text[64];
	siginfo_t info;

	(void)state;
	assert_int_equal(child_start(argv, "some words\n", &pid_fd, &output_fd), 0);
	ended(&info);
	assert_int_equal(info.si_code, CLD_EXITED);
	assert_int_equal(info.si_status, 0);
	said(text, sizeof(text));
	assert_string_equal(text, "some words\n");
}

static void says_that_it_is_not_there(void **state)
{
	static const char *const argv[] = {"/no/such/program", NULL};
	char text[64];
	siginfo_t info;

	(void)state;
	assert_int_equal(child_start(argv, "", &pid_fd, &output_fd), 0);
	ended(&info);
	assert_int_equal(info.si_status, 127);
	said(text, sizeof(text));
	assert_string_equal(text, "/no/such/program can't be run: No such file or directory\n");
}

static void handler(int signal)
{
	(void)signal;
}

// An engine that stops while it starts: the signal comes before the program is in place of us.
static void ends_when_told_so_at_once(void **state)
{
	static const char *const argv[] = {"sleep", "60", NULL};
	struct sigaction action = {.sa_handler = handler}, before;
	siginfo_t info;

	(void)state;
	sigaction(SIGTERM, &action, &before);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(child_start(argv, "", &pid_fd, &output_fd), 0);
		assert_int_equal(pidfd_send_signal(pid_fd, SIGTERM, NULL, 0), 0);
		ended(&info);
		assert_int_equal(info.si_code, CLD_KILLED);
		assert_int_equal(info.si_status, SIGTERM);
		close(output_fd);
	}
	sigaction(SIGTERM, &before, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_its_input),
		cmocka_unit_test(says_that_it_is_not_there),
		cmocka_unit_test(ends_when_told_so_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
