// SPDX-License-Identifier: Apache-2.0
// The line index of a usual message: 64 octets a step, hardly a branch but the loop's, as where the
// lines of a message end can't be guessed. Compiled with the fast parser, once a kernel
// (kernel_*.c). Private to sip/.
#pragma once

#include <errno.h>
#include <string.h>

#include "sip/line_index.h"
#include "sip/octets.h"

_Static_assert((int)LINE_BLOCK == (int)BLOCK, "one size");

struct line_walk {
	uint16_t *start;    // of the next line
	uint64_t behind_lf; // the last two octets of the block before: LFs, as the lowest bits
};

// Notes where the lines behind the LFs of `lf` start; false: too many.
#if defined(__AVX512VBMI2__)

// All of a block at once: the numbers of the LFs, side by side, plus the place of the block. There
// are no more than 32, as two at a distance of two are an empty line.
static SIP_INLINE bool line_walk_emit(struct line_walk *walk, const struct line_index *index,
				      uint64_t lf, size_t base)
{
	static const char numbers[BLOCK] __attribute__((aligned(64))) = {
		0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
		32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
		48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
	__m512i each = _mm512_maskz_compress_epi8(lf, _mm512_load_si512(numbers));
	__m512i wide = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(each));
	__m512i start = _mm512_add_epi16(wide, _mm512_set1_epi16((short)(base + 1)));
	int count = __builtin_popcountll(lf);

	_mm512_storeu_si512(walk->start, start);
	walk->start += count;
	return __builtin_expect(count <= 3, 1) || walk->start <= index->start + 1 + LINE_INDEX_MAX;
}

#else

static SIP_INLINE bool line_walk_emit(struct line_walk *walk, const struct line_index *index,
				      uint64_t lf, size_t base)
{
	uint64_t rest = lf & (lf - 1), next = rest & (rest - 1);

	// Three lines of a block without a branch to guess: what is too much is written over.
	walk->start[0] = (uint16_t)(base + 1 + low_bit(lf));
	walk->start[1] = (uint16_t)(base + 1 + low_bit(rest));
	walk->start[2] = (uint16_t)(base + 1 + low_bit(next));
	next &= next - 1;
	if (__builtin_expect(next != 0, 0)) {
		for (uint16_t *start = walk->start + 3; next != 0; next &= next - 1)
			*start++ = (uint16_t)(base + 1 + low_bit(next));
		if (walk->start + __builtin_popcountll(lf) > index->start + 1 + LINE_INDEX_MAX)
			return false;
	}
	walk->start += __builtin_popcountll(lf);
	return true;
}

#endif

// The LFs of empty lines: those two octets behind another.
static inline uint64_t line_walk_empty(const struct line_walk *walk, uint64_t lf)
{
	return lf & (lf << 2 | walk->behind_lf);
}

// len is at least a block. 0; -ENODATA, -EMSGSIZE, or -EINVAL unless the control characters are as
// many as those of one CR LF a line: whether there is a CR before each LF is for the caller to see.
static SIP_INLINE int line_walk(const char *buf, size_t len, struct line_index *index)
{
	struct line_walk walk = {.start = index->start + 1};
	size_t limit = len < LINE_INDEX_BYTES ? len : LINE_INDEX_BYTES, base;
	uint32_t back, line_len;
	struct tally tally = {0};
	struct block block;
	uint64_t lf, empty;

	index->start[0] = 0;
	for (base = 0; base <= limit - BLOCK; base += BLOCK) {
		block = block_load(buf + base);
		lf = block_equal(&block, '\n');
		if (line_walk_empty(&walk, lf) != 0)
			break;
		walk.behind_lf = lf >> 62;
		tally_add(&tally, &block);
		if (!line_walk_emit(&walk, index, lf, base))
			return -EMSGSIZE;
	}
	// The block with the empty line, of which only the octets up to its LF count. It starts as
	// far before its place as it would be too long.
	back = base + BLOCK > limit ? (uint32_t)(base + BLOCK - limit) : 0;
	if (back == BLOCK)
		return -ENODATA;
	block = block_load(buf + base - back);
	lf = block_equal(&block, '\n') >> back;
	empty = line_walk_empty(&walk, lf);
	if (empty == 0)
		return -ENODATA;
	line_len = low_bit(empty) + 1;
	block = block_between(&block, back, back + line_len);
	tally_add(&tally, &block);
	if (!line_walk_emit(&walk, index, lf & (empty ^ (empty - 1)) >> 1, base))
		return -EMSGSIZE;
	index->count = (uint32_t)(walk.start - index->start - 1);
	index->header_end = (uint32_t)base + line_len;
	if (index->count > LINE_INDEX_MAX)
		return -EMSGSIZE;
	return tally_sum(&tally) == TALLY_CR_LF * (index->count + 1) ? 0 : -EINVAL;
}
