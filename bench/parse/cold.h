// SPDX-License-Identifier: Apache-2.0
// How long a parser takes for a message that is in no cache, and when the parser isn't either.
#pragma once

#include <stdbool.h>

struct batch;
struct parser;

enum cold_what {
	COLD_NOTHING,
	COLD_MESSAGE, // the message's octets
	COLD_ALL,     // the parser's code, tables, stack and heap, too
};

// Each message of the batch by itself, in nanoseconds. 0: this machine has no way to do it.
double cold_time(const struct parser *parser, const struct batch *batch, enum cold_what what);
