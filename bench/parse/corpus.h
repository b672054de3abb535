// SPDX-License-Identifier: Apache-2.0
// Messages to measure with: from a folder (one message a file), from a capture (UDP payloads that
// the gate takes for SIP), or made up.
#pragma once

#include "bench/sample_calls.h"

// path NULL: made up. 0 or -errno; the reason is on stderr.
int corpus_load(struct sample_set *set, const char *path);
