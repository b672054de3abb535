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

static void remove_all(struct media_claim **list)
{
	while (*list != NULL)
		media_claims_remove(claims, list);
}

static void only_what_came_after(void **state)
{
	struct media_claim *old = NULL, *next = NULL;

	assert_true(media_claims_add(claims, &old, &address, 1, clock_mono_ns()));
	assert_int_equal(old->side, 1);
	later(1000);
	flows();
	uint64_t seen_ns = clock_mono_ns();
	assert_int_equal(media_claims_seen(claims, old), seen_ns);
	remove_all(&old);
	assert_int_equal(table->entries, 0);
	// In the same slot, with the mark of the one before.
	later(1000);
	media_claims_add(claims, &next, &address, 0, clock_mono_ns());
	assert_int_equal(media_claims_seen(claims, next), 0);
	later(1);
	flows();
	assert_int_equal(media_claims_seen(claims, next), clock_mono_ns());
	remove_all(&next);
}

static void a_later_call_takes_it(void **state)
{
	struct media_claim *old = NULL, *next = NULL;
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
	assert_int_equal(media_claims_seen(claims, old), last_ns);
	assert_int_equal(media_claims_seen(claims, next), clock_mono_ns());
	remove_all(&old);
	assert_int_equal(table->entries, 1);
	assert_int_equal(media_claims_seen(claims, next), clock_mono_ns());
	remove_all(&next);
	assert_int_equal(table->entries, 0);
}

static void together_they_share(void **state)
{
	struct media_claim *legs[3] = {NULL};

	for (int i = 0; i < 3; i++) {
		media_claims_add(claims, &legs[i], &address, 0, clock_mono_ns());
		later(900);
	}
	flows();
	for (int i = 0; i < 3; i++)
		assert_int_equal(media_claims_seen(claims, legs[i]), clock_mono_ns());
	remove_all(&legs[1]);
	assert_int_equal(table->entries, 1);
	remove_all(&legs[0]);
	remove_all(&legs[2]);
	assert_int_equal(table->entries, 0);
}

// A server with one port for all.
static void not_all_the_world_shares(void **state)
{
	struct media_claim *legs[100] = {NULL};
	unsigned int share = 0;

	for (int i = 0; i < 100; i++)
		media_claims_add(claims, &legs[i], &address, 0, clock_mono_ns());
	later(1);
	flows();
	for (int i = 0; i < 100; i++)
		share += media_claims_seen(claims, legs[i]) != 0;
	assert_int_equal(share, MEDIA_SHARERS);
	assert_true(media_claims_seen(claims, legs[99]) != 0);
	for (int i = 0; i < 100; i++)
		remove_all(&legs[i]);
	assert_int_equal(table->entries, 0);
}

// The other process may write what it likes.
static void times_to_come_are_now(void **state)
{
	struct media_claim *claim = NULL;

	media_claims_add(claims, &claim, &address, 0, clock_mono_ns());
	later(10);
	media_table_mark(table, claim->slot, UINT64_MAX);
	assert_int_equal(media_claims_seen(claims, claim), clock_mono_ns());
	remove_all(&claim);
}

static void no_room(void **state)
{
	struct media_claim *claim = NULL;
	uint64_t before = metric_value("offhook_media_no_room", NULL);

	table->entries = MEDIA_ENTRIES;
	assert_true(media_claims_add(claims, &claim, &address, 0, clock_mono_ns()));
	assert_int_equal(metric_value("offhook_media_no_room", NULL), before + 1);
	assert_int_equal(media_claims_seen(claims, claim), 0);
	remove_all(&claim);
	assert_int_equal(table->entries, MEDIA_ENTRIES);
}

// What an earlier presence left is nobody's.
static void begins_empty(void **state)
{
	struct media_claim *claim = NULL;

	media_claims_add(claims, &claim, &address, 0, clock_mono_ns());
	struct media_claims *second = media_claims_new(table, &key);
	assert_int_equal(table->entries, 0);
	media_claims_free(second);
	free(claim);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_claims, close_claims)
	const struct CMUnitTest tests[] = {
		TEST(only_what_came_after),  TEST(a_later_call_takes_it),
		TEST(together_they_share),   TEST(not_all_the_world_shares),
		TEST(times_to_come_are_now), TEST(no_room),
		TEST(begins_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
