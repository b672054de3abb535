// SPDX-License-Identifier: Apache-2.0
// Hash table and queue of the records that are not stored yet.
#include "presence/store/backlog.h"

#include "presence/buckets.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

// Room for as many buckets as the limit asks for.
enum { BUCKETS_MIN = 256, BUCKETS_MAX = 1 << 20 };

struct backlog {
	struct siphash_key key;
	size_t limit, count, queued;
	uint64_t version;
	struct backlog_entry *first, **last;
	struct batch *spare;
	struct buckets buckets;
	size_t room; // buckets at most
	struct backlog_entry **bucket;
};

struct backlog *backlog_new(size_t limit)
{
	struct backlog *backlog = calloc(1, sizeof(*backlog));
	size_t buckets = BUCKETS_MIN;

	if (!backlog)
		return NULL;
	while (buckets < limit && buckets < BUCKETS_MAX)
		buckets *= 2;
	backlog->bucket = calloc(buckets, sizeof(backlog->bucket[0]));
	// Persons come from strangers' SIP, so the table is keyed.
	if (!backlog->bucket || getrandom(&backlog->key, sizeof(backlog->key), 0) < 0) {
		free(backlog->bucket);
		free(backlog);
		return NULL;
	}
	backlog->limit = limit;
	backlog->buckets = buckets_of(BUCKETS_MIN);
	backlog->room = buckets;
	backlog->last = &backlog->first;
	return backlog;
}

static struct backlog_entry **bucket_of(const struct backlog *backlog, uint64_t hash)
{
	return &backlog->bucket[buckets_at(&backlog->buckets, hash)];
}

static void bucket_split(struct backlog *backlog)
{
	struct backlog_entry **from = &backlog->bucket[backlog->buckets.split];
	struct backlog_entry *entry = *from, *next;

	if (buckets_count(&backlog->buckets) == backlog->room)
		return; // longer chains then
	buckets_grow(&backlog->buckets);
	*from = NULL;
	for (; entry; entry = next) {
		struct backlog_entry **bucket = bucket_of(backlog, entry->hash);

		next = entry->hash_next;
		entry->hash_next = *bucket;
		*bucket = entry;
	}
}

static void entry_free(struct backlog_entry *entry)
{
	if (entry->value != entry->field + entry->field_len)
		free(entry->value);
	free(entry);
}

void backlog_free(struct backlog *backlog)
{
	if (!backlog)
		return;
	for (size_t i = 0; i < buckets_count(&backlog->buckets); i++)
		while (backlog->bucket[i]) {
			struct backlog_entry *entry = backlog->bucket[i];

			backlog->bucket[i] = entry->hash_next;
			entry_free(entry);
		}
	while (backlog->spare) {
		struct batch *batch = backlog->spare;

		backlog->spare = batch->next;
		free(batch);
	}
	free(backlog->bucket);
	free(backlog);
}

static uint64_t key_hash(const struct backlog *backlog, enum record_kind kind,
			 struct record_text field)
{
	return siphash64(&backlog->key, field.data, field.len) ^ kind;
}

static struct backlog_entry **find(const struct backlog *backlog, uint64_t hash,
				   enum record_kind kind, struct record_text field)
{
	struct backlog_entry **at = bucket_of(backlog, hash);

	while (*at &&
	       ((*at)->hash != hash || (*at)->kind != kind || (*at)->field_len != field.len ||
		memcmp((*at)->field, field.data, field.len) != 0))
		at = &(*at)->hash_next;
	return at;
}

static void queue_last(struct backlog *backlog, struct backlog_entry *entry)
{
	entry->next = NULL;
	entry->prev = backlog->last;
	*backlog->last = entry;
	backlog->last = &entry->next;
	backlog->queued++;
}

static void queue_first(struct backlog *backlog, struct backlog_entry *entry)
{
	entry->next = backlog->first;
	entry->prev = &backlog->first;
	if (entry->next)
		entry->next->prev = &entry->next;
	else
		backlog->last = &entry->next;
	backlog->first = entry;
	backlog->queued++;
}

static void queue_remove(struct backlog *backlog, struct backlog_entry *entry)
{
	*entry->prev = entry->next;
	if (entry->next)
		entry->next->prev = entry->prev;
	else
		backlog->last = entry->prev;
	entry->prev = NULL;
	backlog->queued--;
}

static struct backlog_entry *entry_new(enum record_kind kind, struct record_text field,
				       struct record_text value)
{
	// Most changes are of an expiry or a CSeq: a little room lets them happen in place.
	size_t value_size = value.len + 32;
	struct backlog_entry *entry = malloc(sizeof(*entry) + field.len + value_size);

	if (!entry)
		return NULL;
	memset(entry, 0, sizeof(*entry));
	entry->kind = (uint8_t)kind;
	entry->field_len = (uint16_t)field.len;
	entry->value_size = (uint16_t)value_size;
	memcpy(entry->field, field.data, field.len);
	entry->value = entry->field + field.len;
	return entry;
}

static int entry_set(struct backlog_entry *entry, struct record_text value)
{
	if (value.len > entry->value_size) {
		char *bigger = malloc(value.len);

		if (!bigger)
			return -1;
		if (entry->value != entry->field + entry->field_len)
			free(entry->value);
		entry->value = bigger;
		entry->value_size = (uint16_t)value.len;
	}
	if (value.len)
		memcpy(entry->value, value.data, value.len);
	entry->value_len = (uint16_t)value.len;
	return 0;
}

struct backlog_entry *backlog_put(struct backlog *backlog, enum record_kind kind,
				  struct record_text field, struct record_text value,
				  uint64_t now_ns)
{
	uint64_t hash = key_hash(backlog, kind, field);
	struct backlog_entry **at = find(backlog, hash, kind, field), *entry = *at;

	if (!entry) {
		if (backlog->count >= backlog->limit)
			return NULL;
		entry = entry_new(kind, field, value);
		if (!entry)
			return NULL;
		entry->hash = hash;
		entry->since_ns = now_ns;
		*at = entry;
		backlog->count++;
		if (backlog->count > buckets_count(&backlog->buckets))
			bucket_split(backlog);
	}
	if (entry_set(entry, value))
		return NULL;
	entry->version = ++backlog->version;
	if (!entry->flying && !entry->prev)
		queue_last(backlog, entry);
	return entry;
}

struct backlog_entry *backlog_find(const struct backlog *backlog, enum record_kind kind,
				   struct record_text field)
{
	return *find(backlog, key_hash(backlog, kind, field), kind, field);
}

struct batch *backlog_take(struct backlog *backlog, unsigned int max)
{
	struct batch *batch = backlog->spare;

	if (batch)
		backlog->spare = batch->next;
	else
		batch = malloc(sizeof(*batch));
	if (!batch)
		return NULL;
	batch->next = NULL;
	batch->sent_ns = 0;
	batch->bytes = 0;
	batch->clear = false;
	batch->count = 0;
	if (max > BATCH_RECORDS)
		max = BATCH_RECORDS;
	while (batch->count < max && backlog->first) {
		struct backlog_entry *entry = backlog->first;

		queue_remove(backlog, entry);
		entry->flying = true;
		batch->record[batch->count].entry = entry;
		batch->record[batch->count++].version = entry->version;
	}
	return batch;
}

static void batch_put(struct backlog *backlog, struct batch *batch)
{
	batch->next = backlog->spare;
	backlog->spare = batch;
}

void backlog_stored(struct backlog *backlog, struct batch *batch, backlog_stored_fn *stored,
		    void *ctx)
{
	for (unsigned int i = 0; i < batch->count; i++) {
		struct backlog_entry *entry = batch->record[i].entry;
		struct record_text field = {entry->field, entry->field_len};

		stored(ctx, entry, batch->record[i].version);
		entry->flying = false;
		if (entry->version != batch->record[i].version) {
			queue_last(backlog, entry);
			continue;
		}
		*find(backlog, entry->hash, entry->kind, field) = entry->hash_next;
		entry_free(entry);
		backlog->count--;
	}
	batch_put(backlog, batch);
}

void backlog_return(struct backlog *backlog, struct batch *batch)
{
	while (batch->count) {
		struct backlog_entry *entry = batch->record[--batch->count].entry;

		entry->flying = false;
		queue_first(backlog, entry);
	}
	batch_put(backlog, batch);
}

size_t backlog_count(const struct backlog *backlog)
{
	return backlog->count;
}

size_t backlog_queued(const struct backlog *backlog)
{
	return backlog->queued;
}
