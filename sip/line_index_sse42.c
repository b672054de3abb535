// SPDX-License-Identifier: Apache-2.0
// Four loads of 16 bytes a block.
#include "sip/line_kernel.h"

#include <immintrin.h>

static inline uint64_t equal_mask(const __m128i part[4], char c)
{
	const __m128i wanted = _mm_set1_epi8(c);
	uint64_t mask = 0;

	for (int i = 0; i < 4; i++)
		mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(part[i], wanted))
			<< (16 * i);
	return mask;
}

int line_kernel_sse42(const char *buf, size_t len, struct line_index *index)
{
	char bounce[LINE_BLOCK];
	struct line_walk walk;

	line_walk_init(&walk, index);
	for (size_t off = 0; off < len; off += LINE_BLOCK) {
		const char *block = buf + off;
		__m128i part[4];
		int ret;

		if (len - off < LINE_BLOCK)
			block = line_walk_tail(buf, off, len, bounce);
		for (int i = 0; i < 4; i++)
			part[i] = _mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i));
		ret = line_walk_block(&walk, buf, (uint32_t)off, equal_mask(part, '\n'),
				      equal_mask(part, '\r'));
		if (ret <= 0)
			return ret;
	}
	return -ENODATA;
}
