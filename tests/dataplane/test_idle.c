// SPDX-License-Identifier: Apache-2.0
// The ramp: polls first, then sleeps that double up to the limit; a packet starts it anew.
#include "dataplane/idle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

static void test_ramp(void **state)
{
	static const uint64_t expect[] = {1000, 2000, 4000, 5000, 5000};
	struct idle idle = {.max_sleep_ns = 5000, .wakers = IDLE_NOT_WOKEN};

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 10; i++)
			assert_false(idle_step(&idle, false, false));
		for (size_t i = 0; i < sizeof(expect) / sizeof(expect[0]); i++) {
			assert_true(idle_step(&idle, false, false));
			assert_int_equal(idle.sleep_ns, expect[i]);
		}
		assert_false(idle_step(&idle, true, false));
	}
}

static void test_always(void **state)
{
	struct idle idle = {.max_sleep_ns = 0, .wakers = IDLE_NOT_WOKEN};

	for (int i = 0; i < 1000; i++)
		assert_false(idle_step(&idle, false, false));
}

// A limit that a reload lowered holds at once.
static void test_lowered(void **state)
{
	struct idle idle = {.max_sleep_ns = 8000, .wakers = IDLE_NOT_WOKEN};

	for (int i = 0; i < 15; i++)
		idle_step(&idle, false, false);
	assert_int_equal(idle.sleep_ns, 8000);
	idle.max_sleep_ns = 2000;
	assert_true(idle_step(&idle, false, false));
	assert_int_equal(idle.sleep_ns, 2000);
}

static unsigned int told(const struct idle *idle)
{
	struct epoll_event event;

	return (unsigned int)epoll_wait(idle->wakers, &event, 1, 0);
}

// It sleeps on what wakes it, and is not told twice of one packet; while it owes something it naps.
static void test_woken(void **state)
{
	struct idle idle = {.max_sleep_ns = 1000, .wakers = IDLE_NOT_WOKEN};
	int fd[2] = {eventfd(0, EFD_NONBLOCK), eventfd(0, EFD_NONBLOCK)};
	uint64_t one = 1;

	idle_wake_by(&idle, fd, 2);
	assert_true(idle.wakers >= 0);
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < 10; k++)
			assert_false(idle_step(&idle, false, false));
		assert_int_equal(write(fd[i], &one, sizeof(one)), sizeof(one));
		assert_true(idle_step(&idle, false, true));
		assert_int_equal(idle.sleep_ns, 1000);
		assert_int_equal(told(&idle), 1);
		assert_int_equal(write(fd[i], &one, sizeof(one)), sizeof(one));
		assert_true(idle_step(&idle, false, false));
		assert_int_equal(told(&idle), 0);
		assert_false(idle_step(&idle, true, false));
	}
	idle_fini(&idle);
	close(fd[0]);
	close(fd[1]);
}

// What epoll does not take, a file for one, leaves the core napping.
static void test_not_woken(void **state)
{
	struct idle idle = {.max_sleep_ns = 1000, .wakers = IDLE_NOT_WOKEN};
	FILE *file = tmpfile();
	int fd = fileno(file);

	idle_wake_by(&idle, &fd, 1);
	assert_int_equal(idle.wakers, IDLE_NOT_WOKEN);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ramp),      cmocka_unit_test(test_always),
		cmocka_unit_test(test_lowered),   cmocka_unit_test(test_woken),
		cmocka_unit_test(test_not_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
