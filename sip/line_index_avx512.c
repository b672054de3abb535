// SPDX-License-Identifier: Apache-2.0
// One load a block, and comparisons that give masks.
#include "sip/line_kernel.h"

#include <immintrin.h>

struct constants {
	__m512i lf, cr, colon, low_half, pass_low, pass_high;
};

// Keeps the compiler from making the constant anew wherever it is used.
static inline __m512i keep(__m512i constant)
{
	__asm__("" : "+v"(constant));
	return constant;
}

static inline struct line_masks classify(const char *block, const void *context)
{
	const struct constants *k = context;
	__m512i octets = _mm512_loadu_si512((const void *)block);
	__m512i high_half = _mm512_and_si512(_mm512_srli_epi16(octets, 4), k->low_half);

	return (struct line_masks){
		.lf = _mm512_cmpeq_epi8_mask(octets, k->lf),
		.cr = _mm512_cmpeq_epi8_mask(octets, k->cr),
		.colon = _mm512_cmpeq_epi8_mask(octets, k->colon),
		.stop = _mm512_testn_epi8_mask(_mm512_shuffle_epi8(k->pass_low, octets),
					       _mm512_shuffle_epi8(k->pass_high, high_half)),
	};
}

int line_kernel_avx512(const char *buf, size_t len, struct line_index *index)
{
	const __m128i pass_low = _mm_setr_epi8(LINE_PASS_LOW);
	const __m128i pass_high = _mm_setr_epi8(LINE_PASS_HIGH);
	const struct constants constants = {
		.lf = keep(_mm512_set1_epi8('\n')),
		.cr = keep(_mm512_set1_epi8('\r')),
		.colon = keep(_mm512_set1_epi8(':')),
		.low_half = keep(_mm512_set1_epi8(0x0f)),
		.pass_low = keep(_mm512_broadcast_i32x4(pass_low)),
		.pass_high = keep(_mm512_broadcast_i32x4(pass_high)),
	};

	return line_walk(buf, len, index, classify, &constants);
}
