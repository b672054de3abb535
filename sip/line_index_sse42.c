// SPDX-License-Identifier: Apache-2.0
// Four loads of 16 octets a block.
#include "sip/line_kernel.h"

#include <immintrin.h>

static inline __m128i is(__m128i part, char c)
{
	return _mm_cmpeq_epi8(part, _mm_set1_epi8(c));
}

// 0xff for octets in [low, high].
static inline __m128i in_range(__m128i part, char low, char high)
{
	__m128i above = _mm_sub_epi8(part, _mm_set1_epi8(low));

	return _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8((char)(high - low))), above);
}

static inline uint64_t bits(__m128i part, int number)
{
	return (uint64_t)(uint32_t)_mm_movemask_epi8(part) << (16 * number);
}

static inline struct line_masks classify(const char *block)
{
	struct line_masks masks = {0};
	uint64_t pass = 0;

	for (int i = 0; i < 4; i++) {
		__m128i part = _mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i));
		__m128i marks = _mm_or_si128(in_range(part, ';', '>'),
					     _mm_or_si128(is(part, ','), is(part, '\\')));

		masks.lf |= bits(is(part, '\n'), i);
		masks.cr |= bits(is(part, '\r'), i);
		masks.colon |= bits(is(part, ':'), i);
		pass |= bits(_mm_andnot_si128(marks, in_range(part, 0x23, 0x7e)), i);
	}
	masks.stop = ~pass;
	return masks;
}

int line_kernel_sse42(const char *buf, size_t len, struct line_index *index)
{
	return line_walk(buf, len, index, classify);
}
