// SPDX-License-Identifier: Apache-2.0
// Where the header lines of a message start, found with the widest instructions the machine has.
// Indexes the header area only: stops behind the first empty line. A body is never scanned.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum line_kernel {
	LINE_KERNEL_AUTO,
	LINE_KERNEL_SCALAR,
	LINE_KERNEL_SSE42,
	LINE_KERNEL_AVX2,
	LINE_KERNEL_AVX512,
	LINE_KERNEL_COUNT,
};

enum { LINE_INDEX_MAX = 256 };

struct line_index {
	uint16_t count;      // lines, without the empty one that ends the headers
	uint16_t header_end; // offset behind the empty line; 0: no empty line within len
	bool bare_lf;        // a line of the headers, or the empty one, ended with LF alone
	bool stray_cr;       // a CR in the headers that no LF follows
	uint16_t start[LINE_INDEX_MAX + 1]; // start[count] is where the empty line starts
};

// 0, -EMSGSIZE with more lines than LINE_INDEX_MAX, -ENODATA without an empty line.
int line_index_build(const char *buf, size_t len, struct line_index *index);

// Picks the kernel for all following calls; AUTO: the best this machine has. -ENOTSUP if it lacks
// the one asked for. Before any poll core runs.
int line_index_select(enum line_kernel kernel);
enum line_kernel line_index_selected(void);
bool line_kernel_supported(enum line_kernel kernel);
const char *line_kernel_name(enum line_kernel kernel);
