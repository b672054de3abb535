// SPDX-License-Identifier: Apache-2.0
// Set of the record keys that are not to be reported while the estate is read (any more): HSCAN may
// return a field twice, and reading starts over when the connection breaks. Gone once all is read.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "presence/store/record.h"

struct seen;

struct seen *seen_new(void);
void seen_free(struct seen *seen);
// True if it is new. Without memory everything is new.
bool seen_add(struct seen *seen, enum record_kind kind, struct record_text field);
size_t seen_count(const struct seen *seen);
