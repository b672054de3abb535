// SPDX-License-Identifier: Apache-2.0
// One value of a key, or one item of a list: text <-> member of struct settings.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct schema_key;

// at: the member or item. false: why[] says what is wrong, in words that follow the key's name.
bool scalar_read(const struct schema_key *key, const char *text, void *at, char *why,
		 size_t why_size);
void scalar_text(const struct schema_key *key, const void *at, char *out, size_t size);
// A number in the unit of the key, as bounds are told.
void scalar_number_text(const struct schema_key *key, uint64_t value, char *out, size_t size);
