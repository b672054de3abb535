// SPDX-License-Identifier: Apache-2.0
// Hashed hierarchical timer wheel for a million deadlines: set and cancel in constant time, no
// allocation (the timer is part of what it belongs to). Time is config/clock.h; the resolution is a
// millisecond, and a timer never fires early. One thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer;
typedef void timer_fn(struct timer *timer);

struct timer {
	struct timer *next, **prev; // NULL prev: not set
	uint64_t due_ns;
	timer_fn *fire; // may set or cancel any timer, itself too, and free its owner
};

struct timer_wheel;

struct timer_wheel *timer_wheel_new(uint64_t now_ns);
void timer_wheel_free(struct timer_wheel *wheel); // timers still set are just forgotten

static inline bool timer_is_set(const struct timer *timer)
{
	return timer->prev != NULL;
}

// due_ns: monotonic, absolute; in the past: fires at the next advance. Moves a timer already set.
void timer_set(struct timer_wheel *wheel, struct timer *timer, uint64_t due_ns, timer_fn *fire);
void timer_cancel(struct timer_wheel *wheel, struct timer *timer); // not set: no-op
// Fires all that are due at now_ns, in the order of their due times to the millisecond, those of
// the same millisecond in the order in which they were set. A fire function that sets a timer to a
// time already past sees it fire at the next advance, not at this one.
void timer_wheel_advance(struct timer_wheel *wheel, uint64_t now_ns);
// When to advance next at the latest; UINT64_MAX: no timer set. May be early, never late.
uint64_t timer_wheel_next_ns(const struct timer_wheel *wheel);
size_t timer_wheel_count(const struct timer_wheel *wheel);
