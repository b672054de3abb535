// SPDX-License-Identifier: Apache-2.0
// The straight way of a record: store_save_*() -> text (record.c) -> backlog.c -> a batch, 2 ms or
// 64 records later -> redis.c or memory.c -> acknowledged -> waiter.c. And back at start: pages ->
// record.c -> the owner.
#include "presence/store/store_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/secret.h"
#include "config/settings.h"
#include "presence/net/loop.h"
#include "presence/store/embedded.h"
#include "presence/store/intents.h"
#include "presence/store/memory.h"
#include "presence/store/record.h"
#include "presence/store/redis.h"
#include "presence/store/seen.h"
#include "presence/store/waiter.h"

METRIC_COUNTER(overflows, "offhook_store_overflows", NULL,
	       "Changes not kept because the backlog was full");
METRIC_COUNTER(refused, "offhook_store_refused", NULL, "Changes not kept because of the fence");

static void server_up(void *ctx)
{
	struct store *store = ctx;

	redis_wake(store->redis);
}

static void server_down(void *ctx, const char *why)
{
	store_set_state(ctx, STORE_AWAY, why);
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
	store->redis = redis_new(store->loop, url, &options, &settings->store,
				 &store_backend_events, store);
	if (!store->redis)
		return -ENOMEM;
	store_intents_open(store, settings->engine.state_dir, settings->engine.name);
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
		store->memory = memory_new(store->loop, &store_backend_events, store);
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
	intents_close(store->intents);
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
	memcpy(store->where, settings->store.url, sizeof(store->where));
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
	store_pump(store);
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
	store_pump(store);
	return entry;
}

struct backlog_entry *store_put_publication(struct store *store,
					    const struct store_publication *record)
{
	char field[RECORD_FIELD_BYTES], value[RECORD_VALUE_BYTES];

	return put(store, RECORD_PUBLICATION,
		   (struct record_text){field, record_publication_field(record->person, field)},
		   (struct record_text){value, record_publication_value(record, value)});
}

void store_save_publication(struct store *store, const struct store_publication *record,
			    uint64_t patience_ns, store_saved_fn *saved, void *ctx)
{
	struct backlog_entry *entry = store_put_publication(store, record);

	if (!saved)
		return;
	if (!entry) {
		waiters_add(store->waiters, NULL, 0, 0, saved, ctx);
		return;
	}
	waiters_add(store->waiters, &entry->waiters, entry->version, patience_ns, saved, ctx);
	store_hurry(store);
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
