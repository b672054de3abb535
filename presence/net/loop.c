// SPDX-License-Identifier: Apache-2.0
// epoll for descriptors, the wheel for time. Watches belong to their owners; the loop only keeps
// the events of the round it is in, so that a watch removed meanwhile can be taken out of it.
#include "presence/net/loop.h"

#include "config/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUND_EVENTS = 64 };

struct loop {
	int epoll_fd;
	struct timer_wheel *wheel;
	struct epoll_event round[ROUND_EVENTS];
	int round_count;
};

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return NULL;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		goto fail_epoll;
	loop->wheel = timer_wheel_new(clock_mono_ns());
	if (loop->wheel == NULL)
		goto fail_wheel;
	return loop;

fail_wheel:
	close(loop->epoll_fd);
fail_epoll:
	free(loop);
	return NULL;
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	timer_wheel_free(loop->wheel);
	close(loop->epoll_fd);
	free(loop);
}

struct timer_wheel *loop_wheel(struct loop *loop)
{
	return loop->wheel;
}

int loop_watch_add(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
		   loop_fn *ready, void *owner)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	watch->fd = -1;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	watch->fd = fd;
	watch->events = events;
	watch->ready = ready;
	watch->owner = owner;
	return 0;
}

int loop_watch_change(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	if (watch->events == events)
		return 0;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) < 0)
		return -errno;
	watch->events = events;
	return 0;
}

void loop_watch_remove(struct loop *loop, struct loop_watch *watch)
{
	if (watch->fd < 0)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->fd = -1;
	for (int i = 0; i < loop->round_count; i++)
		if (loop->round[i].data.ptr == watch)
			loop->round[i].data.ptr = NULL;
}

// In whole milliseconds, rounded up: a round that wakes too early would spin.
static int wait_ms(struct loop *loop, uint64_t wait_ns)
{
	uint64_t now_ns = clock_mono_ns(), next_ns = timer_wheel_next_ns(loop->wheel);

	if (next_ns <= now_ns)
		return 0;
	if (next_ns - now_ns < wait_ns)
		wait_ns = next_ns - now_ns;
	uint64_t ms = wait_ns / NS_PER_MS + (wait_ns % NS_PER_MS != 0);

	return ms < INT_MAX ? (int)ms : INT_MAX;
}

void loop_run_once(struct loop *loop, uint64_t wait_ns)
{
	int count = epoll_wait(loop->epoll_fd, loop->round, ROUND_EVENTS, wait_ms(loop, wait_ns));

	loop->round_count = count > 0 ? count : 0; // an interrupted wait is an empty one
	for (int i = 0; i < loop->round_count; i++) {
		struct loop_watch *watch = loop->round[i].data.ptr;

		if (watch != NULL)
			watch->ready(watch, loop->round[i].events);
	}
	loop->round_count = 0;
	timer_wheel_advance(loop->wheel, clock_mono_ns());
}
