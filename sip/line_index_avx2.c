// SPDX-License-Identifier: Apache-2.0
// Two loads of 32 octets a block.
#include "sip/line_kernel.h"

#include <immintrin.h>

static inline __m256i is(__m256i part, char c)
{
	return _mm256_cmpeq_epi8(part, _mm256_set1_epi8(c));
}

// 0xff for octets in [low, high].
static inline __m256i in_range(__m256i part, char low, char high)
{
	__m256i above = _mm256_sub_epi8(part, _mm256_set1_epi8(low));

	return _mm256_cmpeq_epi8(_mm256_min_epu8(above, _mm256_set1_epi8((char)(high - low))),
				 above);
}

// Octets that are no stop.
static inline __m256i passes(__m256i part)
{
	__m256i marks = _mm256_or_si256(in_range(part, ';', '>'),
					_mm256_or_si256(is(part, ','), is(part, '\\')));

	return _mm256_andnot_si256(marks, in_range(part, 0x23, 0x7e));
}

static inline uint64_t bits(__m256i low, __m256i high)
{
	return (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32 |
	       (uint32_t)_mm256_movemask_epi8(low);
}

static inline struct line_masks classify(const char *block)
{
	__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)block);
	__m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(block + 32));

	return (struct line_masks){
		.lf = bits(is(low, '\n'), is(high, '\n')),
		.cr = bits(is(low, '\r'), is(high, '\r')),
		.colon = bits(is(low, ':'), is(high, ':')),
		.stop = ~bits(passes(low), passes(high)),
	};
}

int line_kernel_avx2(const char *buf, size_t len, struct line_index *index)
{
	return line_walk(buf, len, index, classify);
}
