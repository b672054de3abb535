// SPDX-License-Identifier: Apache-2.0
// Sleep and wake without a lost wake-up. Each side writes its own word, then reads the other's:
//
//   worker: asleep = 1; fence; look at tail        poll core: tail = n; fence; look at asleep
//
// This is the one shape that acquire and release can't order: without the full fences both stores
// may wait in their store buffers while both loads are done, the worker sees no event, the poll
// core nobody asleep, and the event waits for the next one. With a sequentially consistent fence
// between store and load on both sides, at least one of the two loads sees the other's store.

#include "link/doorbell.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "link/segment.h"

int doorbell_create(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void doorbell_ring_if_asleep(struct segment *segment, int fd)
{
	const uint64_t one = 1;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&segment->worker_asleep, __ATOMIC_RELAXED))
		return;
	// EAGAIN would mean 2^64 - 2 rings unheard: it has rung enough. `asleep` is left alone: a
	// poll core killed between clearing it and ringing would leave the worker asleep for ever.
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

void doorbell_sleep(struct segment *segment)
{
	__atomic_store_n(&segment->worker_asleep, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void doorbell_unrung(struct segment *segment)
{
	__atomic_store_n(&segment->worker_asleep, 0, __ATOMIC_RELAXED);
}

// The flag first: a ring between the two is drained, but the worker is up and looks at the rings.
void doorbell_awake(struct segment *segment, int fd)
{
	uint64_t rings;

	doorbell_unrung(segment);
	if (read(fd, &rings, sizeof(rings)) < 0)
		return;
}
