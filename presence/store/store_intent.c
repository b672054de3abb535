// SPDX-License-Identifier: Apache-2.0
// The short way of an intent: into a mapped file (intents.h) instead of through the store's queue,
// because an initial PUBLISH waits for it. The record goes the usual way behind it.
#include "presence/store/store_private.h"

#include <errno.h>
#include <string.h>

#include "config/log.h"
#include "config/metric.h"
#include "presence/store/intents.h"

METRIC_COUNTER(found, "offhook_store_intents_found", NULL,
	       "Intents of an earlier run that had not reached the store");
METRIC_COUNTER(waits, "offhook_store_intents_waited", NULL,
	       "Initial PUBLISH requests that had to wait for the store");

void store_intents_open(struct store *store, const char *state_dir, const char *name)
{
	store->intents = intents_open(state_dir, name);
	if (!store->intents)
		log_warn("store", "no-intents",
			 "dir=%s why=%s text=\"each first PUBLISH waits for the store\"",
			 log_quote(state_dir), log_quote(strerror(errno)));
}

// The newest covers those before it: it is of the same person and ends later.
void store_intent_attach(struct store *store, struct backlog_entry *entry, uint16_t slot)
{
	if (entry->intent)
		intents_drop(store->intents, entry->intent);
	entry->intent = slot;
}

void store_intent_done(struct store *store, struct backlog_entry *entry)
{
	if (!entry->intent)
		return;
	intents_drop(store->intents, entry->intent);
	entry->intent = INTENT_NONE;
}

bool store_intend(struct store *store, const struct store_publication *record, uint64_t patience_ns,
		  store_saved_fn *saved, void *ctx)
{
	struct backlog_entry *entry;
	uint16_t slot;

	// Nothing that is in memory only outlives us: there is nothing to wait for.
	if (store->memory) {
		store_put_publication(store, record);
		return true;
	}
	slot = store->intents ? intents_put(store->intents, record->person, record->expires_wall_ns)
			      : INTENT_NONE;
	if (slot == INTENT_NONE) {
		metric_add(&waits, 1);
		store_save_publication(store, record, patience_ns, saved, ctx);
		return false;
	}
	entry = store_put_publication(store, record);
	if (entry)
		store_intent_attach(store, entry, slot);
	else
		intents_drop(store->intents, slot); // fenced or full: nobody would drop it
	return true;
}

// After all records of the estate. What the owner saves because of an intent is in the backlog
// then, and the slot goes with it; else it had nothing new in it.
void store_intents_load(struct store *store)
{
	char person[STORE_TEXT];
	uint64_t expires_wall_ns;
	uint16_t slot;

	while (store->intents &&
	       (slot = intents_take_found(store->intents, person, &expires_wall_ns))) {
		struct record_text field = {person, strlen(person)};
		struct backlog_entry *entry;

		metric_add(&found, 1);
		if (store->events->intent)
			store->events->intent(store->ctx, person, expires_wall_ns);
		entry = backlog_find(store->backlog, RECORD_PUBLICATION, field);
		if (entry && !entry->intent)
			entry->intent = slot;
		else
			intents_drop(store->intents, slot);
	}
}
