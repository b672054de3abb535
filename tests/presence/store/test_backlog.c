// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "presence/store/backlog.h"
#include "presence/store/seen.h"

static unsigned int told;
static uint64_t told_version;

static void on_stored(void *ctx, struct backlog_entry *entry, uint64_t version)
{
	told++;
	told_version = version;
}

static struct record_text text(const char *data)
{
	return (struct record_text){data, strlen(data)};
}

static struct backlog_entry *put(struct backlog *backlog, const char *field, const char *value)
{
	return backlog_put(backlog, RECORD_CALL, text(field), text(value), 7);
}

static void replaces_what_waits(void **state)
{
	struct backlog *backlog = backlog_new(10);
	struct backlog_entry *entry = put(backlog, "a", "1");
	char longer[500];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	assert_ptr_equal(put(backlog, "a", longer), entry);
	assert_int_equal(entry->value_len, sizeof(longer) - 1);
	assert_memory_equal(entry->value, longer, sizeof(longer) - 1);
	assert_ptr_equal(put(backlog, "a", "2"), entry);
	assert_int_equal(entry->value_len, 1);
	assert_int_equal(*entry->value, '2');
	assert_int_equal(backlog_count(backlog), 1);
	assert_int_equal(backlog_queued(backlog), 1);
	// The same text of another kind is another record.
	assert_ptr_not_equal(backlog_put(backlog, RECORD_PUBLICATION, text("a"), text("3"), 7),
			     entry);
	assert_non_null(backlog_find(backlog, RECORD_PUBLICATION, text("a")));
	assert_null(backlog_find(backlog, RECORD_PUBLICATION, text("b")));
	backlog_free(backlog);
}

static void writes_a_newer_version_after_the_older(void **state)
{
	struct backlog *backlog = backlog_new(10);
	struct backlog_entry *entry = put(backlog, "a", "1");
	struct batch *batch = backlog_take(backlog, 64), *next;
	uint64_t first = entry->version;

	told = 0;
	assert_int_equal(batch->count, 1);
	put(backlog, "a", "2");
	assert_int_equal(backlog_queued(backlog), 0); // one at a time
	next = backlog_take(backlog, 64);
	assert_int_equal(next->count, 0);
	backlog_stored(backlog, next, on_stored, NULL);
	backlog_stored(backlog, batch, on_stored, NULL);
	assert_int_equal(told, 1);
	assert_int_equal(told_version, first);
	assert_int_equal(backlog_queued(backlog), 1);
	batch = backlog_take(backlog, 64);
	assert_int_equal(batch->record[0].version, entry->version);
	backlog_stored(backlog, batch, on_stored, NULL);
	assert_int_equal(backlog_count(backlog), 0);
	backlog_free(backlog);
}

static void keeps_the_order_of_what_comes_back(void **state)
{
	struct backlog *backlog = backlog_new(10);
	struct batch *batch;

	put(backlog, "a", "1");
	put(backlog, "b", "1");
	batch = backlog_take(backlog, 64);
	put(backlog, "c", "1");
	put(backlog, "a", "2");
	backlog_return(backlog, batch);
	assert_int_equal(backlog_queued(backlog), 3);
	batch = backlog_take(backlog, 64);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(batch->record[i].entry->field[0], "abc"[i]);
	assert_int_equal(batch->record[0].entry->value[0], '2');
	put(backlog, "d", "1");
	backlog_return(backlog, batch);
	batch = backlog_take(backlog, 2);
	assert_int_equal(batch->count, 2);
	backlog_stored(backlog, batch, on_stored, NULL);
	batch = backlog_take(backlog, 1000);
	assert_int_equal(batch->count, 2);
	assert_int_equal(batch->record[1].entry->field[0], 'd');
	backlog_return(backlog, batch);
	backlog_free(backlog);
}

static void is_bounded_by_new_keys_only(void **state)
{
	struct backlog *backlog = backlog_new(100);
	char field[16];

	for (int i = 0; i < 100; i++) {
		snprintf(field, sizeof(field), "%d", i);
		assert_non_null(put(backlog, field, "1"));
	}
	assert_null(put(backlog, "one more", "1"));
	assert_non_null(put(backlog, "50", "2"));
	backlog_stored(backlog, backlog_take(backlog, 1), on_stored, NULL);
	assert_non_null(put(backlog, "one more", "1"));
	assert_null(put(backlog, "two more", "1"));
	backlog_free(backlog);
}

static void sees_each_key_once(void **state)
{
	struct seen *seen = seen_new();
	char field[16];

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 20000; i++) {
			snprintf(field, sizeof(field), "%d", i);
			assert_int_equal(seen_add(seen, RECORD_CALL, text(field)), round == 0);
		}
	assert_true(seen_add(seen, RECORD_PUBLICATION, text("1")));
	assert_int_equal(seen_count(seen), 20001);
	seen_free(seen);
}

// More keys than buckets: they are split as keys come, and each key is found all the while.
static void finds_each_of_many(void **state)
{
	enum { MANY = 3000 };
	struct backlog *backlog = backlog_new(100000);
	char field[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(field, sizeof(field), "%d", i);
		put(backlog, field, field);
		snprintf(field, sizeof(field), "%d", i / 2);
		assert_non_null(backlog_find(backlog, RECORD_CALL, text(field)));
	}
	assert_int_equal(backlog_count(backlog), MANY);
	for (int i = 0; i < MANY; i++) {
		struct backlog_entry *entry;

		snprintf(field, sizeof(field), "%d", i);
		entry = backlog_find(backlog, RECORD_CALL, text(field));
		assert_non_null(entry);
		assert_int_equal(entry->value_len, strlen(field));
		assert_memory_equal(entry->value, field, strlen(field));
	}
	while (backlog_queued(backlog))
		backlog_stored(backlog, backlog_take(backlog, 100), on_stored, NULL);
	assert_int_equal(backlog_count(backlog), 0);
	assert_null(backlog_find(backlog, RECORD_CALL, text("1")));
	backlog_free(backlog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_each_of_many),
		cmocka_unit_test(replaces_what_waits),
		cmocka_unit_test(writes_a_newer_version_after_the_older),
		cmocka_unit_test(keeps_the_order_of_what_comes_back),
		cmocka_unit_test(is_bounded_by_new_keys_only),
		cmocka_unit_test(sees_each_key_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
