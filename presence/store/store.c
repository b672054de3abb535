// SPDX-License-Identifier: Apache-2.0
// The straight way of a record: store_save_*() -> text (record.c) -> backlog.c -> a batch, 2 ms or
// 64 records later -> redis.c or memory.c -> acknowledged -> waiter.c. And back at start: pages ->
// record.c -> the owner.
#include "presence/store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/secret.h"
#include "config/settings.h"
#include "presence/net/loop.h"
#include "presence/store/backlog.h"
#include "presence/store/embedded.h"
#include "presence/store/memory.h"
#include "presence/store/record.h"
#include "presence/store/redis.h"
#include "presence/store/seen.h"
#include "presence/store/waiter.h"

METRIC_COUNTER(writes, "offhook_store_writes", NULL, "Records the store has acknowledged");
METRIC_COUNTER(batches, "offhook_store_batches", NULL, "Batches the store has acknowledged");
METRIC_COUNTER(rewrites, "offhook_store_rewrites", NULL, "Records that had to be sent again");
METRIC_COUNTER(overflows, "offhook_store_overflows", NULL,
	       "Changes not kept because the backlog was full");
METRIC_COUNTER(refused, "offhook_store_refused", NULL, "Changes not kept because of the fence");
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

struct store {
	struct timer batch_timer; // first member
	struct loop *loop;
	const struct store_events *events; // NULL: nobody listens any more
	void *ctx;
	enum store_state state;
	uint64_t batch_delay_ns, reassert_not_before_ns;
	size_t backlog_limit;
	unsigned int batch_records;
	bool due;             // what is queued goes now, full batch or not
	bool reassert_wanted; // the store and memory have parted
	bool clear;           // the next batch empties the estate first
	struct backlog *backlog;
	struct waiters *waiters;
	struct seen *seen; // until all is loaded
	struct memory *memory;
	struct redis *redis;
	struct embedded *embedded;
};

static void set_state(struct store *store, enum store_state state, const char *why)
{
	if (store->state == state)
		return;
	store->state = state;
	metric_set(&state_gauge, state);
	switch (state) {
	case STORE_READY:
		log_info("store", "ready", "backlog=%zu", backlog_count(store->backlog));
		break;
	case STORE_AWAY: log_warn("store", "away", "why=%s", log_quote(why)); break;
	case STORE_FENCED:
		log_error("store", "fenced",
			  "why=%s text=\"another engine has this engine's name: nothing is stored "
			  "from now on\"",
			  log_quote(why));
		break;
	case STORE_OPENING: break;
	}
	if (store->events)
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

// Sends what may be sent now: full batches, and the rest when its time has come.
static void pump(struct store *store)
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
	metric_set(&backlog_gauge, backlog_count(store->backlog));
}

static void batch_fire(struct timer *timer)
{
	struct store *store = (struct store *)timer;

	store->due = true;
	pump(store);
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

	if (!store->events || !seen_add(store->seen, kind, field) ||
	    backlog_has(store->backlog, kind, field))
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
	if (store->events)
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
	set_state(store, STORE_READY, "");
	reassert(store);
	pump(store);
}

static void on_away(void *ctx, const char *why)
{
	set_state(ctx, STORE_AWAY, why);
}

static void on_fenced(void *ctx, const char *why)
{
	set_state(ctx, STORE_FENCED, why);
}

static void entry_stored(void *ctx, struct backlog_entry *entry, uint64_t version)
{
	struct store *store = ctx;

	waiters_stored(store->waiters, &entry->waiters, version);
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
	pump(store);
	waiters_run(store->waiters);
}

static const struct backend_events backend_events = {
	.record = on_record,
	.loaded = on_loaded,
	.ready = on_ready,
	.away = on_away,
	.fenced = on_fenced,
	.done = on_done,
};

static void server_up(void *ctx)
{
	struct store *store = ctx;

	redis_wake(store->redis);
}

static void server_down(void *ctx, const char *why)
{
	set_state(ctx, STORE_AWAY, why);
}

static int open_redis(struct store *store, struct url *url, const struct settings *settings,
		      const struct secrets *secrets)
{
	struct estate_options options = {
		.name = settings->engine.name,
		.user = settings->store.user,
		.password = secrets ? secrets->store_password.text : "",
		.database = url->database,
	};

	if (url->kind == URL_EMBEDDED) {
		store->embedded = embedded_new(store->loop, settings, server_up, server_down,
					       store);
		if (!store->embedded)
			return -errno;
		url->kind = URL_UNIX;
		strcpy(url->path, embedded_socket(store->embedded));
		options.user = options.password = ""; // nobody but us can reach it
	}
	store->redis = redis_new(store->loop, url, &options, &settings->store, &backend_events,
				 store);
	if (!store->redis)
		return -ENOMEM;
	if (!store->embedded)
		redis_wake(store->redis);
	return 0;
}

static int open_backend(struct store *store, const struct settings *settings,
			const struct secrets *secrets)
{
	struct url url;
	char why[128];

	if (url_parse(settings->store.url, &url, why, sizeof(why))) {
		log_error("store", "url", "url=%s text=\"%s\"", log_quote(settings->store.url),
			  why);
		return -EINVAL;
	}
	if (url.kind == URL_MEMORY) {
		store->memory = memory_new(store->loop, &backend_events, store);
		return store->memory ? 0 : -ENOMEM;
	}
	if (!settings->engine.name[0] || strpbrk(settings->engine.name, "{}")) {
		log_error("store", "estate",
			  "name=%s text=\"engine.name wants letters, digits, "
			  "- and _\"",
			  log_quote(settings->engine.name));
		return -EINVAL;
	}
	return open_redis(store, &url, settings, secrets);
}

static void destroy(struct store *store, uint64_t until_ns)
{
	timer_cancel(loop_wheel(store->loop), &store->batch_timer);
	redis_free(store->redis);
	embedded_free(store->embedded, until_ns);
	memory_free(store->memory);
	waiters_free(store->waiters); // before the records they hang on
	backlog_free(store->backlog);
	seen_free(store->seen);
	free(store);
}

struct store *store_new(struct loop *loop, const struct settings *settings,
			const struct secrets *secrets, const struct store_events *events, void *ctx)
{
	struct store *store = calloc(1, sizeof(*store));
	int error = -ENOMEM;

	if (!store)
		return NULL;
	store->loop = loop;
	store->events = events;
	store->ctx = ctx;
	store->batch_delay_ns = settings->store.batch_delay_ns;
	store->batch_records = settings->store.batch_records < BATCH_RECORDS
				       ? (unsigned int)settings->store.batch_records
				       : BATCH_RECORDS;
	if (!store->batch_records)
		store->batch_records = 1;
	store->backlog_limit = settings->store.backlog_records;
	store->backlog = backlog_new(store->backlog_limit);
	store->waiters = waiters_new(loop_wheel(loop));
	store->seen = seen_new();
	if (store->backlog && store->waiters && store->seen)
		error = open_backend(store, settings, secrets);
	if (error) {
		destroy(store, 0);
		errno = -error;
		return NULL;
	}
	metric_set(&state_gauge, STORE_OPENING);
	return store;
}

void store_free(struct store *store, uint64_t timeout_ns)
{
	uint64_t until_ns;

	if (!store)
		return;
	until_ns = clock_mono_ns() + timeout_ns;
	store->events = NULL;
	waiters_free(store->waiters);
	store->waiters = waiters_new(loop_wheel(store->loop));
	store->due = true;
	pump(store);
	while (backlog_count(store->backlog) && store->state != STORE_FENCED) {
		uint64_t now_ns = clock_mono_ns();

		if (now_ns >= until_ns)
			break;
		loop_run_once(store->loop, until_ns - now_ns);
	}
	if (backlog_count(store->backlog))
		log_warn("store", "left-unwritten", "records=%zu", backlog_count(store->backlog));
	destroy(store, until_ns);
}

enum store_state store_state(const struct store *store)
{
	return store->state;
}

size_t store_backlog(const struct store *store)
{
	return backlog_count(store->backlog);
}

// NULL: not kept; counted, and the store is written anew when it can be.
static struct backlog_entry *put(struct store *store, enum record_kind kind,
				 struct record_text field, struct record_text value)
{
	uint64_t now_ns = clock_mono_ns();
	struct backlog_entry *entry;

	if (store->state == STORE_FENCED || !field.len) {
		metric_add(&refused, 1);
		return NULL;
	}
	entry = backlog_put(store->backlog, kind, field, value, now_ns);
	if (!entry) {
		metric_add(&overflows, 1);
		store->reassert_wanted = true;
		if (store->seen && seen_count(store->seen) < store->backlog_limit)
			seen_add(store->seen, kind, field);
		log_warn("store", "backlog-full", "records=%zu text=\"changes are not stored\"",
			 backlog_count(store->backlog));
		return NULL;
	}
	if (backlog_queued(store->backlog) >= store->batch_records)
		pump(store);
	else if (!timer_is_set(&store->batch_timer))
		timer_set(loop_wheel(store->loop), &store->batch_timer,
			  now_ns + store->batch_delay_ns, batch_fire);
	return entry;
}

void store_save_publication(struct store *store, const struct store_publication *record,
			    uint64_t patience_ns, store_saved_fn *saved, void *ctx)
{
	char field[RECORD_FIELD_BYTES], value[RECORD_VALUE_BYTES];
	struct backlog_entry *entry = put(
		store, RECORD_PUBLICATION,
		(struct record_text){field, record_publication_field(record->person, field)},
		(struct record_text){value, record_publication_value(record, value)});

	if (!saved)
		return;
	if (entry)
		waiters_add(store->waiters, &entry->waiters, entry->version, patience_ns, saved,
			    ctx);
	else
		waiters_add(store->waiters, NULL, 0, 0, saved, ctx);
}

void store_drop_publication(struct store *store, const char *person)
{
	char field[RECORD_FIELD_BYTES];

	put(store, RECORD_PUBLICATION,
	    (struct record_text){field, record_publication_field(person, field)},
	    (struct record_text){NULL, 0});
}

void store_forget(struct store *store, void *ctx)
{
	waiters_forget(store->waiters, ctx);
}

void store_save_call(struct store *store, const struct store_call *record)
{
	char field[RECORD_FIELD_BYTES], value[RECORD_VALUE_BYTES];

	put(store, RECORD_CALL,
	    (struct record_text){field, record_call_field(record->call_key, record->caller_tag,
							  record->callee_tag, field)},
	    (struct record_text){value, record_call_value(record, value)});
}

void store_drop_call(struct store *store, struct siphash128 call_key, uint64_t caller_tag,
		     uint64_t callee_tag)
{
	char field[RECORD_FIELD_BYTES];

	put(store, RECORD_CALL,
	    (struct record_text){field, record_call_field(call_key, caller_tag, callee_tag, field)},
	    (struct record_text){NULL, 0});
}
