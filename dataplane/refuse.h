// SPDX-License-Identifier: Apache-2.0
// What can't work is refused with a sentence: what happened, where, and what to do.
#pragma once

#include <stddef.h>

// Writes it into error and returns rc.
int refuse(int rc, char *error, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
