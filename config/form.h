// SPDX-License-Identifier: Apache-2.0
// Whether a text has the form that a key asks for (enum schema_form).
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/schema.h"

// false: why[] says what is wrong and what to write instead. Never quotes what may be a secret.
bool form_check(enum schema_form form, const char *text, char *why, size_t why_size);
