// SPDX-License-Identifier: Apache-2.0
// One load a block, and comparisons that give masks.
#include "sip/line_kernel.h"

#include <immintrin.h>

static inline uint64_t is(__m512i block, char c)
{
	return _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(c));
}

static inline uint64_t in_range(__m512i block, char low, char high)
{
	return _mm512_cmple_epu8_mask(_mm512_sub_epi8(block, _mm512_set1_epi8(low)),
				      _mm512_set1_epi8((char)(high - low)));
}

static inline struct line_masks classify(const char *block)
{
	__m512i octets = _mm512_loadu_si512((const void *)block);

	return (struct line_masks){
		.lf = is(octets, '\n'),
		.cr = is(octets, '\r'),
		.colon = is(octets, ':'),
		.stop = ~in_range(octets, 0x23, 0x7e) | in_range(octets, ';', '>') |
			is(octets, ',') | is(octets, '\\'),
	};
}

int line_kernel_avx512(const char *buf, size_t len, struct line_index *index)
{
	return line_walk(buf, len, index, classify);
}
