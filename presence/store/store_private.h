// SPDX-License-Identifier: Apache-2.0
// Inside of the store, for store.c (the owner's side) and store_events.c (the back end's side).
#pragma once

#include "config/settings.h"
#include "presence/net/timer_wheel.h"
#include "presence/store/backend.h"
#include "presence/store/backlog.h"
#include "presence/store/store.h"

struct embedded;
struct intents;
struct loop;
struct memory;
struct redis;
struct seen;
struct waiters;

struct store {
	struct timer batch_timer; // first member
	struct loop *loop;
	const struct store_events *events; // NULL: nobody listens any more
	void *ctx;
	enum store_state state;
	uint64_t batch_delay_ns, reassert_not_before_ns;
	size_t backlog_limit;
	unsigned int batch_records;
	char where[SETTINGS_TEXT], why[SETTINGS_TEXT]; // for people: the url, what is wrong
	bool due;                                      // what is queued goes now, full batch or not
	bool reassert_wanted;                          // the store and memory have parted
	bool clear;                                    // the next batch empties the estate first
	struct backlog *backlog;
	struct waiters *waiters;
	struct intents *intents; // NULL: none can be written
	struct seen *seen;       // until all is loaded
	struct memory *memory;
	struct redis *redis;
	struct embedded *embedded;
};

extern const struct backend_events store_backend_events;

void store_set_state(struct store *store, enum store_state state, const char *why);
// Sends what may be sent now: full batches, and the rest when its time has come.
void store_pump(struct store *store);
void store_hurry(struct store *store);
// NULL: not kept.
struct backlog_entry *store_put_publication(struct store *store,
					    const struct store_publication *record);

// store_intent.c
void store_intents_open(struct store *store, const char *state_dir, const char *name);
void store_intents_load(struct store *store);
void store_intent_attach(struct store *store, struct backlog_entry *entry, uint16_t slot);
void store_intent_done(struct store *store, struct backlog_entry *entry); // the record is stored
