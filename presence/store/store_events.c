// SPDX-License-Identifier: Apache-2.0
// What the back end says: the estate read at start, ready and away, batches stored or not. And what
// follows from it: the next batch, the estate written anew, waiters told.
#include "presence/store/store_private.h"

#include <errno.h>
#include <string.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "presence/net/loop.h"
#include "presence/store/memory.h"
#include "presence/store/redis.h"
#include "presence/store/seen.h"
#include "presence/store/waiter.h"

METRIC_COUNTER(writes, "offhook_store_writes", NULL, "Records the store has acknowledged");
METRIC_COUNTER(batches, "offhook_store_batches", NULL, "Batches the store has acknowledged");
METRIC_COUNTER(rewrites, "offhook_store_rewrites", NULL, "Records that had to be sent again");
METRIC_COUNTER(reasserts, "offhook_store_reasserts", NULL, "Times the estate was written anew");
METRIC_COUNTER(loads, "offhook_store_loaded", NULL, "Records read back at start");
METRIC_COUNTER(skipped_bad, "offhook_store_skipped", "cause=\"malformed\"",
	       "Records found in the store and left alone");
METRIC_COUNTER(skipped_newer, "offhook_store_skipped", "cause=\"newer-format\"",
	       "Records found in the store and left alone");
METRIC_GAUGE(backlog_gauge, "offhook_store_backlog_records", NULL, "Records not yet stored");
METRIC_GAUGE(state_gauge, "offhook_store_state", NULL,
	     "0 opening, 1 ready, 2 away, 3 fenced by another engine");
METRIC_HISTOGRAM(write_seconds, "offhook_store_write_seconds", NULL,
		 "From the sending of a batch to its acknowledgement");

// An estate larger than the backlog allows overflows again each time it is written anew.
#define REASSERT_PAUSE_NS (60 * NS_PER_S)

// Said again when the reason has changed: first nobody listens there, then the password is wrong.
void store_set_state(struct store *store, enum store_state state, const char *why)
{
	if (store->state == STORE_FENCED || (store->state == state && !strcmp(store->why, why)))
		return;
	store->state = state;
	snprintf(store->why, sizeof(store->why), "%s", why);
	metric_set(&state_gauge, state);
	switch (state) {
	case STORE_READY:
		log_info("store", "ready", "url=%s waiting=%zu", log_quote(store->where),
			 backlog_count(store->backlog));
		break;
	case STORE_AWAY:
		log_warn("store", "away", "url=%s why=%s waiting=%zu", log_quote(store->where),
			 log_quote(why), backlog_count(store->backlog));
		break;
	case STORE_FENCED:
		log_error("store", "fenced",
			  "url=%s why=%s text=\"another engine has this engine's name: nothing is "
			  "stored from now on\"",
			  log_quote(store->where), log_quote(why));
		break;
	case STORE_OPENING: break;
	}
	if (store->events && store->events->state)
		store->events->state(store->ctx, state, why);
}

static bool can_write(const struct store *store)
{
	if (store->state != STORE_READY)
		return false;
	return store->memory || redis_is_ready(store->redis);
}

static int send_batch(struct store *store, struct batch *batch)
{
	batch->sent_ns = clock_mono_ns();
	batch->clear = store->clear;
	if (store->memory) {
		memory_write(store->memory, batch);
		return 0;
	}
	return redis_write(store->redis, batch);
}

static void batch_fire(struct timer *timer)
{
	struct store *store = (struct store *)timer;

	store->due = true;
	store_pump(store);
}

// Somebody waits: what was saved in this round of the loop leaves at its end, together.
void store_hurry(struct store *store)
{
	timer_set(loop_wheel(store->loop), &store->batch_timer, clock_mono_ns(), batch_fire);
}

void store_pump(struct store *store)
{
	while (can_write(store)) {
		size_t queued = backlog_queued(store->backlog);
		struct batch *batch;

		if (!store->clear && (!queued || (queued < store->batch_records && !store->due)))
			break;
		batch = backlog_take(store->backlog, store->batch_records);
		if (!batch)
			break;
		if (send_batch(store, batch)) {
			backlog_return(store->backlog, batch);
			break;
		}
		store->clear = false;
	}
	if (!backlog_queued(store->backlog))
		store->due = false;
	else if (!store->due && !timer_is_set(&store->batch_timer))
		timer_set(loop_wheel(store->loop), &store->batch_timer,
			  clock_mono_ns() + store->batch_delay_ns, batch_fire);
	metric_set(&backlog_gauge, backlog_count(store->backlog));
}

// Writes the estate anew: first emptied, because drops may be among what is lost. Waits until there
// is room again for what the owner is about to save.
static void reassert(struct store *store)
{
	if (!store->reassert_wanted || store->state != STORE_READY || !store->events ||
	    !store->events->reassert || backlog_count(store->backlog) > store->backlog_limit / 2 ||
	    clock_mono_ns() < store->reassert_not_before_ns)
		return;
	store->reassert_wanted = false;
	store->reassert_not_before_ns = clock_mono_ns() + REASSERT_PAUSE_NS;
	store->clear = true;
	metric_add(&reasserts, 1);
	log_warn("store", "reassert", "text=\"the estate is written anew from memory\"");
	store->events->reassert(store->ctx);
}

static void on_record(void *ctx, enum record_kind kind, struct record_text field,
		      struct record_text value)
{
	struct store *store = ctx;
	struct store_publication publication;
	struct store_call call;
	int error;

	// A call saved in this run is known better here. A publication is told of all the same:
	// what an earlier run left at the registrar has another tag, and must go.
	if (!store->events || !seen_add(store->seen, kind, field) ||
	    (kind == RECORD_CALL && backlog_find(store->backlog, kind, field)))
		return;
	if (kind == RECORD_CALL)
		error = record_call_parse(field, value, &call);
	else
		error = record_publication_parse(field, value, &publication);
	if (error) {
		metric_add(error == -EPROTONOSUPPORT ? &skipped_newer : &skipped_bad, 1);
		log_warn("store", "record-skipped", "field=%s cause=%s",
			 log_quote_n(field.data, field.len),
			 error == -EPROTONOSUPPORT ? "newer-format" : "malformed");
		return;
	}
	metric_add(&loads, 1);
	if (kind == RECORD_CALL)
		store->events->call(store->ctx, &call);
	else
		store->events->publication(store->ctx, &publication);
}

static void on_loaded(void *ctx)
{
	struct store *store = ctx;

	log_info("store", "loaded", "records=%zu", seen_count(store->seen));
	seen_free(store->seen);
	store->seen = NULL;
	if (!store->events)
		return;
	store_intents_load(store);
	store->events->loaded(store->ctx);
}

static void on_ready(void *ctx, bool forgotten)
{
	struct store *store = ctx;

	if (forgotten) {
		store->reassert_wanted = true;
		store->reassert_not_before_ns = 0;
	}
	store->due = true;
	store_set_state(store, STORE_READY, "");
	reassert(store);
	store_pump(store);
}

static void on_away(void *ctx, const char *why)
{
	store_set_state(ctx, STORE_AWAY, why);
}

static void on_fenced(void *ctx, const char *why)
{
	store_set_state(ctx, STORE_FENCED, why);
}

static void entry_stored(void *ctx, struct backlog_entry *entry, uint64_t version)
{
	struct store *store = ctx;

	waiters_stored(store->waiters, &entry->waiters, version);
	if (entry->version == version)
		store_intent_done(store, entry);
}

static void on_done(void *ctx, struct batch *batch, bool stored)
{
	struct store *store = ctx;

	if (!stored) {
		metric_add(&rewrites, batch->count);
		if (batch->clear) { // later batches may have been stored: all once more
			store->reassert_wanted = true;
			store->reassert_not_before_ns = 0;
		}
		store->due = true;
		backlog_return(store->backlog, batch);
		return;
	}
	metric_add(&writes, batch->count);
	metric_add(&batches, 1);
	metric_observe(&write_seconds, clock_mono_ns() - batch->sent_ns);
	backlog_stored(store->backlog, batch, entry_stored, store);
	reassert(store);
	store_pump(store);
	waiters_run(store->waiters);
}

const struct backend_events store_backend_events = {
	.record = on_record,
	.loaded = on_loaded,
	.ready = on_ready,
	.away = on_away,
	.fenced = on_fenced,
	.done = on_done,
};
