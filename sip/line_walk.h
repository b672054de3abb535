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
_Static_assert((int)LINE_INDEX_BYTES <= (int)TALLY_BLOCKS * (int)BLOCK, "no tally overflows");

struct line_walk {
	uint32_t *start;    // of the next line
	uint64_t behind_lf; // the last two octets of the block before: LFs, as the lowest bits
};

// Notes where the lines behind the LFs of `lf` start.
static inline void line_walk_emit(struct line_walk *walk, uint64_t lf, uint32_t base)
{
	uint32_t *start = walk->start;

	walk->start += __builtin_popcountll(lf);
	base++;
	// Three lines of a block without a branch to guess: what is too much is written over.
	start[0] = base + low_bit(lf);
	lf &= lf - 1;
	start[1] = base + low_bit(lf);
	lf &= lf - 1;
	start[2] = base + low_bit(lf);
	lf &= lf - 1;
	if (__builtin_expect(lf == 0, 1))
		return;
	for (start += 3; lf != 0; lf &= lf - 1)
		*start++ = base + low_bit(lf);
}

// The LFs of empty lines: those two octets behind another.
static inline uint64_t line_walk_empty(struct line_walk *walk, uint64_t lf)
{
	uint64_t empty = lf & (lf << 2 | walk->behind_lf);

	walk->behind_lf = lf >> 62;
	return empty;
}

// Behind the block that has the empty line, of which only the octets up to its LF count.
static inline int line_walk_end(struct line_walk *walk, struct line_index *index,
				const struct tally *tally, uint32_t base, uint64_t lf,
				uint64_t control, uint64_t empty)
{
	uint64_t headers = empty ^ (empty - 1);
	uint32_t controls = tally_sum(tally) + (uint32_t)__builtin_popcountll(control & headers);

	line_walk_emit(walk, lf & headers >> 1, base);
	index->count = (uint32_t)(walk->start - index->start - 1);
	index->header_end = base + low_bit(empty) + 1;
	if (controls != 2 * (index->count + 1))
		return -EINVAL;
	return index->count <= LINE_INDEX_MAX ? 0 : -EMSGSIZE;
}

// len is at least a block. 0; -ENODATA, -EMSGSIZE, or -EINVAL unless there are two control
// characters a line: whether they are CR and LF is for the caller to see. The last block starts as
// far before its place as it would be too long.
static inline __attribute__((always_inline)) int line_walk(const char *buf, size_t len,
							   struct line_index *index)
{
	struct line_walk walk = {.start = index->start + 1};
	uint32_t limit = (uint32_t)(len < LINE_INDEX_BYTES ? len : LINE_INDEX_BYTES), base, back;
	struct tally tally = {0};
	struct block block;
	uint64_t lf, empty;

	index->start[0] = 0;
	for (base = 0; base + BLOCK <= limit; base += BLOCK) {
		block = block_load(buf + base);
		lf = block_equal(&block, '\n');
		empty = line_walk_empty(&walk, lf);
		if (empty != 0)
			return line_walk_end(&walk, index, &tally, base, lf, block_control(&block),
					     empty);
		tally_add(&tally, &block);
		line_walk_emit(&walk, lf, base);
		if (__builtin_expect(walk.start > index->start + 1 + LINE_INDEX_MAX, 0))
			return -EMSGSIZE;
	}
	if (base == limit)
		return -ENODATA;
	back = base + BLOCK - limit;
	block = block_load(buf + base - back);
	lf = block_equal(&block, '\n') >> back;
	empty = line_walk_empty(&walk, lf);
	if (empty == 0)
		return -ENODATA;
	return line_walk_end(&walk, index, &tally, base, lf, block_control(&block) >> back, empty);
}
