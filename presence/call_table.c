// SPDX-License-Identifier: Apache-2.0
#include "presence/call_table.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct call) == 192, "three cache lines, or room for something");

enum {
	TABLE_MIN_BUCKETS = 1 << 10,
	TABLE_MAX_BUCKETS = 1 << 24,
};

int call_table_init(struct call_table *table, uint64_t calls)
{
	*table = (struct call_table){
		.buckets = buckets_of(TABLE_MIN_BUCKETS),
		.room = TABLE_MIN_BUCKETS,
	};
	slab_init(&table->calls, sizeof(struct call));
	while (table->room < calls && table->room < TABLE_MAX_BUCKETS)
		table->room *= 2;
	table->bucket = calloc(table->room, sizeof(*table->bucket));
	return table->bucket != NULL ? 0 : -ENOMEM;
}

static void text_free(void *ctx, struct call *call)
{
	(void)ctx;
	free(call->call_id);
}

void call_table_fini(struct call_table *table)
{
	call_table_each(table, text_free, NULL);
	slab_fini(&table->calls);
	free(table->bucket);
}

// The key is a keyed hash already.
static uint32_t *bucket_of(const struct call_table *table, struct siphash128 key)
{
	return &table->bucket[buckets_at(&table->buckets, key.word[0])];
}

static void bucket_split(struct call_table *table)
{
	uint32_t *from = &table->bucket[table->buckets.split];
	uint32_t number = *from, next;

	if (buckets_count(&table->buckets) == table->room)
		return; // longer chains then
	buckets_grow(&table->buckets);
	*from = 0;
	for (; number != 0; number = next) {
		struct call *call = call_table_numbered(table, number);
		uint32_t *bucket = bucket_of(table, call->key);

		next = call->hash_next;
		call->hash_next = *bucket;
		*bucket = number;
	}
}

static bool key_equal(struct siphash128 a, struct siphash128 b)
{
	return a.word[0] == b.word[0] && a.word[1] == b.word[1];
}

static struct call *chain_next(const struct call_table *table, uint32_t number,
			       struct siphash128 key)
{
	struct call *call = call_table_numbered(table, number);

	while (call != NULL && !key_equal(call->key, key))
		call = call_table_numbered(table, call->hash_next);
	return call;
}

struct call *call_table_first(const struct call_table *table, struct siphash128 key)
{
	return chain_next(table, *bucket_of(table, key), key);
}

struct call *call_table_next(const struct call *call)
{
	return chain_next(call_table_of(call), call->hash_next, call->key);
}

struct call *call_table_find(const struct call_table *table, struct siphash128 key, uint64_t tag,
			     uint64_t other_tag, enum call_role *role)
{
	struct call *call = call_table_first(table, key);

	for (; call != NULL; call = call_table_next(call)) {
		if (call->state == CALL_OVER)
			continue;
		*role = CALL_CALLER;
		if (call->tag[CALL_CALLER] == tag && call->tag[CALL_CALLEE] == other_tag)
			return call;
		*role = CALL_CALLEE;
		if (call->tag[CALL_CALLEE] == tag && call->tag[CALL_CALLER] == other_tag)
			return call;
	}
	return NULL;
}

struct call *call_table_add(struct call_table *table, struct siphash128 key, const char *call_id,
			    size_t call_id_len)
{
	char *text = strndup(call_id, call_id_len);
	uint32_t number = text != NULL ? slab_take(&table->calls) : 0;

	if (number == 0) {
		free(text);
		return NULL;
	}
	if (table->count >= buckets_count(&table->buckets))
		bucket_split(table);
	struct call *call = call_table_numbered(table, number);
	uint32_t *bucket = bucket_of(table, key);
	*call = (struct call){
		.hash_next = *bucket,
		.generation = call->generation,
		.call_id = text,
		.key = key,
	};
	*bucket = number;
	table->count++;
	table->text_bytes += malloc_usable_size(text);
	return call;
}

void call_table_remove(struct call_table *table, struct call *call)
{
	uint32_t *link = bucket_of(table, call->key), number = call_table_number(call);

	while (*link != number)
		link = &call_table_numbered(table, *link)->hash_next;
	*link = call->hash_next;
	table->text_bytes -= malloc_usable_size(call->call_id);
	free(call->call_id);
	call->call_id = NULL;
	call->generation = (call->generation + 1) & 0x7fffffff;
	slab_put(&table->calls, number);
	table->count--;
}

struct call *call_table_at(const struct call_table *table, uint32_t number, uint32_t generation)
{
	struct call *call = call_table_numbered(table, number);

	return call->call_id != NULL && call->generation == generation ? call : NULL;
}

void call_table_each(const struct call_table *table, void (*each)(void *ctx, struct call *call),
		     void *ctx)
{
	for (uint32_t block = 0; block < table->calls.blocks; block++) {
		for (uint32_t place = 1; place < slab_places(&table->calls); place++) {
			struct call *call = call_table_numbered(table,
								block << SLAB_PLACE_BITS | place);
			if (call->call_id != NULL)
				each(ctx, call);
		}
	}
}

size_t call_table_bytes(const struct call_table *table)
{
	return buckets_count(&table->buckets) * sizeof(*table->bucket) + slab_bytes(&table->calls) +
	       table->text_bytes;
}
