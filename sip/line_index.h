// SPDX-License-Identifier: Apache-2.0
// Where the header lines of a message start and where its runs of ordinary characters end, found in
// one pass with the widest instructions the machine has. Indexes the header area only: stops behind
// the first empty line. A body is never looked at. All that follows steps from mark to mark instead
// of from octet to octet.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum line_kernel {
	LINE_KERNEL_AUTO,
	LINE_KERNEL_SCALAR,
	LINE_KERNEL_SSE42,
	LINE_KERNEL_AVX2,
	LINE_KERNEL_AVX512,
	LINE_KERNEL_COUNT,
};

enum {
	LINE_INDEX_MAX = 256,
	LINE_INDEX_BYTES = 16384, // SIP_MAX_HEADER_BYTES
	LINE_BLOCK = 64,
};

struct line_index {
	uint16_t count;      // lines, without the empty one that ends the headers
	uint16_t header_end; // offset behind the empty line; 0: no empty line within len
	bool odd_line_end;   // an LF in the headers without a CR before it, or a CR without an LF
	// start[count] is where the empty line starts. Room for one block too many, so that the
	// count is checked once a block.
	uint16_t start[LINE_INDEX_MAX + LINE_BLOCK + 2];
	// One bit an octet, up to the block that header_end is in. stop: what no name, token or
	// host has, as line_is_stop() says; every line end is one. colon: colons. One word more
	// than there are blocks, as marks are read from any bit on.
	uint64_t stop[LINE_INDEX_BYTES / LINE_BLOCK + 1];
	uint64_t colon[LINE_INDEX_BYTES / LINE_BLOCK + 1];
};

// 0, -EMSGSIZE with more than LINE_INDEX_MAX lines or LINE_INDEX_BYTES, -ENODATA without an empty
// line. Unless 0, nothing in *index holds.
int line_index_build(const char *buf, size_t len, struct line_index *index);

// Controls, blanks, ! " , ; < = > and backslash, and all that is not ASCII.
static inline bool line_is_stop(unsigned char c)
{
	return c < 0x23 || c > 0x7e || (c >= ';' && c <= '>') || c == ',' || c == '\\';
}

// The marks of the octets from `at` on, at least 57 of them: read from the octet of the bit map
// that has the first one, so that no branch depends on where in a word a name happens to lie.
static inline uint64_t line_marks(const uint64_t *map, uint32_t at)
{
	uint64_t marks;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&marks, (const char *)map + at / 8, sizeof(marks));
	return marks >> at % 8;
#else
	marks = map[at / LINE_BLOCK] >> at % LINE_BLOCK;
	return at % LINE_BLOCK < 8
		       ? marks
		       : marks | map[at / LINE_BLOCK + 1] << (LINE_BLOCK - at % LINE_BLOCK);
#endif
}

enum { LINE_MARKS = 57 };

// The first stop at or behind `at`, which is in a line: there is always one, the line's end.
static inline uint32_t line_next_stop(const struct line_index *index, uint32_t at)
{
	uint64_t marks = line_marks(index->stop, at);

	while (__builtin_expect(marks == 0, 0)) {
		at += LINE_MARKS;
		marks = line_marks(index->stop, at);
	}
	return at + (uint32_t)__builtin_ctzll(marks);
}

// The first stop or colon.
static inline uint32_t line_next_colon(const struct line_index *index, uint32_t at)
{
	uint64_t marks = line_marks(index->stop, at) | line_marks(index->colon, at);

	while (__builtin_expect(marks == 0, 0)) {
		at += LINE_MARKS;
		marks = line_marks(index->stop, at) | line_marks(index->colon, at);
	}
	return at + (uint32_t)__builtin_ctzll(marks);
}

// Picks the kernel for all following calls; AUTO: the best this machine has. -ENOTSUP if it lacks
// the one asked for. Before any poll core runs.
int line_index_select(enum line_kernel kernel);
enum line_kernel line_index_selected(void);
bool line_kernel_supported(enum line_kernel kernel);
const char *line_kernel_name(enum line_kernel kernel);
