// SPDX-License-Identifier: Apache-2.0
// The messages one figure is made of: the whole corpus, or those of one kind, size, or number of
// header lines, or a few of them over and over.
#pragma once

#include <stddef.h>

#include "bench/parse/cold.h"

struct sample;
struct sample_set;
struct corpus;

enum batch_key {
	BATCH_WHOLE,
	BATCH_KIND,
	BATCH_SIZE,
	BATCH_HEADERS,
	BATCH_CACHE,
	BATCH_MESSAGE,
	BATCH_KEYS
};

struct batch {
	enum batch_key key;
	char value[32]; // "INVITE", "400-599"
	const struct sample **message;
	size_t count;
	size_t bytes;
	enum cold_what cold;
	size_t repeats; // in a round, so that its time can be measured
};

struct batch_list {
	struct batch *batches; // the whole corpus is the first one
	size_t count;
};

// "kind", "size" ...: as options and result lines have it.
const char *batch_key_name(enum batch_key key);
// BATCH_WHOLE: not a name of one.
enum batch_key batch_key_find(const char *name);

// -ENOMEM or 0. The messages must stay.
int batch_whole(struct batch_list *list, const struct sample_set *set);
// Adds batches of that key to the list. BATCH_CACHE: three, from hot to cold. BATCH_MESSAGE: one a
// file or frame; -E2BIG if these are more than can be counted.
int batch_split(struct batch_list *list, const struct corpus *corpus, enum batch_key key);
void batch_list_fini(struct batch_list *list);
