// SPDX-License-Identifier: Apache-2.0
// What the kernels of the line index share: each finds the LFs and CRs of 64 bytes its own way and
// hands them over as two bit masks. Private to sip/line_index*.c; the kernels are libraries of
// their own, each compiled for its machine, so what is here is inline.
#pragma once

#include <errno.h>
#include <string.h>

#include "sip/line_index.h"

int line_kernel_scalar(const char *buf, size_t len, struct line_index *index);
int line_kernel_sse42(const char *buf, size_t len, struct line_index *index);
int line_kernel_avx2(const char *buf, size_t len, struct line_index *index);
int line_kernel_avx512(const char *buf, size_t len, struct line_index *index);

enum { LINE_BLOCK = 64 };

struct line_walk {
	struct line_index *index;
	uint32_t line_start;
	uint32_t count;
	uint64_t cr_before; // 1: the block before ended with a CR
	uint64_t bare_lf, stray_cr;
};

static inline void line_walk_init(struct line_walk *walk, struct line_index *index)
{
	*walk = (struct line_walk){.index = index};
	index->count = 0;
	index->header_end = 0;
	index->bare_lf = false;
	index->stray_cr = false;
	index->start[0] = 0;
}

// Takes one block: bit n of lf and cr is the byte at base + n. Returns 1 to go on, 0 behind the
// empty line, -EMSGSIZE.
static inline int line_walk_block(struct line_walk *walk, const char *buf, uint32_t base,
				  uint64_t lf, uint64_t cr)
{
	uint64_t behind_cr = cr << 1 | walk->cr_before;
	uint64_t rest = lf;

	for (; rest != 0; rest &= rest - 1) {
		uint32_t bit = (uint32_t)__builtin_ctzll(rest);
		uint32_t at = base + bit;
		uint32_t line_len = at - walk->line_start;

		if (__builtin_expect(line_len <= 1, 0) &&
		    (line_len == 0 || buf[walk->line_start] == '\r')) {
			uint64_t headers = UINT64_MAX >> (63 - bit);

			walk->index->count = (uint16_t)walk->count;
			walk->index->header_end = (uint16_t)(at + 1);
			walk->index->bare_lf = (walk->bare_lf | (lf & ~behind_cr & headers)) != 0;
			walk->index->stray_cr = (walk->stray_cr | (behind_cr & ~lf & headers)) != 0;
			return 0;
		}
		if (__builtin_expect(walk->count == LINE_INDEX_MAX, 0))
			return -EMSGSIZE;
		walk->line_start = at + 1;
		walk->index->start[++walk->count] = (uint16_t)walk->line_start;
	}
	walk->bare_lf |= lf & ~behind_cr;
	walk->stray_cr |= behind_cr & ~lf;
	walk->cr_before = cr >> 63;
	return 1;
}

// The bytes of the last, partial block, with zeros behind them: no kernel reads outside a message.
static inline const char *line_walk_tail(const char *buf, size_t off, size_t len, char *bounce)
{
	memset(bounce, 0, LINE_BLOCK);
	memcpy(bounce, buf + off, len - off);
	return bounce;
}
