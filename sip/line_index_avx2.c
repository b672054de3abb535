// SPDX-License-Identifier: Apache-2.0
// Two loads of 32 bytes a block.
#include "sip/line_kernel.h"

#include <immintrin.h>

static inline uint64_t equal_mask(__m256i low, __m256i high, char c)
{
	const __m256i wanted = _mm256_set1_epi8(c);
	uint32_t low_mask = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
	uint32_t high_mask = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted));

	return (uint64_t)high_mask << 32 | low_mask;
}

int line_kernel_avx2(const char *buf, size_t len, struct line_index *index)
{
	char bounce[LINE_BLOCK];
	struct line_walk walk;

	line_walk_init(&walk, index);
	for (size_t off = 0; off < len; off += LINE_BLOCK) {
		const char *block = buf + off;
		__m256i low, high;
		int ret;

		if (len - off < LINE_BLOCK)
			block = line_walk_tail(buf, off, len, bounce);
		low = _mm256_loadu_si256((const __m256i *)(const void *)block);
		high = _mm256_loadu_si256((const __m256i *)(const void *)(block + 32));
		ret = line_walk_block(&walk, buf, (uint32_t)off, equal_mask(low, high, '\n'),
				      equal_mask(low, high, '\r'));
		if (ret <= 0)
			return ret;
	}
	return -ENODATA;
}
