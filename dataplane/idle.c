// SPDX-License-Identifier: Apache-2.0
// No cost while packets come. After silence the first one is delayed by a wake-up of the kernel, or
// by a nap of at most max_sleep_ns.
#include "dataplane/idle.h"

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
	EMPTY_BEFORE_SLEEP = 10, // as DPDK's l3fwd-power example
	FIRST_SLEEP_NS = 1000,
	WAIT_MS = 10, // housekeeping and the end of the engine come by no packet
	WAKERS = 8,   // told at once; further ones are told by the next wait, without one
};

void idle_wake_by(struct idle *idle, const int *fd, unsigned int count)
{
	// By edge: a core that has emptied its rings is not woken by what it has seen, and one that
	// is busy leaves word that a frame came after its last look.
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};

	idle->wakers = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned int i = 0; i < count && idle->wakers >= 0; i++)
		if (epoll_ctl(idle->wakers, EPOLL_CTL_ADD, fd[i], &event) < 0)
			idle_fini(idle);
}

void idle_fini(struct idle *idle)
{
	if (idle->wakers >= 0)
		close(idle->wakers);
	idle->wakers = IDLE_NOT_WOKEN;
}

void idle_prepare(void)
{
	prctl(PR_SET_TIMERSLACK, 1ul); // nanoseconds; the kernel's default is 50,000
}

static void nap(struct idle *idle)
{
	idle->sleep_ns = idle->sleep_ns ? idle->sleep_ns * 2 : FIRST_SLEEP_NS;
	if (idle->sleep_ns > idle->max_sleep_ns)
		idle->sleep_ns = idle->max_sleep_ns;
	struct timespec pause = {(time_t)(idle->sleep_ns / 1000000000),
				 (long)(idle->sleep_ns % 1000000000)};
	nanosleep(&pause, NULL); // a signal (net_tap's) ends it early, which is as good
}

bool idle_step(struct idle *idle, bool got_packets, bool owes)
{
	struct epoll_event came[WAKERS];

	if (got_packets || idle->max_sleep_ns == 0) {
		idle->empty = 0;
		idle->sleep_ns = 0;
		return false;
	}
	if (idle->empty < EMPTY_BEFORE_SLEEP) {
		idle->empty++;
		return false;
	}
	if (idle->wakers >= 0 && !owes)
		epoll_wait(idle->wakers, came, WAKERS, WAIT_MS);
	else
		nap(idle);
	return true;
}
