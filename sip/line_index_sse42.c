// SPDX-License-Identifier: Apache-2.0
// Four loads of 16 octets a block.
#include "sip/line_kernel.h"

#include <immintrin.h>

struct constants {
	__m128i lf, cr, colon, low_half, pass_low, pass_high;
};

// Keeps the compiler from making the constant anew wherever it is used.
static inline __m128i keep(__m128i constant)
{
	__asm__("" : "+x"(constant));
	return constant;
}

static inline uint64_t equal(__m128i part, __m128i wanted, int number)
{
	return (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(part, wanted)) << (16 * number);
}

static inline struct line_masks classify(const char *block, const void *context)
{
	const struct constants *k = context;
	struct line_masks masks = {0};

	for (int i = 0; i < 4; i++) {
		__m128i part = _mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i));
		__m128i high_half = _mm_and_si128(_mm_srli_epi16(part, 4), k->low_half);
		__m128i passes = _mm_and_si128(_mm_shuffle_epi8(k->pass_low, part),
					       _mm_shuffle_epi8(k->pass_high, high_half));

		masks.lf |= equal(part, k->lf, i);
		masks.cr |= equal(part, k->cr, i);
		masks.colon |= equal(part, k->colon, i);
		masks.stop |= equal(passes, _mm_setzero_si128(), i);
	}
	return masks;
}

int line_kernel_sse42(const char *buf, size_t len, struct line_index *index)
{
	const struct constants constants = {
		.lf = keep(_mm_set1_epi8('\n')),
		.cr = keep(_mm_set1_epi8('\r')),
		.colon = keep(_mm_set1_epi8(':')),
		.low_half = keep(_mm_set1_epi8(0x0f)),
		.pass_low = keep(_mm_setr_epi8(LINE_PASS_LOW)),
		.pass_high = keep(_mm_setr_epi8(LINE_PASS_HIGH)),
	};

	return line_walk(buf, len, index, classify, &constants);
}
