// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next try: from 50 ms, doubled up to 5 s, each time somewhere in the
// upper half of that, so that engines that lost one store together don't come back together.
#pragma once

#include <stdint.h>

struct backoff {
	unsigned int tries; // without success
};

uint64_t backoff_next_ns(struct backoff *backoff);
void backoff_reset(struct backoff *backoff);
