// SPDX-License-Identifier: Apache-2.0
// Counts of durations in buckets that are 1/64 of their power of two wide: any quantile within 1.6
// %, whatever its size, in constant memory (as HdrHistogram, Tene 2012).
#pragma once

#include <stdint.h>

enum {
	HISTOGRAM_SUB_BITS = 6,
	HISTOGRAM_BUCKETS = (64 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS,
};

struct histogram {
	uint64_t count, sum, max;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_merge(struct histogram *into, const struct histogram *from);
// The largest value that the bucket of this share of all values may hold, at most the largest there
// was; 0 of nothing. 0 <= share <= 1.
uint64_t histogram_quantile(const struct histogram *histogram, double share);
