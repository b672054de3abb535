// SPDX-License-Identifier: Apache-2.0
// Do all parsers find the same in every message? Before anything is measured.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct corpus;

// How many messages aren't read alike by all parsers that take part, or not taken for a message by
// one of them. The first ones are shown on stderr with what each parser finds. leave_out: they are
// taken out of the corpus.
size_t agree_check(struct corpus *corpus, bool leave_out);
