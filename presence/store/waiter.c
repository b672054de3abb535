// SPDX-License-Identifier: Apache-2.0
// Waiters of the store: on a list of their record, on a list by owner, and on the timer wheel.
#include "presence/store/waiter.h"

#include <stdlib.h>

#include "config/clock.h"
#include "presence/net/timer_wheel.h"

// Patience is some 20 ms: a few hundred wait at 5,000 calls a second.
enum { OWNER_BUCKETS = 256 };

struct waiter {
	struct timer timer;
	struct waiter *next, **prev; // of the record, then of those who are due
	struct waiter *owner_next, **owner_prev;
	struct waiters *waiters;
	uint64_t version;
	store_saved_fn *saved;
	void *ctx;
};

struct waiters {
	struct timer_wheel *wheel;
	struct waiter *due, *spare;
	struct waiter *owner[OWNER_BUCKETS];
};

static struct waiter **owner_bucket(struct waiters *waiters, const void *ctx)
{
	return &waiters->owner[((uintptr_t)ctx >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 56];
}

static void record_link(struct waiter *waiter, struct waiter **on)
{
	waiter->next = *on;
	waiter->prev = on;
	if (waiter->next)
		waiter->next->prev = &waiter->next;
	*on = waiter;
}

static void record_unlink(struct waiter *waiter)
{
	if (!waiter->prev)
		return;
	*waiter->prev = waiter->next;
	if (waiter->next)
		waiter->next->prev = waiter->prev;
	waiter->prev = NULL;
}

// Off all lists and into the spares.
static void waiter_put(struct waiter *waiter)
{
	struct waiters *waiters = waiter->waiters;

	timer_cancel(waiters->wheel, &waiter->timer);
	record_unlink(waiter);
	*waiter->owner_prev = waiter->owner_next;
	if (waiter->owner_next)
		waiter->owner_next->owner_prev = waiter->owner_prev;
	waiter->next = waiters->spare;
	waiters->spare = waiter;
}

static void waiter_call(struct waiter *waiter, bool stored)
{
	store_saved_fn *saved = waiter->saved;
	void *ctx = waiter->ctx;

	waiter_put(waiter);
	saved(ctx, stored);
}

static void patience_over(struct timer *timer)
{
	waiter_call((struct waiter *)timer, false);
}

struct waiters *waiters_new(struct timer_wheel *wheel)
{
	struct waiters *waiters = calloc(1, sizeof(*waiters));

	if (waiters)
		waiters->wheel = wheel;
	return waiters;
}

void waiters_free(struct waiters *waiters)
{
	if (!waiters)
		return;
	for (unsigned int i = 0; i < OWNER_BUCKETS; i++)
		while (waiters->owner[i])
			waiter_put(waiters->owner[i]);
	while (waiters->spare) {
		struct waiter *waiter = waiters->spare;

		waiters->spare = waiter->next;
		free(waiter);
	}
	free(waiters);
}

void waiters_add(struct waiters *waiters, struct waiter **on, uint64_t version,
		 uint64_t patience_ns, store_saved_fn *saved, void *ctx)
{
	struct waiter *waiter = waiters->spare, **owner = owner_bucket(waiters, ctx);

	if (waiter)
		waiters->spare = waiter->next;
	else
		waiter = malloc(sizeof(*waiter));
	if (!waiter) {
		saved(ctx, false); // too early, but a person must not wait for ever
		return;
	}
	*waiter = (struct waiter){
		.waiters = waiters, .version = version, .saved = saved, .ctx = ctx};
	if (on)
		record_link(waiter, on);
	waiter->owner_next = *owner;
	waiter->owner_prev = owner;
	if (waiter->owner_next)
		waiter->owner_next->owner_prev = &waiter->owner_next;
	*owner = waiter;
	timer_set(waiters->wheel, &waiter->timer, clock_mono_ns() + patience_ns, patience_over);
}

void waiters_stored(struct waiters *waiters, struct waiter **on, uint64_t version)
{
	struct waiter *next;

	for (struct waiter *waiter = *on; waiter; waiter = next) {
		next = waiter->next;
		if (waiter->version > version)
			continue;
		record_unlink(waiter);
		record_link(waiter, &waiters->due);
	}
}

void waiters_run(struct waiters *waiters)
{
	while (waiters->due)
		waiter_call(waiters->due, true);
}

void waiters_forget(struct waiters *waiters, void *ctx)
{
	struct waiter *next;

	for (struct waiter *waiter = *owner_bucket(waiters, ctx); waiter; waiter = next) {
		next = waiter->owner_next;
		if (waiter->ctx == ctx)
			waiter_put(waiter);
	}
}
