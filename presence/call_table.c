// SPDX-License-Identifier: Apache-2.0
#include "presence/call_table.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum {
	CALLS_IN_BLOCK = 512,
	TABLE_MIN_BUCKETS = 1 << 10,
	TABLE_MAX_BUCKETS = 1 << 24,
};

int call_table_init(struct call_table *table, uint64_t calls)
{
	*table = (struct call_table){
		.buckets = buckets_of(TABLE_MIN_BUCKETS),
		.room = TABLE_MIN_BUCKETS,
	};
	while (table->room < calls && table->room < TABLE_MAX_BUCKETS)
		table->room *= 2;
	table->bucket = calloc(table->room, sizeof(*table->bucket));
	return table->bucket != NULL ? 0 : -ENOMEM;
}

void call_table_fini(struct call_table *table)
{
	for (uint32_t i = 0; i < table->blocks; i++) {
		for (int j = 0; j < CALLS_IN_BLOCK; j++)
			free(table->block[i][j].call_id);
		free(table->block[i]);
	}
	free(table->block);
	free(table->bucket);
}

// The key is a keyed hash already.
static struct call **bucket_of(const struct call_table *table, struct siphash128 key)
{
	return &table->bucket[buckets_at(&table->buckets, key.word[0])];
}

static void bucket_split(struct call_table *table)
{
	struct call **from = &table->bucket[table->buckets.split];
	struct call *call = *from, *next;

	if (buckets_count(&table->buckets) == table->room)
		return; // longer chains then
	buckets_grow(&table->buckets);
	*from = NULL;
	for (; call != NULL; call = next) {
		struct call **bucket = bucket_of(table, call->key);

		next = call->hash_next;
		call->hash_next = *bucket;
		*bucket = call;
	}
}

static bool key_equal(struct siphash128 a, struct siphash128 b)
{
	return a.word[0] == b.word[0] && a.word[1] == b.word[1];
}

static struct call *chain_next(struct call *call, struct siphash128 key)
{
	while (call != NULL && !key_equal(call->key, key))
		call = call->hash_next;
	return call;
}

struct call *call_table_first(const struct call_table *table, struct siphash128 key)
{
	return chain_next(*bucket_of(table, key), key);
}

struct call *call_table_next(const struct call *call)
{
	return chain_next(call->hash_next, call->key);
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

static int block_add(struct call_table *table)
{
	struct call **blocks = table->block;

	// The list of blocks doubles; a power of two is full.
	if ((table->blocks & (table->blocks - 1)) == 0) {
		size_t room = table->blocks > 0 ? 2 * (size_t)table->blocks : 1;
		blocks = reallocarray(table->block, room, sizeof(*blocks));
		if (blocks == NULL)
			return -ENOMEM;
		table->block = blocks;
	}
	struct call *block = calloc(CALLS_IN_BLOCK, sizeof(*block));
	if (block == NULL)
		return -ENOMEM;
	blocks[table->blocks] = block;
	for (int i = CALLS_IN_BLOCK - 1; i >= 0; i--) {
		block[i].index = table->blocks * CALLS_IN_BLOCK + (uint32_t)i;
		block[i].hash_next = table->free;
		table->free = &block[i];
	}
	table->blocks++;
	return 0;
}

struct call *call_table_add(struct call_table *table, struct siphash128 key, const char *call_id,
			    size_t call_id_len)
{
	if (table->free == NULL && block_add(table) < 0)
		return NULL;
	if (table->count >= buckets_count(&table->buckets))
		bucket_split(table);
	char *text = strndup(call_id, call_id_len);
	if (text == NULL)
		return NULL;

	struct call *call = table->free;
	struct call **bucket = bucket_of(table, key);
	table->free = call->hash_next;
	*call = (struct call){
		.key = key,
		.call_id = text,
		.hash_next = *bucket,
		.index = call->index,
		.generation = call->generation,
	};
	call->party[CALL_CALLEE].role = CALL_CALLEE;
	*bucket = call;
	table->count++;
	table->text_bytes += malloc_usable_size(text);
	return call;
}

void call_table_remove(struct call_table *table, struct call *call)
{
	struct call **link = bucket_of(table, call->key);

	while (*link != call)
		link = &(*link)->hash_next;
	*link = call->hash_next;
	table->text_bytes -= malloc_usable_size(call->call_id);
	free(call->call_id);
	call->call_id = NULL;
	call->generation = (call->generation + 1) & 0x7fffffff;
	call->state = CALL_NONE;
	call->hash_next = table->free;
	table->free = call;
	table->count--;
}

struct call *call_table_at(const struct call_table *table, uint32_t index, uint32_t generation)
{
	if (index / CALLS_IN_BLOCK >= table->blocks)
		return NULL;
	struct call *call = &table->block[index / CALLS_IN_BLOCK][index % CALLS_IN_BLOCK];
	return call->call_id != NULL && call->generation == generation ? call : NULL;
}

void call_table_each(const struct call_table *table, void (*each)(void *ctx, struct call *call),
		     void *ctx)
{
	for (uint32_t i = 0; i < table->blocks; i++) {
		for (int j = 0; j < CALLS_IN_BLOCK; j++) {
			if (table->block[i][j].call_id != NULL)
				each(ctx, &table->block[i][j]);
		}
	}
}

size_t call_table_bytes(const struct call_table *table)
{
	return buckets_count(&table->buckets) * sizeof(*table->bucket) +
	       (size_t)table->blocks *
		       (CALLS_IN_BLOCK * sizeof(struct call) + sizeof(struct call *)) +
	       table->text_bytes;
}
