// SPDX-License-Identifier: Apache-2.0
// How long a parser takes for a batch with what it needs in the caches, in nanoseconds a message.
#pragma once

#include <time.h>

struct batch;
struct parser;

static inline double clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

// All messages one after the other, in CPU time of the process.
double clock_warm(const struct parser *parser, const struct batch *batch);
