// SPDX-License-Identifier: Apache-2.0
// What a half can't do any more. Each attempt is made in a child, because privileges don't come
// back. Without root there is only the sandbox to try.
#include "config/settings.h"
#include "daemon/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int try_ptrace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int try_mount(void)
{
	return mount("none", "/", "tmpfs", MS_REMOUNT, NULL);
}

static int try_unshare(void)
{
	return (int)syscall(SYS_unshare, 0);
}

static int try_keyctl(void)
{
	return (int)syscall(SYS_keyctl, 0, 0, 0);
}

static int try_exec(void)
{
	char *const nothing[] = {NULL};

	return execve("/", nothing, nothing); // EACCES where it is not forbidden
}

static int try_connect(void)
{
	return connect(-1, NULL, 0); // EBADF where it is not forbidden
}

static int try_listen(void)
{
	return listen(-1, 1);
}

static int try_accept(void)
{
	return accept4(-1, NULL, NULL, 0);
}

// The exit status of a child that was sandboxed and then tried: 0 forbidden, 1 not, 2 no sandbox.
static int outcome(unsigned int may, int (*attempt)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		char error[256];

		if (privileges_sandbox(may, error, sizeof(error)) < 0 ||
		    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
			_exit(2);
		_exit(attempt() == -1 && errno == EPERM ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void forbids_what_an_intruder_wants(void **state)
{
	static const struct {
		int (*attempt)(void);
		unsigned int unless;
	} table[] = {
		// try_mount fails with EPERM by itself when this is not root; no harm.
		{try_ptrace, 0},        {try_mount, 0},           {try_unshare, 0},
		{try_keyctl, 0},        {try_exec, MAY_EXEC},     {try_connect, MAY_TALK},
		{try_listen, MAY_TALK}, {try_accept, MAY_ACCEPT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(outcome(0, table[i].attempt), 0);
		assert_int_equal(outcome(MAY_ACCEPT | MAY_TALK | MAY_EXEC, table[i].attempt),
				 table[i].unless != 0);
		if (table[i].unless)
			assert_int_equal(outcome(table[i].unless, table[i].attempt), 1);
	}
}

static bool has(cap_value_t value)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t permitted = CAP_SET, effective = CAP_SET;

	cap_get_flag(caps, value, CAP_PERMITTED, &permitted);
	cap_get_flag(caps, value, CAP_EFFECTIVE, &effective);
	cap_free(caps);
	return permitted == CAP_SET || effective == CAP_SET;
}

static pthread_barrier_t before, after;

// A poll core: made before privileges are dropped.
static void *other_thread(void *arg)
{
	bool *powerless = arg;

	pthread_barrier_wait(&before);
	pthread_barrier_wait(&after);
	*powerless = !has(CAP_NET_ADMIN) && !has(CAP_NET_RAW) && !has(CAP_SYS_ADMIN) &&
		     geteuid() != 0;
	return NULL;
}

static void drop_and_exit(enum privileges_half half)
{
	static struct settings settings;
	bool powerless = false, mine;
	char error[256];
	pthread_t thread;

	settings_default(&settings);
	strcpy(settings.engine.user, "nobody");
	strcpy(settings.engine.group, "nogroup");
	pthread_barrier_init(&before, NULL, 2);
	pthread_barrier_init(&after, NULL, 2);
	pthread_create(&thread, NULL, other_thread, &powerless);
	pthread_barrier_wait(&before);
	if (privileges_drop(&settings, half, error, sizeof(error)) < 0)
		_exit(2);
	pthread_barrier_wait(&after);
	pthread_join(thread, NULL);
	mine = has(CAP_NET_ADMIN) == (half == PRIVILEGES_WIRE) && !has(CAP_SYS_ADMIN) &&
	       !has(CAP_SETUID) && geteuid() != 0 && setuid(0) == -1 && getgroups(0, NULL) == 1;
	_exit(powerless && mine ? 0 : 1);
}

static void keeps_two_capabilities_in_one_thread_of_wire(void **state)
{
	static const enum privileges_half half[] = {PRIVILEGES_WIRE, PRIVILEGES_PRESENCE};
	int status;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid == 0)
			drop_and_exit(half[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void names_an_account_that_is_missing(void **state)
{
	static struct settings settings;
	char error[256] = "";

	(void)state;
	if (geteuid() != 0)
		skip();
	settings_default(&settings);
	strcpy(settings.engine.user, "no-such-user");
	assert_int_equal(privileges_drop(&settings, PRIVILEGES_PRESENCE, error, sizeof(error)),
			 -ENOENT);
	assert_non_null(strstr(error, "useradd --system no-such-user"));
	strcpy(settings.engine.user, "nobody");
	strcpy(settings.engine.group, "no-such-group");
	assert_int_equal(privileges_drop(&settings, PRIVILEGES_PRESENCE, error, sizeof(error)),
			 -ENOENT);
	assert_non_null(strstr(error, "groupadd --system no-such-group"));
}

// Root makes it for the account, whoever starts the test for himself.
static void makes_a_directory_or_says_why_not(void **state)
{
	static struct settings settings;
	char top[] = "/tmp/offhook-privileges-XXXXXX", path[64], file[64], error[256] = "";
	struct stat status;

	(void)state;
	settings_default(&settings);
	strcpy(settings.engine.user, "nobody");
	strcpy(settings.engine.group, "nogroup");
	assert_non_null(mkdtemp(top));
	assert_int_equal(chmod(top, 0755), 0);
	snprintf(path, sizeof(path), "%s/made", top);
	snprintf(file, sizeof(file), "%s/file", top);

	assert_int_equal(privileges_directory(&settings, path, 0750, error, sizeof(error)), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0750);
	assert_int_equal(privileges_may_write(&settings, path), 0);
	assert_int_equal(privileges_directory(&settings, path, 0700, error, sizeof(error)), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0750);

	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(privileges_directory(&settings, file, 0750, error, sizeof(error)),
			 -EEXIST);
	assert_non_null(strstr(error, file));
	if (geteuid() == 0) {
		assert_int_equal(privileges_may_write(&settings, top), -EACCES);
		assert_int_equal(geteuid(), 0);
		strcpy(settings.engine.user, "no-such-user");
		assert_int_equal(privileges_directory(&settings, path, 0750, error, sizeof(error)),
				 -ENOENT);
	}
	unlink(file);
	rmdir(path);
	rmdir(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbids_what_an_intruder_wants),
		cmocka_unit_test(keeps_two_capabilities_in_one_thread_of_wire),
		cmocka_unit_test(names_an_account_that_is_missing),
		cmocka_unit_test(makes_a_directory_or_says_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
