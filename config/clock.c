// SPDX-License-Identifier: Apache-2.0
// The machine's clocks, or one that stands where clock_set() put it.

#include "config/clock.h"

#include <time.h>

static uint64_t manual_ns;
static bool is_manual;

static uint64_t clock_read_ns(clockid_t id)
{
	struct timespec now;

	if (__atomic_load_n(&is_manual, __ATOMIC_ACQUIRE))
		return __atomic_load_n(&manual_ns, __ATOMIC_RELAXED);
	// Cannot fail: both clocks exist on every Linux and the pointer is ours.
	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_mono_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

void clock_set(uint64_t now_ns)
{
	if (is_manual && now_ns < manual_ns)
		return;
	__atomic_store_n(&manual_ns, now_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&is_manual, true, __ATOMIC_RELEASE);
}

void clock_release(void)
{
	__atomic_store_n(&is_manual, false, __ATOMIC_RELEASE);
}

// The differences may be negative; unsigned arithmetic wraps to the right instant.
uint64_t clock_mono_to_wall(uint64_t mono_ns)
{
	return mono_ns + (clock_wall_ns() - clock_mono_ns());
}

uint64_t clock_wall_to_mono(uint64_t wall_ns)
{
	return wall_ns + (clock_mono_ns() - clock_wall_ns());
}
