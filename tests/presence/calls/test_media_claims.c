// SPDX-License-Identifier: Apache-2.0
// Whose an address is when several calls claim it, and since when what is seen there counts.
#include "presence/media_claims.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/metric.h"
#include "link/media_table.h"

static const struct siphash_key key = {{5, 6}};
static struct media_table *table;
static struct media_claims *claims;
static struct sdp_address address = {.version = 4, .port = 6000, .octet = {10, 0, 0, 1}};

static int open_claims(void **state)
{
	clock_set(1000 * NS_PER_S);
	table = media_table_new();
	claims = media_claims_new(table, &key);
	return table != NULL && claims != NULL ? 0 : -1;
}

static int close_claims(void **state)
{
	media_claims_free(claims);
	media_table_free(table);
	return 0;
}

static uint64_t later(uint64_t ms)
{
	clock_set(clock_mono_ns() + ms * NS_PER_MS);
	return clock_mono_ns();
}

static void flows(void)
{
	uint32_t slot = media_table_find(
		table, media_table_hash(&key, address.version, address.octet, address.port));

	assert_int_not_equal(slot, MEDIA_NO_SLOT);
	media_table_mark(table, slot, clock_mono_ns());
}

static uint64_t seen(uint32_t claim)
{
	return media_claims_seen(claims, media_claims_at(claims, claim));
}

static void remove_all(uint32_t *list)
{
	while (*list != 0)
		media_claims_remove(claims, list);
}

static void only_what_came_after(void **state)
{
	uint32_t old = 0, next = 0;

	assert_true(media_claims_add(claims, &old, &address, 1, clock_mono_ns()));
	assert_int_equal(media_claims_at(claims, old)->side, 1);
	later(1000);
	flows();
	uint64_t seen_ns = clock_mono_ns();
	assert_int_equal(seen(old), seen_ns);
	remove_all(&old);
	assert_int_equal(table->entries, 0);
	// In the same slot, with the mark of the one before.
	later(1000);
	media_claims_add(claims, &next, &address, 0, clock_mono_ns());
	assert_int_equal(seen(next), 0);
	later(1);
	flows();
	assert_int_equal(seen(next), clock_mono_ns());
	remove_all(&next);
}

static void a_later_call_takes_it(void **state)
{
	uint32_t old = 0, next = 0;
	uint64_t before = metric_value("offhook_media_taken_over", NULL);

	media_claims_add(claims, &old, &address, 0, clock_mono_ns());
	later(500);
	flows();
	uint64_t last_ns = clock_mono_ns();
	later(2000);
	media_claims_add(claims, &next, &address, 0, clock_mono_ns());
	assert_int_equal(metric_value("offhook_media_taken_over", NULL), before + 1);
	later(500);
	flows();
	assert_int_equal(seen(old), last_ns);
	assert_int_equal(seen(next), clock_mono_ns());
	remove_all(&old);
	assert_int_equal(table->entries, 1);
	assert_int_equal(seen(next), clock_mono_ns());
	remove_all(&next);
	assert_int_equal(table->entries, 0);
}

// To the millisecond, and nothing of the one before: neither what it was seen last makes a deadline
// sooner, nor does its last mark count for the next one.
static void times_are_rounded_up(void **state)
{
	uint32_t old = 0, next = 0;

	media_claims_add(claims, &old, &address, 0, clock_mono_ns());
	clock_set(clock_mono_ns() + 5 * NS_PER_S + 1);
	flows();
	uint64_t last_ns = clock_mono_ns();
	clock_set(last_ns + 1);
	media_claims_add(claims, &next, &address, 0, clock_mono_ns());
	assert_int_equal(seen(old), last_ns - 1 + NS_PER_MS);
	assert_int_equal(seen(next), 0);
	remove_all(&old);
	remove_all(&next);
	clock_set(last_ns - 1 + NS_PER_MS); // the others count in whole ones
}

static void together_they_share(void **state)
{
	uint32_t legs[3] = {0};

	for (int i = 0; i < 3; i++) {
		media_claims_add(claims, &legs[i], &address, 0, clock_mono_ns());
		later(900);
	}
	flows();
	for (int i = 0; i < 3; i++)
		assert_int_equal(seen(legs[i]), clock_mono_ns());
	remove_all(&legs[1]);
	assert_int_equal(table->entries, 1);
	remove_all(&legs[0]);
	remove_all(&legs[2]);
	assert_int_equal(table->entries, 0);
}

// A server with one port for all.
static void not_all_the_world_shares(void **state)
{
	uint32_t legs[100] = {0};
	unsigned int share = 0;

	for (int i = 0; i < 100; i++)
		media_claims_add(claims, &legs[i], &address, 0, clock_mono_ns());
	later(1);
	flows();
	for (int i = 0; i < 100; i++)
		share += seen(legs[i]) != 0;
	assert_int_equal(share, MEDIA_SHARERS);
	assert_true(seen(legs[99]) != 0);
	for (int i = 0; i < 100; i++)
		remove_all(&legs[i]);
	assert_int_equal(table->entries, 0);
}

static void both_versions(void **state)
{
	struct sdp_address wide = {.version = 6, .port = 65535, .octet = {0x20, 1, 0xd, 0xb8}};
	uint32_t list = 0;

	wide.octet[15] = 1;
	for (int i = 0; i < 2; i++) { // what was given back is used again
		media_claims_add(claims, &list, &wide, 0, clock_mono_ns());
		media_claims_add(claims, &list, &address, 1, clock_mono_ns());
		struct media_claim *first = media_claims_at(claims, list);
		struct sdp_address kept = media_claims_address(claims, first);
		assert_memory_equal(&kept, &address, sizeof(kept));
		kept = media_claims_address(claims, media_claims_at(claims, first->next));
		assert_memory_equal(&kept, &wide, sizeof(kept));
		remove_all(&list);
		assert_int_equal(table->entries, 0);
	}
}

static struct sdp_address nth_address(uint32_t n)
{
	return (struct sdp_address){
		.version = 4,
		.port = (uint16_t)(10000 + n % 1000 * 2),
		.octet = {10, (uint8_t)(n / 256000), (uint8_t)(n / 1000 % 256), 1},
	};
}

// As many as there may be, when lists are shared by slots; then all of them go to later calls.
static void a_million_and_their_successors(void **state)
{
	uint32_t *old = calloc(2 * (size_t)MEDIA_ENTRIES, sizeof(*old)),
		 *next = old + MEDIA_ENTRIES;
	uint64_t since_ns = clock_mono_ns(), seen_ns = later(10), then_ns;

	for (uint32_t i = 0; i < MEDIA_ENTRIES; i++) {
		struct sdp_address at = nth_address(i);
		media_claims_add(claims, &old[i], &at, 0, since_ns);
	}
	assert_int_equal(table->entries, MEDIA_ENTRIES);
	for (uint32_t i = 0; i < MEDIA_ENTRIES; i += 2)
		media_table_mark(table, media_claims_at(claims, old[i])->slot, seen_ns);
	then_ns = later(3000);
	for (uint32_t i = 0; i < MEDIA_ENTRIES; i++) {
		struct sdp_address at = nth_address(i);
		media_claims_add(claims, &next[i], &at, 0, then_ns);
	}
	assert_int_equal(table->entries, MEDIA_ENTRIES);
	later(10);
	for (uint32_t i = 0; i < MEDIA_ENTRIES; i += 3)
		media_table_mark(table, media_claims_at(claims, next[i])->slot, clock_mono_ns());
	for (uint32_t i = 0; i < MEDIA_ENTRIES; i++) {
		if (seen(old[i]) != (i % 2 == 0 ? seen_ns : 0) ||
		    seen(next[i]) != (i % 3 == 0 ? clock_mono_ns() : 0))
			fail_msg("address %u", i);
		remove_all(&old[i]);
	}
	assert_int_equal(table->entries, MEDIA_ENTRIES);
	size_t bytes = media_claims_bytes(claims);
	print_message("%zu octets a claim\n", bytes / 2 / MEDIA_ENTRIES);
	assert_true(bytes < 2 * 28 * (size_t)MEDIA_ENTRIES);
	for (uint32_t i = 0; i < MEDIA_ENTRIES; i++)
		remove_all(&next[i]);
	assert_int_equal(table->entries, 0);
	free(old);
}

// The other process may write what it likes.
static void times_to_come_are_now(void **state)
{
	uint32_t claim = 0;

	media_claims_add(claims, &claim, &address, 0, clock_mono_ns());
	later(10);
	media_table_mark(table, media_claims_at(claims, claim)->slot, UINT64_MAX);
	assert_int_equal(seen(claim), clock_mono_ns());
	remove_all(&claim);
}

static void no_room(void **state)
{
	uint32_t claim = 0;
	uint64_t before = metric_value("offhook_media_no_room", NULL);

	table->entries = MEDIA_ENTRIES;
	assert_true(media_claims_add(claims, &claim, &address, 0, clock_mono_ns()));
	assert_int_equal(metric_value("offhook_media_no_room", NULL), before + 1);
	assert_int_equal(seen(claim), 0);
	remove_all(&claim);
	assert_int_equal(table->entries, MEDIA_ENTRIES);
}

// What an earlier presence left is nobody's.
static void begins_empty(void **state)
{
	uint32_t claim = 0;

	media_claims_add(claims, &claim, &address, 0, clock_mono_ns());
	struct media_claims *second = media_claims_new(table, &key);
	assert_int_equal(table->entries, 0);
	media_claims_free(second);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_claims, close_claims)
	const struct CMUnitTest tests[] = {
		TEST(only_what_came_after),  TEST(a_later_call_takes_it),
		TEST(together_they_share),   TEST(not_all_the_world_shares),
		TEST(times_to_come_are_now), TEST(no_room),
		TEST(begins_empty),          TEST(times_are_rounded_up),
		TEST(both_versions),         TEST(a_million_and_their_successors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
