// SPDX-License-Identifier: Apache-2.0
// The table of media addresses: a million of them, entered, found, marked and removed; a reader
// beside the writer; and what an earlier presence left.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "link/media_table.h"
#include "link/segment.h"

static const struct siphash_key key = {{0x1234567890abcdef, 0xfedcba0987654321}};

// Addresses as an SBC has them: few hosts, all their even ports.
static uint64_t hash_of(uint32_t number)
{
	uint8_t address[16] = {192, 0, 2, (uint8_t)(number >> 15)};

	address[1] = (uint8_t)(number >> 23);
	return media_table_hash(&key, 4, address, (uint16_t)(number % (1 << 15) * 2));
}

static void test_hash(void **state)
{
	uint8_t four[16] = {192, 0, 2, 1}, other[16] = {192, 0, 2, 2};
	struct siphash_key another = {{1, 2}};

	assert_true(media_table_hash(&key, 4, four, 6000) == media_table_hash(&key, 4, four, 6000));
	assert_true(media_table_hash(&key, 4, four, 6000) != media_table_hash(&key, 4, four, 6001));
	assert_true(media_table_hash(&key, 4, four, 6000) != media_table_hash(&key, 6, four, 6000));
	assert_true(media_table_hash(&key, 4, four, 6000) !=
		    media_table_hash(&key, 4, other, 6000));
	assert_true(media_table_hash(&key, 4, four, 6000) !=
		    media_table_hash(&another, 4, four, 6000));
	// Whatever the key is, an address that cancels it out is an address like others.
	memcpy(other, key.word, sizeof(other));
	assert_true(media_table_hash(&key, 6, other, 0) != 0);
}

static void test_one(void **state)
{
	struct media_table *table = media_table_new();
	uint64_t hash = hash_of(1);

	assert_int_equal(media_table_find(table, hash), MEDIA_NO_SLOT);
	uint32_t slot = media_table_add(table, hash);
	assert_true(slot < MEDIA_SLOTS);
	assert_int_equal(media_table_add(table, hash), slot);
	assert_int_equal(media_table_find(table, hash), slot);
	assert_int_equal(table->entries, 1);
	assert_true(media_table_seen(table, slot) == 0);
	media_table_mark(table, slot, 77);
	assert_true(media_table_seen(table, slot) == 77);
	media_table_remove(table, slot);
	assert_int_equal(media_table_find(table, hash), MEDIA_NO_SLOT);
	assert_int_equal(table->entries, 0);
	media_table_free(table);
	media_table_free(NULL);
}

// How ports and hosts are spaced, and what the key is, makes no difference.
static void test_spread(void **state)
{
	static const struct siphash_key keys[] = {{{0, 0}}, {{1, 2}}, {{UINT64_MAX, UINT64_MAX}}};

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		struct media_table *table = media_table_new();

		for (uint32_t i = 0; i < MEDIA_ENTRIES; i++) {
			uint8_t address[16] = {172, 16, (uint8_t)(i >> 22), (uint8_t)(i >> 14)};
			uint16_t port = (uint16_t)(i % (1 << 14) * 4 + 2);
			assert_true(media_table_add(table, media_table_hash(&keys[k], 4, address,
									    port)) < MEDIA_SLOTS);
		}
		media_table_free(table);
	}
}

static void test_million(void **state)
{
	struct media_table *table = media_table_new();
	static uint32_t slot[MEDIA_ENTRIES];
	static uint8_t taken[MEDIA_SLOTS];

	for (uint32_t i = 0; i < MEDIA_ENTRIES; i++) {
		slot[i] = media_table_add(table, hash_of(i));
		assert_true(slot[i] < MEDIA_SLOTS);
		assert_int_equal(taken[slot[i]]++, 0);
		media_table_mark(table, slot[i], i + 1);
	}
	assert_int_equal(table->entries, MEDIA_ENTRIES);
	assert_int_equal(media_table_add(table, hash_of(MEDIA_ENTRIES)), MEDIA_NO_SLOT);
	for (uint32_t i = 0; i < MEDIA_ENTRIES; i++) {
		assert_int_equal(media_table_find(table, hash_of(i)), slot[i]);
		assert_true(media_table_seen(table, slot[i]) == i + 1);
	}
	for (uint32_t i = MEDIA_ENTRIES; i < 2 * MEDIA_ENTRIES; i++)
		assert_int_equal(media_table_find(table, hash_of(i)), MEDIA_NO_SLOT);
	// Ports come and go, the table being full.
	for (uint32_t i = 0; i < MEDIA_ENTRIES; i++) {
		media_table_remove(table, slot[i]);
		assert_int_equal(media_table_find(table, hash_of(i)), MEDIA_NO_SLOT);
		assert_true(media_table_add(table, hash_of(MEDIA_ENTRIES + i)) < MEDIA_SLOTS);
	}
	media_table_clear(table);
	assert_int_equal(table->entries, 0);
	for (uint32_t i = 0; i < 2 * MEDIA_ENTRIES; i += 97)
		assert_int_equal(media_table_find(table, hash_of(i)), MEDIA_NO_SLOT);
	media_table_free(table);
}

// Both buckets full: refused, and nothing is lost.
static void test_collisions(void **state)
{
	struct media_table *table = media_table_new();
	uint32_t slot[2 * MEDIA_WAYS];

	// They differ where no choice looks.
	for (uint64_t i = 0; i < 2 * MEDIA_WAYS; i++) {
		slot[i] = media_table_add(table, (i + 1) * (MEDIA_GROUP - 1) << 32 | 5);
		assert_true(slot[i] < MEDIA_SLOTS);
	}
	uint64_t one_more = UINT64_C(99) * (MEDIA_GROUP - 1) << 32 | 5;
	assert_int_equal(media_table_add(table, one_more), MEDIA_NO_SLOT);
	assert_int_equal(table->entries, 2 * MEDIA_WAYS);
	media_table_remove(table, slot[3]);
	assert_int_equal(media_table_add(table, one_more), slot[3]);
	media_table_free(table);
}

struct reader {
	struct media_table *table;
	bool stop;
	uint64_t found, foreign;
};

enum { STAYS = 1000, COMES = 4000 };

// What is not being removed is found at each look, and what was never entered never is.
static void *read_on(void *arg)
{
	struct reader *reader = arg;

	while (!__atomic_load_n(&reader->stop, __ATOMIC_ACQUIRE)) {
		for (uint32_t i = 0; i < STAYS; i++) {
			uint32_t slot = media_table_find(reader->table, hash_of(i));
			if (slot == MEDIA_NO_SLOT)
				return reader;
			media_table_mark(reader->table, slot, 1000 + i);
			reader->found++;
			reader->foreign += media_table_find(reader->table, hash_of(i + 500000)) !=
					   MEDIA_NO_SLOT;
		}
	}
	return NULL;
}

static void test_reader_beside_writer(void **state)
{
	struct reader reader = {.table = media_table_new()};
	uint32_t slot[COMES];
	pthread_t thread;
	void *failed;

	for (uint32_t i = 0; i < STAYS; i++)
		media_table_add(reader.table, hash_of(i));
	assert_int_equal(pthread_create(&thread, NULL, read_on, &reader), 0);
	for (int round = 0; round < 100; round++) {
		for (uint32_t i = 0; i < COMES; i++)
			slot[i] = media_table_add(reader.table, hash_of(STAYS + i));
		for (uint32_t i = 0; i < COMES; i++)
			media_table_remove(reader.table, slot[i]);
	}
	__atomic_store_n(&reader.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, &failed);
	assert_null(failed);
	assert_true(reader.foreign == 0);
	for (uint32_t i = 0; i < STAYS && reader.found >= STAYS; i++)
		assert_true(media_table_seen(reader.table,
					     media_table_find(reader.table, hash_of(i))) ==
			    1000 + i);
	media_table_free(reader.table);
}

// One process enters, the other finds; and it lies beside the rings, not in them.
static void test_in_the_segment(void **state)
{
	int fd;
	struct segment *presence = segment_create(2, 64, &fd), *wire = segment_map(fd);
	struct media_table *mine = segment_media(presence), *theirs = segment_media(wire);

	assert_int_equal((uintptr_t)mine % 64, 0);
	assert_ptr_not_equal(mine, theirs);
	uint32_t slot = media_table_add(mine, hash_of(5));
	assert_int_equal(media_table_find(theirs, hash_of(5)), slot);
	media_table_mark(theirs, slot, 55);
	assert_true(media_table_seen(mine, slot) == 55);
	memset(mine, 0xff, sizeof(*mine));
	assert_int_equal(segment_ring(presence, 0)->slots, 64);
	assert_int_equal(presence->version, SEGMENT_VERSION);
	media_table_clear(mine);
	assert_int_equal(media_table_find(theirs, UINT64_MAX), MEDIA_NO_SLOT);
	segment_unmap(presence);
	segment_unmap(wire);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),           cmocka_unit_test(test_one),
		cmocka_unit_test(test_spread),         cmocka_unit_test(test_million),
		cmocka_unit_test(test_collisions),     cmocka_unit_test(test_reader_beside_writer),
		cmocka_unit_test(test_in_the_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
