// SPDX-License-Identifier: Apache-2.0
// Any machine: eight bytes at a time are passed over when none of them is below 0x0e, which is so
// for nearly all of them; the masks of a block are put together from the rest.
#include "sip/line_kernel.h"

static inline void mark(const char *bytes, uint32_t from, uint64_t *lf, uint64_t *cr)
{
	for (uint32_t i = from; i < from + 8; i++) {
		*lf |= (uint64_t)(bytes[i] == '\n') << i;
		*cr |= (uint64_t)(bytes[i] == '\r') << i;
	}
}

// Never misses a byte below 0x0e; a borrow may name one too many, which costs a look.
static inline uint64_t has_line_end(uint64_t word)
{
	return (word - 0x0e0e0e0e0e0e0e0e) & ~word & 0x8080808080808080;
}

int line_kernel_scalar(const char *buf, size_t len, struct line_index *index)
{
	char bounce[LINE_BLOCK];
	struct line_walk walk;

	line_walk_init(&walk, index);
	for (size_t off = 0; off < len; off += LINE_BLOCK) {
		const char *block = buf + off;
		uint64_t lf = 0, cr = 0;
		int ret;

		if (len - off < LINE_BLOCK)
			block = line_walk_tail(buf, off, len, bounce);
		for (uint32_t i = 0; i < LINE_BLOCK; i += 8) {
			uint64_t word;

			memcpy(&word, block + i, sizeof(word));
			if (has_line_end(word) != 0)
				mark(block, i, &lf, &cr);
		}
		ret = line_walk_block(&walk, buf, (uint32_t)off, lf, cr);
		if (ret <= 0)
			return ret;
	}
	return -ENODATA;
}
