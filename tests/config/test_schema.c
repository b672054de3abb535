// SPDX-License-Identifier: Apache-2.0
// The table of keys in itself, and against struct settings: no member without a row, no two rows
// for one member, no default that would be refused.

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/scalar.h"
#include "config/schema.h"
#include "config/settings.h"

static void test_paths(void **state)
{
	for (unsigned int i = 0; i < schema_key_count; i++) {
		const char *path = schema_keys[i].path;

		assert_ptr_equal(schema_find(path), &schema_keys[i]);
		assert_false(schema_is_section(path));
		assert_int_equal(strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789_."),
				 strlen(path));
	}
	assert_true(schema_is_section("registrar"));
	assert_true(schema_is_section("registrar.tls"));
	assert_false(schema_is_section("registrar.t"));
	assert_false(schema_is_section("regist"));
	assert_null(schema_find("registrar"));
	assert_null(schema_find(""));
}

static void cover(unsigned char *covered, const char *path, size_t offset, size_t size)
{
	assert_true(offset + size <= sizeof(struct settings));
	for (size_t i = offset; i < offset + size; i++) {
		if (covered[i])
			print_error("%s is in the place of another key\n", path);
		assert_int_equal(covered[i], 0);
		covered[i] = 1;
	}
}

static void test_every_member_has_one_row(void **state)
{
	static unsigned char covered[sizeof(struct settings)];
	size_t gap = 0;

	for (unsigned int i = 0; i < schema_key_count; i++) {
		const struct schema_key *key = &schema_keys[i];

		cover(covered, key->path, key->offset, key->size);
		if (key->count_offset)
			cover(covered, key->path, key->count_offset, sizeof(unsigned int));
	}
	// What is left is padding, which is less than the strictest alignment.
	for (size_t i = 0; i < sizeof(covered); i++) {
		gap = covered[i] ? 0 : gap + 1;
		if (gap >= 8)
			print_error("octet %zu of struct settings belongs to no key\n", i);
		assert_true(gap < 8);
	}
}

static size_t size_of(const struct schema_key *key)
{
	switch (key->type) {
	case SCHEMA_BOOL: return sizeof(bool);
	case SCHEMA_UNSIGNED:
	case SCHEMA_WORD: return sizeof(int);
	case SCHEMA_COUNT:
	case SCHEMA_DURATION:
	case SCHEMA_SIZE:
	case SCHEMA_CORES: return sizeof(uint64_t);
	case SCHEMA_NUMBER:
	case SCHEMA_RATE: return sizeof(double);
	case SCHEMA_TEXT: return sizeof(settings_text);
	case SCHEMA_NUMBERS: return sizeof(unsigned int) * key->items;
	case SCHEMA_TEXTS: return sizeof(settings_text) * key->items;
	case SCHEMA_WORDS: return sizeof(int) * key->items;
	case SCHEMA_RULES: return sizeof(struct settings_rule) * key->items;
	default: return 0;
	}
}

static void test_rows_fit_their_members(void **state)
{
	for (unsigned int i = 0; i < schema_key_count; i++) {
		const struct schema_key *key = &schema_keys[i];
		bool words = key->type == SCHEMA_WORD || key->type == SCHEMA_WORDS;
		bool counted = key->type == SCHEMA_NUMBERS || key->type == SCHEMA_TEXTS ||
			       key->type == SCHEMA_RULES;

		if (size_of(key) != key->size)
			print_error("%s\n", key->path);
		assert_int_equal(size_of(key), key->size);
		assert_true(words == (key->words != NULL));
		assert_true(counted == (key->count_offset != 0));
		assert_true(key->least <= key->most);
	}
}

static void test_defaults_are_allowed(void **state)
{
	char why[400];
	static struct settings_rule room;

	for (unsigned int i = 0; i < schema_key_count; i++) {
		const struct schema_key *key = &schema_keys[i];
		char text[SETTINGS_TEXT], *rest = text, *item;

		snprintf(text, sizeof(text), "%s", key->fallback);
		while (key->fallback[0] && (item = strsep(&rest, key->items ? "," : ""))) {
			if (!scalar_read(key, item, &room, why, sizeof(why)))
				print_error("%s %s\n", key->path, why);
			assert_true(scalar_read(key, item, &room, why, sizeof(why)));
		}
	}
}

// Both ends of each range are taken as they are told to operators.
static void test_bounds_are_allowed(void **state)
{
	static struct settings_rule room;
	char bound[64], why[400];

	for (unsigned int i = 0; i < schema_key_count; i++) {
		const struct schema_key *key = &schema_keys[i];

		if (!key->most || key->type == SCHEMA_RATE)
			continue;
		scalar_number_text(key, key->least, bound, sizeof(bound));
		assert_true(scalar_read(key, bound, &room, why, sizeof(why)));
		scalar_number_text(key, key->most, bound, sizeof(bound));
		assert_true(scalar_read(key, bound, &room, why, sizeof(why)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_every_member_has_one_row),
		cmocka_unit_test(test_rows_fit_their_members),
		cmocka_unit_test(test_defaults_are_allowed),
		cmocka_unit_test(test_bounds_are_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
