// SPDX-License-Identifier: Apache-2.0
// What the kernels of the line index share: each classifies 64 octets its own way and hands them
// over as bit masks. Private to sip/line_index*.c; the kernels are libraries of their own, each
// compiled for its machine, so what is here is inline.
#pragma once

#include <errno.h>
#include <string.h>

#include "sip/line_index.h"

int line_kernel_scalar(const char *buf, size_t len, struct line_index *index);
int line_kernel_sse42(const char *buf, size_t len, struct line_index *index);
int line_kernel_avx2(const char *buf, size_t len, struct line_index *index);
int line_kernel_avx512(const char *buf, size_t len, struct line_index *index);

// Bit n is octet n of the block.
struct line_masks {
	uint64_t lf, cr, stop, colon;
};

struct line_walk {
	struct line_index *index;
	uint32_t count;
	// The last octet of the block before: 1 if it was a CR, an LF, a CR behind an LF.
	uint64_t cr_before, lf_before, lf_cr_before;
	uint64_t odd; // LFs without a CR before and CRs without an LF behind
};

static inline void line_walk_init(struct line_walk *walk, struct line_index *index)
{
	// As if an LF stood before the message: an empty first line ends the headers, too.
	*walk = (struct line_walk){.index = index, .lf_before = 1};
	index->start[0] = 0;
}

// Takes the block at offset base. Returns 1 to go on, 0 behind the empty line, -EMSGSIZE.
static inline int line_walk_block(struct line_walk *walk, uint32_t base, struct line_masks masks)
{
	struct line_index *index = walk->index;
	uint64_t behind_cr = masks.cr << 1 | walk->cr_before;
	uint64_t behind_lf = masks.lf << 1 | walk->lf_before;
	uint64_t lf_cr = masks.cr & behind_lf;
	uint64_t empty = masks.lf & (behind_lf | lf_cr << 1 | walk->lf_cr_before);
	// With an empty line: the bits up to its LF. Without: all.
	uint64_t headers = empty ^ (empty - 1);
	uint64_t lines = masks.lf & headers & ~(empty & -empty);
	uint16_t *start = &index->start[walk->count + 1];

	index->stop[base / LINE_BLOCK] = masks.stop;
	index->colon[base / LINE_BLOCK] = masks.colon;
	walk->odd |= (masks.lf ^ behind_cr) & headers;
	walk->count += (uint32_t)__builtin_popcountll(lines);
	// Two lines of a block without a branch to guess: what is too much is written over.
	start[0] = (uint16_t)(base + (uint32_t)__builtin_ctzll(lines | 1ull << 63) + 1);
	lines &= lines - 1;
	start[1] = (uint16_t)(base + (uint32_t)__builtin_ctzll(lines | 1ull << 63) + 1);
	lines &= lines - 1;
	for (start += 2; __builtin_expect(lines != 0, 0); lines &= lines - 1)
		*start++ = (uint16_t)(base + (uint32_t)__builtin_ctzll(lines) + 1);
	if (__builtin_expect(walk->count > LINE_INDEX_MAX, 0))
		return -EMSGSIZE;
	if (empty != 0) {
		index->count = (uint16_t)walk->count;
		index->header_end = (uint16_t)(base + (uint32_t)__builtin_ctzll(empty) + 1);
		index->odd_line_end = walk->odd != 0;
		return 0;
	}
	walk->cr_before = masks.cr >> 63;
	walk->lf_before = masks.lf >> 63;
	walk->lf_cr_before = lf_cr >> 63;
	return 1;
}

// The octets of the last, partial block, with zeros behind them: no kernel reads outside a message.
static inline const char *line_walk_tail(const char *buf, size_t off, size_t len, char *bounce)
{
	memset(bounce, 0, LINE_BLOCK);
	memcpy(bounce, buf + off, len - off);
	return bounce;
}

// Octets that are no stop, told by two table look-ups of sixteen: an octet passes when the entries
// of its low and its high half have a bit in common. One bit for each row of ASCII that differs.
enum { ROW_2 = 1, ROW_3 = 2, ROW_4_6 = 4, ROW_5 = 8, ROW_7 = 16, ROW_ALL = 31 };

#define LINE_PASS_LOW                                                                          \
	ROW_ALL - ROW_2, ROW_ALL - ROW_2, ROW_ALL - ROW_2, ROW_ALL, ROW_ALL, ROW_ALL, ROW_ALL, \
		ROW_ALL, ROW_ALL, ROW_ALL, ROW_ALL, ROW_ALL - ROW_3,                           \
		ROW_ALL - ROW_2 - ROW_3 - ROW_5, ROW_ALL - ROW_3, ROW_ALL - ROW_3, ROW_ALL - ROW_7
#define LINE_PASS_HIGH 0, 0, ROW_2, ROW_3, ROW_4_6, ROW_5, ROW_4_6, ROW_7, 0, 0, 0, 0, 0, 0, 0, 0

// The loop around a kernel's way to classify the 64 octets at block; inlined with it. The constants
// are the kernel's own: made once, as compilers like to make them again for each block.
static inline __attribute__((always_inline)) int
line_walk(const char *buf, size_t len, struct line_index *index,
	  struct line_masks (*classify)(const char *block, const void *constants),
	  const void *constants)
{
	char bounce[LINE_BLOCK];
	struct line_walk walk;

	line_walk_init(&walk, index);
	for (size_t off = 0; off < len; off += LINE_BLOCK) {
		const char *block = buf + off;
		int ret;

		if (off == LINE_INDEX_BYTES)
			return -EMSGSIZE;
		if (len - off < LINE_BLOCK)
			block = line_walk_tail(buf, off, len, bounce);
		ret = line_walk_block(&walk, (uint32_t)off, classify(block, constants));
		if (ret <= 0)
			return ret;
	}
	return -ENODATA;
}
