// SPDX-License-Identifier: Apache-2.0
// Descriptors and timers of the loop, over pipes and with the clock set by hand.
#include "presence/net/loop.h"

#include "config/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

struct pipe_watch {
	struct loop_watch watch;
	int fds[2];
	int calls;
	uint32_t seen;
	struct pipe_watch *removes;
};

static struct loop *loop;
static int fired;

static void pipe_ready(struct loop_watch *watch, uint32_t events)
{
	struct pipe_watch *pipe_watch = watch->owner;
	char byte;

	pipe_watch->calls++;
	pipe_watch->seen = events;
	if (events & EPOLLIN)
		assert_int_equal(read(watch->fd, &byte, 1), 1);
	if (pipe_watch->removes != NULL)
		loop_watch_remove(loop, &pipe_watch->removes->watch);
}

static void pipe_open(struct pipe_watch *pipe_watch)
{
	*pipe_watch = (struct pipe_watch){0};
	assert_int_equal(pipe(pipe_watch->fds), 0);
	assert_int_equal(loop_watch_add(loop, &pipe_watch->watch, pipe_watch->fds[0], EPOLLIN,
					pipe_ready, pipe_watch),
			 0);
}

static void pipe_close(struct pipe_watch *pipe_watch)
{
	loop_watch_remove(loop, &pipe_watch->watch);
	close(pipe_watch->fds[0]);
	close(pipe_watch->fds[1]);
}

static int setup(void **state)
{
	clock_set(NS_PER_S);
	loop = loop_new();
	fired = 0;
	return loop == NULL;
}

static int teardown(void **state)
{
	loop_free(loop);
	clock_release();
	return 0;
}

static void test_calls_what_is_ready(void **state)
{
	struct pipe_watch one, other;

	pipe_open(&one);
	pipe_open(&other);
	loop_run_once(loop, 0);
	assert_int_equal(one.calls + other.calls, 0);
	assert_int_equal(write(one.fds[1], "ab", 2), 2);
	loop_run_once(loop, NS_PER_S);
	assert_int_equal(one.calls, 1);
	loop_run_once(loop, NS_PER_S); // level-triggered: the second byte
	assert_int_equal(one.calls, 2);
	loop_run_once(loop, 0);
	assert_int_equal(one.calls, 2);
	assert_int_equal(other.calls, 0);
	pipe_close(&one);
	pipe_close(&other);
}

static void test_change_and_hang_up(void **state)
{
	struct pipe_watch one;

	pipe_open(&one);
	assert_int_equal(write(one.fds[1], "a", 1), 1);
	assert_int_equal(loop_watch_change(loop, &one.watch, 0), 0);
	loop_run_once(loop, 0);
	assert_int_equal(one.calls, 0);
	assert_int_equal(loop_watch_change(loop, &one.watch, EPOLLIN), 0);
	loop_run_once(loop, NS_PER_S);
	assert_int_equal(one.calls, 1);
	close(one.fds[1]);
	loop_run_once(loop, NS_PER_S);
	assert_int_equal(one.calls, 2);
	assert_true(one.seen & EPOLLHUP);
	loop_watch_remove(loop, &one.watch);
	assert_int_equal(one.watch.fd, -1);
	loop_watch_remove(loop, &one.watch);
	close(one.fds[0]);
}

// Both are ready in one round; whichever is called first removes the other.
static void test_removed_watch_is_not_called(void **state)
{
	struct pipe_watch one, other;

	pipe_open(&one);
	pipe_open(&other);
	one.removes = &other;
	other.removes = &one;
	assert_int_equal(write(one.fds[1], "a", 1), 1);
	assert_int_equal(write(other.fds[1], "a", 1), 1);
	loop_run_once(loop, NS_PER_S);
	assert_int_equal(one.calls + other.calls, 1);
	pipe_close(&one);
	pipe_close(&other);
}

static void test_bad_descriptor_is_refused(void **state)
{
	struct loop_watch watch = {.fd = -1};

	assert_true(loop_watch_add(loop, &watch, -1, EPOLLIN, pipe_ready, NULL) < 0);
	assert_int_equal(watch.fd, -1);
}

static void timer_fired(struct timer *timer)
{
	fired++;
}

static void test_fires_timers_by_the_clock(void **state)
{
	struct timer timer = {0};

	timer_set(loop_wheel(loop), &timer, clock_mono_ns() + 50 * NS_PER_MS, timer_fired);
	loop_run_once(loop, 0);
	assert_int_equal(fired, 0);
	clock_set(clock_mono_ns() + 50 * NS_PER_MS);
	loop_run_once(loop, 3600 * NS_PER_S); // due: no wait
	assert_int_equal(fired, 1);
}

static void test_sleeps_no_longer_than_the_next_timer(void **state)
{
	struct timer timer = {0};

	clock_release();
	loop_free(loop);
	loop = loop_new();
	timer_set(loop_wheel(loop), &timer, clock_mono_ns() + 5 * NS_PER_MS, timer_fired);
	for (int round = 0; round < 10 && fired == 0; round++)
		loop_run_once(loop, 3600 * NS_PER_S);
	assert_int_equal(fired, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_calls_what_is_ready, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change_and_hang_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed_watch_is_not_called, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_descriptor_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fires_timers_by_the_clock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sleeps_no_longer_than_the_next_timer, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("presence/net/loop", tests, NULL, NULL);
}
