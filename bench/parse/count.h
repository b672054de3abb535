// SPDX-License-Identifier: Apache-2.0
// Instructions a message, counted by valgrind's callgrind: bench-parse runs itself under it, once
// for all parsers, and only the loop over the messages is counted.
#pragma once

#include <stddef.h>

#include "bench/parse/parsers.h"

struct batch_list;

struct counted {
	double instructions[PARSERS]; // a message; 0: not counted
	size_t messages;
};

enum {
	// A message is some hundred times slower under callgrind, so of a large batch no more are
	// taken, evenly.
	COUNT_WHOLE_MESSAGES = 2000,
	COUNT_PART_MESSAGES = 200,
};

// One struct for each batch, which stay zero where nothing was counted: without valgrind, or of a
// parser whose instructions it doesn't know. Why is said on stderr.
void count_instructions(const struct batch_list *list, const char *only, struct counted *counted);

// Under callgrind: the passes over the messages in file.
int count_passes(const char *file);
