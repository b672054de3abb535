// SPDX-License-Identifier: Apache-2.0
// The one source of time. Monotonic in the engine, set by hand in tests, packet time in replay.
// Everything that measures, expires or waits asks here; nothing else calls clock_gettime().
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_US UINT64_C(1000)

// Nanoseconds since an arbitrary start (CLOCK_MONOTONIC, so it is the same in all processes of the
// machine) or the time set by clock_set(). Any thread.
uint64_t clock_mono_ns(void);

// Nanoseconds since 1970. Any thread. While the clock is manual: what clock_set() was given.
uint64_t clock_wall_ns(void);

// From now on time stands still at now_ns for both clocks, until the next clock_set(). Never goes
// back: an earlier now_ns is ignored. Tests, simulation and replay; single-threaded use.
void clock_set(uint64_t now_ns);

// Back to the machine's clocks.
void clock_release(void);

// Translate an instant of one clock to the other, by the difference of both now.
uint64_t clock_mono_to_wall(uint64_t mono_ns);
uint64_t clock_wall_to_mono(uint64_t wall_ns);
