// SPDX-License-Identifier: Apache-2.0
#include "presence/slab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const size_t sizes[] = {16, 24, 192, 1000};

enum { SIZES = sizeof(sizes) / sizeof(sizes[0]), ITEMS = 20000 };

static bool is_zeroed(const char *item, size_t bytes)
{
	for (size_t i = 4; i < bytes; i++)
		if (item[i] != 0)
			return false;
	return true;
}

static void items_are_apart(void **state)
{
	static uint32_t number[ITEMS];

	for (int size = 0; size < SIZES; size++) {
		struct slab slab;

		slab_init(&slab, sizes[size]);
		for (int i = 0; i < ITEMS; i++) {
			number[i] = slab_take(&slab);
			char *item = slab_at(&slab, number[i]);
			assert_int_not_equal(number[i], 0);
			assert_true(is_zeroed(item, sizes[size]));
			assert_ptr_equal(slab_of(item), &slab);
			assert_int_equal(slab_number(item, sizes[size]), number[i]);
			memset(item, 1 + i % 251, sizes[size]);
		}
		for (int i = 0; i < ITEMS; i++) {
			const char *item = slab_at(&slab, number[i]);
			assert_int_equal((unsigned char)item[0], 1 + i % 251);
			assert_memory_equal(item, item + 1, sizes[size] - 1);
		}
		// A block has a head and room for less than an item more.
		size_t used = ITEMS * sizes[size], most = used + used / 50 + 2 * SLAB_BLOCK_BYTES;
		assert_in_range(slab_bytes(&slab), used, most);
		slab_fini(&slab);
	}
}

static void what_was_put_back_comes_again(void **state)
{
	struct slab slab;
	uint32_t first, second;
	uint64_t kept = 0x1122334455667788;

	slab_init(&slab, 192);
	first = slab_take(&slab);
	second = slab_take(&slab);
	memcpy((char *)slab_at(&slab, first) + 8, &kept, 8);
	slab_put(&slab, second);
	slab_put(&slab, first);
	// Free, and still to be read in what is kept.
	assert_memory_equal((char *)slab_at(&slab, first) + 8, &kept, 8);
	assert_int_equal(slab_take(&slab), first);
	assert_memory_equal((char *)slab_at(&slab, first) + 8, &kept, 8);
	assert_int_equal(slab_take(&slab), second);
	assert_int_equal(slab.blocks, 1);
	slab_fini(&slab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_are_apart),
		cmocka_unit_test(what_was_put_back_comes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
