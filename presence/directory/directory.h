// SPDX-License-Identifier: Apache-2.0
// Number or user -> person. The back end may answer at once (file) or later (a network directory),
// so the answer always comes through `found`; with the file it comes before directory_find()
// returns. One thread: the worker's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings;
struct directory;

struct directory_person {
	const char *aor;     // "sip:john.doe@sfb.example", scheme and host in lower case
	const char *display; // may be empty
};

// person: NULL when there is none; borrowed for the call.
typedef void directory_found_fn(void *ctx, uint64_t ticket, const struct directory_person *person);

// NULL and errno, with the problem in a log line (file:line), when the file can't be used.
struct directory *directory_new(const struct settings *settings);
void directory_free(struct directory *directory);

// identity: a URI as it stood on the wire ("sip:+4930123@gw;user=phone", "tel:+49-30-123"). Looked
// up as it is as an address of record, then by number after the number rules. ticket goes through
// to found().
void directory_find(struct directory *directory, const char *identity, size_t len,
		    directory_found_fn *found, void *ctx, uint64_t ticket);
// All that the directory has for a person, after the number rules and as it was written; none for a
// person it does not know. For operators: looks through the whole directory.
typedef void directory_number_fn(void *ctx, const char *number);
void directory_numbers_of(const struct directory *directory, const char *aor,
			  directory_number_fn *each, void *ctx);
// Reads the file anew; the old content stays when it has problems. 0 or -errno, with a log line.
int directory_reload(struct directory *directory, const struct settings *settings);
size_t directory_persons(const struct directory *directory);
size_t directory_numbers(const struct directory *directory);
