// SPDX-License-Identifier: Apache-2.0
// Messages to measure with: from a folder (one message a file), from a capture, or made up; and
// where each comes from, for people.
#pragma once

#include <stdbool.h>

#include "bench/sample_calls.h"

struct corpus {
	struct sample_set set;
	char **origin; // of each message: a file's name or "frame 12"
};

// path NULL: made up. 0 or -errno; the reason is on stderr.
int corpus_load(struct corpus *corpus, const char *path);
// Takes out the messages whose mark is set; one mark for each.
void corpus_leave_out(struct corpus *corpus, const bool *marks);
void corpus_fini(struct corpus *corpus);
