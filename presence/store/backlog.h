// SPDX-License-Identifier: Apache-2.0
// What memory knows and the store does not yet: for each key the newest version, waiting in a queue
// or on its way in a batch. A newer version replaces the waiting one, so the backlog is bounded by
// the number of keys, and by a limit. Filled by presence/store/store.c, emptied by a back end.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "presence/store/record.h"

struct backlog;
struct waiter;

enum { BATCH_RECORDS = 256 }; // three arguments each; Lua's unpack() ends near 8,000

struct backlog_entry {
	struct backlog_entry *hash_next;
	struct backlog_entry *next, **prev; // queue; NULL prev: not in it
	struct waiter *waiters;             // presence/store/waiter.h
	uint64_t hash;
	uint64_t version;  // of the value; grows with each put
	uint64_t since_ns; // monotonic, of the oldest version that is not stored
	bool flying;       // an older or this version is in a batch
	uint16_t intent;   // slot to be dropped with the entry: presence/store/intents.h
	uint8_t kind;
	uint16_t field_len, value_len, value_size;
	char *value;  // behind the field, or on the heap when it has outgrown that place
	char field[]; // empty value: the record is to be dropped
};

// Records on their way together. Their bytes are copied when the batch is sent, so that newer
// versions may come meanwhile.
struct batch {
	struct batch *next;
	uint64_t sent_ns;
	size_t bytes;
	bool clear; // empties the estate first
	unsigned int count;
	struct {
		struct backlog_entry *entry;
		uint64_t version;
	} record[BATCH_RECORDS];
};

struct backlog *backlog_new(size_t limit);
void backlog_free(struct backlog *backlog); // after all batches have come back

// value.len 0: drop. The entry is valid until it is stored. NULL: the limit is reached by a new
// key, or there is no memory.
struct backlog_entry *backlog_put(struct backlog *backlog, enum record_kind kind,
				  struct record_text field, struct record_text value,
				  uint64_t now_ns);
// NULL: it is stored.
struct backlog_entry *backlog_find(const struct backlog *backlog, enum record_kind kind,
				   struct record_text field);

// Up to max records, oldest first. NULL: no memory. An empty batch is one too.
struct batch *backlog_take(struct backlog *backlog, unsigned int max);
// Tells each entry before it goes, or goes back into the queue with the newer version it has got
// meanwhile. Frees the batch.
typedef void backlog_stored_fn(void *ctx, struct backlog_entry *entry, uint64_t version);
void backlog_stored(struct backlog *backlog, struct batch *batch, backlog_stored_fn *stored,
		    void *ctx);
// Not stored: all are queued again, in front. Frees the batch.
void backlog_return(struct backlog *backlog, struct batch *batch);

size_t backlog_count(const struct backlog *backlog);  // queued or flying
size_t backlog_queued(const struct backlog *backlog); // ready to be taken
