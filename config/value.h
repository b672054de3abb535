// SPDX-License-Identifier: Apache-2.0
// One row of the schema at work: from the file, or its default, into struct settings, and out
// again.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct file_node;
struct problems;
struct schema_key;
struct settings;

enum { VALUE_TEXT_BYTES = 20480 }; // the longest list

// Adds to problems and marks the node bad what can't be; the value is half set then.
void value_read(const struct schema_key *key, struct file_node *node, struct settings *out,
		struct problems *problems);
void value_default(const struct schema_key *key, struct settings *out);
// As it could stand in the file; `-` for an empty text.
void value_print(const struct schema_key *key, const struct settings *settings, char *out,
		 size_t size);
bool value_equal(const struct schema_key *key, const struct settings *a, const struct settings *b);
void value_copy(const struct schema_key *key, const struct settings *from, struct settings *to);
