// SPDX-License-Identifier: Apache-2.0
// The worker's event loop: epoll and the timer wheel, read in two minutes. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "presence/net/timer_wheel.h"

struct loop;
struct loop_watch;
typedef void loop_fn(struct loop_watch *watch, uint32_t events); // EPOLLIN, EPOLLOUT, EPOLLERR ...

struct loop_watch {
	int fd; // -1: not watched
	uint32_t events;
	loop_fn *ready; // may remove any watch, itself too, and free its owner
	void *owner;
};

struct loop *loop_new(void);
void loop_free(struct loop *loop);
struct timer_wheel *loop_wheel(struct loop *loop);

// events: EPOLLIN | EPOLLOUT, level-triggered. 0 or -errno.
int loop_watch_add(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
		   loop_fn *ready, void *owner);
int loop_watch_change(struct loop *loop, struct loop_watch *watch, uint32_t events);
void loop_watch_remove(struct loop *loop, struct loop_watch *watch); // does not close the fd

// Waits for descriptors until the next timer or wait_ns (0: does not wait), calls what is ready,
// fires what is due. A watch removed by an earlier one of the same round is not called.
void loop_run_once(struct loop *loop, uint64_t wait_ns);
