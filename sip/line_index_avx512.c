// SPDX-License-Identifier: Apache-2.0
// One load a block; the last one is masked, so that nothing behind the message is read.
#include "sip/line_kernel.h"

#include <immintrin.h>

int line_kernel_avx512(const char *buf, size_t len, struct line_index *index)
{
	const __m512i lf = _mm512_set1_epi8('\n'), cr = _mm512_set1_epi8('\r');
	struct line_walk walk;

	line_walk_init(&walk, index);
	for (size_t off = 0; off < len; off += LINE_BLOCK) {
		__mmask64 there = UINT64_MAX;
		__m512i block;
		int ret;

		if (len - off < LINE_BLOCK)
			there = UINT64_MAX >> (LINE_BLOCK - (len - off));
		block = _mm512_maskz_loadu_epi8(there, buf + off);
		ret = line_walk_block(&walk, buf, (uint32_t)off, _mm512_cmpeq_epi8_mask(block, lf),
				      _mm512_cmpeq_epi8_mask(block, cr));
		if (ret <= 0)
			return ret;
	}
	return -ENODATA;
}
