// SPDX-License-Identifier: Apache-2.0
// A set of 128-bit hashes that grows as needed, to count what is distinct in a capture.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sip/siphash.h"

struct keyset {
	struct siphash128 *slot; // zero: free
	size_t size, count;
};

// true: it is new. Out of memory ends the program, which is a tool.
bool keyset_add(struct keyset *set, struct siphash128 key);
void keyset_fini(struct keyset *set);
