// SPDX-License-Identifier: Apache-2.0
// The directory as a file for people: a person a line, `person,display name,number,number ...`, as
// RFC 4180 has it, with comment lines that begin with # and, if wanted, a header line that begins
// with `person`. Loaded whole or not at all.
#pragma once

#include <stddef.h>

struct rules;
struct directory_file;

struct directory_entry {
	const char *aor;
	const char *display;
};

// Every problem is a log line with file:line, up to a few; then NULL and errno.
struct directory_file *directory_file_load(const char *path, const struct rules *rules);
void directory_file_free(struct directory_file *file);

// By address of record ("sip:john.doe@sfb.example", case does not matter), by number or user after
// the rules. NULL: nobody. Valid as long as the file is.
const struct directory_entry *directory_file_aor(const struct directory_file *file,
						 const char *aor);
const struct directory_entry *directory_file_number(const struct directory_file *file,
						    const char *number);
// All numbers and users of an entry, after the rules and as the file has them. Looks through the
// whole table.
typedef void directory_number_fn(void *ctx, const char *number);
void directory_file_numbers_of(const struct directory_file *file,
			       const struct directory_entry *entry, directory_number_fn *each,
			       void *ctx);
size_t directory_file_persons(const struct directory_file *file);
size_t directory_file_numbers(const struct directory_file *file);
