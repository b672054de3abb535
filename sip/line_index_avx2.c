// SPDX-License-Identifier: Apache-2.0
// Two loads of 32 octets a block.
#include "sip/line_kernel.h"

#include <immintrin.h>

struct constants {
	__m256i lf, cr, colon, low_half, pass_low, pass_high;
};

// Keeps the compiler from making the constant anew wherever it is used.
static inline __m256i keep(__m256i constant)
{
	__asm__("" : "+x"(constant));
	return constant;
}

static inline uint64_t equal(__m256i low, __m256i high, __m256i wanted)
{
	return (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)) << 32 |
	       (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
}

// Not 0 for octets that are no stop.
static inline __m256i passes(__m256i part, const struct constants *k)
{
	__m256i high_half = _mm256_and_si256(_mm256_srli_epi16(part, 4), k->low_half);

	return _mm256_and_si256(_mm256_shuffle_epi8(k->pass_low, part),
				_mm256_shuffle_epi8(k->pass_high, high_half));
}

static inline struct line_masks classify(const char *block, const void *context)
{
	const struct constants *k = context;
	__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)block);
	__m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(block + 32));

	return (struct line_masks){
		.lf = equal(low, high, k->lf),
		.cr = equal(low, high, k->cr),
		.colon = equal(low, high, k->colon),
		.stop = equal(passes(low, k), passes(high, k), _mm256_setzero_si256()),
	};
}

int line_kernel_avx2(const char *buf, size_t len, struct line_index *index)
{
	const __m128i pass_low = _mm_setr_epi8(LINE_PASS_LOW);
	const __m128i pass_high = _mm_setr_epi8(LINE_PASS_HIGH);
	const struct constants constants = {
		.lf = keep(_mm256_set1_epi8('\n')),
		.cr = keep(_mm256_set1_epi8('\r')),
		.colon = keep(_mm256_set1_epi8(':')),
		.low_half = keep(_mm256_set1_epi8(0x0f)),
		.pass_low = keep(_mm256_broadcastsi128_si256(pass_low)),
		.pass_high = keep(_mm256_broadcastsi128_si256(pass_high)),
	};

	return line_walk(buf, len, index, classify, &constants);
}
