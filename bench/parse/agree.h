// SPDX-License-Identifier: Apache-2.0
// Do all parsers find the same in every message? Before anything is measured.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct corpus;

struct agreement {
	size_t different; // messages not read alike by all parsers that take part
	size_t faults;    // of those the ones that our own parsers don't read alike
};

// The first messages that aren't read alike are shown on stderr with what each parser finds, and of
// each parser how many it read otherwise. leave_out: they are taken out of the corpus.
struct agreement agree_check(struct corpus *corpus, bool leave_out);
