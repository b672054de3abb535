// SPDX-License-Identifier: Apache-2.0
// Any machine: octet by octet; nearly all of them are nothing special.
#include "sip/line_kernel.h"

static inline struct line_masks classify(const char *block, const void *constants)
{
	struct line_masks masks = {0};

	for (unsigned int i = 0; i < LINE_BLOCK; i++) {
		unsigned char c = (unsigned char)block[i];

		if (!line_is_stop(c) && c != ':')
			continue;
		masks.lf |= (uint64_t)(c == '\n') << i;
		masks.cr |= (uint64_t)(c == '\r') << i;
		masks.stop |= (uint64_t)(c != ':') << i;
		masks.colon |= (uint64_t)(c == ':') << i;
	}
	return masks;
}

int line_kernel_scalar(const char *buf, size_t len, struct line_index *index)
{
	return line_walk(buf, len, index, classify, NULL);
}
