// SPDX-License-Identifier: Apache-2.0
#include "bench/histogram.h"

#include <string.h>

enum { SUB = 1 << HISTOGRAM_SUB_BITS };

// Values below SUB are their own buckets; above, the top bits below the leading one choose.
static unsigned int bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < SUB)
		return (unsigned int)value;
	shift = 63 - (unsigned int)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
	return ((shift + 1) << HISTOGRAM_SUB_BITS) + (unsigned int)(value >> shift) - SUB;
}

static uint64_t bucket_end(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < SUB)
		return bucket;
	shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
	return ((uint64_t)((bucket & (SUB - 1)) + SUB + 1) << shift) - 1;
}

void histogram_clear(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->bucket[bucket_of(value)]++;
	histogram->count++;
	histogram->sum += value;
	if (value > histogram->max)
		histogram->max = value;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->bucket[i] += from->bucket[i];
	into->count += from->count;
	into->sum += from->sum;
	if (from->max > into->max)
		into->max = from->max;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
	uint64_t rank = (uint64_t)(share * (double)histogram->count), seen = 0;

	if ((double)rank < share * (double)histogram->count || rank == 0)
		rank++;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS && histogram->count > 0; i++) {
		seen += histogram->bucket[i];
		if (seen >= rank)
			return bucket_end(i) < histogram->max ? bucket_end(i) : histogram->max;
	}
	return histogram->max;
}
