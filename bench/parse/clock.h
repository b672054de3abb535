// SPDX-License-Identifier: Apache-2.0
// How long a parser takes for a batch, in nanoseconds a message.
#pragma once

#include <stdbool.h>

struct batch;
struct parser;

// All messages one after the other, in CPU time of the process.
double clock_warm(const struct parser *parser, const struct batch *batch);

// Each message for itself, when neither it nor the parser is in a cache near the core. 0: this
// machine has no way to do it.
bool clock_has_cold(void);
double clock_cold(const struct parser *parser, const struct batch *batch);
