// SPDX-License-Identifier: Apache-2.0
// The fast parser and its line index, once for each instruction set; each is a library of its own
// with its own machine flags. Private to sip/.
#pragma once

#include "sip/line_index.h"
#include "sip/msg.h"

#define KERNEL(name)                                                                  \
	int line_index_##name(const char *buf, size_t len, struct line_index *index); \
	bool usual_parse_##name(const char *buf, size_t len, struct sip_msg *msg)

KERNEL(scalar);
KERNEL(sse42);
KERNEL(avx2);
KERNEL(avx512);

// For kernel_NAME.c.
#define KERNEL_DEFINE(name)                                                          \
	int line_index_##name(const char *buf, size_t len, struct line_index *index) \
	{                                                                            \
		return line_walk(buf, len, index);                                   \
	}                                                                            \
	bool usual_parse_##name(const char *buf, size_t len, struct sip_msg *msg)    \
	{                                                                            \
		return usual_parse(buf, len, msg);                                   \
	}                                                                            \
	_Static_assert(sizeof(#name) > 1, "ends with a semicolon")
