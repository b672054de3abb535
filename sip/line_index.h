// SPDX-License-Identifier: Apache-2.0
// Where the header lines of a message start, found in one pass with the widest instructions the
// machine has. Indexes the header area only: stops behind the first empty line; a body is never
// looked at. And which of the kernels does it: the whole fast parser is compiled once for each.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum line_kernel {
	LINE_KERNEL_AUTO,
	LINE_KERNEL_SCALAR,
	LINE_KERNEL_SSE42,
	LINE_KERNEL_AVX2,
	LINE_KERNEL_AVX512, // BW, VL and VBMI2: since Ice Lake and Zen 4
	LINE_KERNEL_COUNT,
};

enum {
	LINE_INDEX_MAX = 256,
	LINE_BLOCK = 64,
	LINE_INDEX_BYTES = 256 * LINE_BLOCK, // as many as a message may have
};

struct line_index {
	uint32_t count;      // lines, without the empty one that ends the headers
	uint32_t header_end; // offset behind the empty line
	// start[count] is where the empty line starts. A kernel checks the count at a block of
	// more than three lines only and at the end: room for what may come between.
	uint16_t start[LINE_INDEX_MAX + LINE_BLOCK + 3 * LINE_INDEX_BYTES / LINE_BLOCK + 6];
};

// 0, -EMSGSIZE with more than LINE_INDEX_MAX lines or SIP_MAX_HEADER_BYTES, -ENODATA without an
// empty line. Unless 0, nothing in *index holds. Lines may end with LF alone; a kernel takes only
// those of usual messages, what it leaves is walked plainly.
int line_index_build(const char *buf, size_t len, struct line_index *index);

// Picks the kernel for all following calls; AUTO: the best this machine has. -ENOTSUP if it lacks
// the one asked for. Before any poll core runs.
int line_index_select(enum line_kernel kernel);
enum line_kernel line_index_selected(void);
bool line_kernel_supported(enum line_kernel kernel);
const char *line_kernel_name(enum line_kernel kernel);
