// SPDX-License-Identifier: Apache-2.0
// What a back end (memory, redis) tells presence/store/store.c. Always from the loop, never from
// inside a call of the store.
#pragma once

#include <stdbool.h>

#include "presence/store/backlog.h"
#include "presence/store/record.h"

struct backend_events {
	// The estate as it was found, once in the life of the engine; then loaded(). Records may
	// come again when reading had to start over.
	void (*record)(void *ctx, enum record_kind kind, struct record_text field,
		       struct record_text value);
	void (*loaded)(void *ctx);
	// Batches are taken from now on. forgotten: what was stored before is gone.
	void (*ready)(void *ctx, bool forgotten);
	// Batches are not taken until the next ready(); those under way come back by done().
	void (*away)(void *ctx, const char *why);
	void (*fenced)(void *ctx, const char *why); // for good
	void (*done)(void *ctx, struct batch *batch, bool stored);
};
