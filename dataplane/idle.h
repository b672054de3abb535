// SPDX-License-Identifier: Apache-2.0
// What a poll core does when nothing comes: a few more polls, then it sleeps. Where all that it
// polls are sockets of the kernel, the first packet wakes it; elsewhere it naps for 1 us, doubled
// up to a limit, and looks again.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { IDLE_NOT_WOKEN = -1 };

struct idle {
	uint64_t max_sleep_ns; // of a nap; 0: never sleeps
	uint32_t empty;        // polls in a row without a packet
	uint64_t sleep_ns;     // the next nap
	int wakers;            // epoll; IDLE_NOT_WOKEN: it naps
};

// Takes the count descriptors as all that this core polls: each is readable once a packet waits.
// Where the kernel has no epoll for them it goes on napping.
void idle_wake_by(struct idle *idle, const int *fd, unsigned int count);
void idle_fini(struct idle *idle);
// Timer slack of the calling thread, so that a sleep of a microsecond is one. Its poll core calls
// it.
void idle_prepare(void);
// After a round of polls over all queues. owes: work is left that no packet announces, so it only
// naps. true: it slept.
bool idle_step(struct idle *idle, bool got_packets, bool owes);
