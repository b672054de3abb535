// SPDX-License-Identifier: Apache-2.0
#include "presence/recent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/clock.h"

static const struct siphash128 key = {{0x1234, 0x5678}};

static void marks_add_up_and_are_forgotten(void **state)
{
	struct recent *recent = recent_new();
	uint64_t now = 1000 * NS_PER_S;

	assert_int_equal(recent_marks(recent, key, 1, 2, now), RECENT_NONE);
	recent_mark(recent, key, 1, 2, RECENT_ACKED, now);
	recent_mark(recent, key, 2, 1, RECENT_OVER, now + 10 * NS_PER_S);
	assert_int_equal(recent_marks(recent, key, 1, 2, now), RECENT_ACKED | RECENT_OVER);
	assert_int_equal(recent_marks(recent, key, 2, 1, now + 42 * NS_PER_S),
			 RECENT_ACKED | RECENT_OVER);
	assert_int_equal(recent_marks(recent, key, 1, 3, now), RECENT_NONE);
	assert_int_equal(recent_marks(recent, key, 1, 2, now + 43 * NS_PER_S), RECENT_NONE);
	// Marked anew, the old ones are gone.
	recent_mark(recent, key, 1, 2, RECENT_SETTLED, now + 43 * NS_PER_S);
	assert_int_equal(recent_marks(recent, key, 1, 2, now + 43 * NS_PER_S), RECENT_SETTLED);
	recent_free(recent);
}

// A flood of ACKs of unknown dialogs must not make ended calls come back.
static void ends_outlive_acks(void **state)
{
	struct recent *recent = recent_new();
	uint64_t now = 1000 * NS_PER_S;

	recent_mark(recent, key, 1, 2, RECENT_OVER, now);
	for (uint64_t i = 0; i < 4000000; i++) {
		uint64_t mixed = (i + 1) * UINT64_C(0xbf58476d1ce4e5b9);
		recent_mark(recent, (struct siphash128){{mixed ^ mixed >> 31, i}}, 1, 2,
			    RECENT_ACKED, now + i);
	}
	assert_int_equal(recent_marks(recent, key, 1, 2, now), RECENT_OVER);
	recent_free(recent);
}

static void many_ends_are_kept(void **state)
{
	enum { ENDS = 160000 }; // 5,000 a second for 32 s
	struct recent *recent = recent_new();
	uint64_t now = 1000 * NS_PER_S;
	unsigned int kept = 0;

	for (uint64_t i = 0; i < ENDS; i++) {
		uint64_t mixed = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
		mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		recent_mark(recent, (struct siphash128){{mixed ^ mixed >> 31, i}}, 1, 2,
			    RECENT_OVER, now);
	}
	for (uint64_t i = 0; i < ENDS; i++) {
		uint64_t mixed = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
		mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		kept += recent_marks(recent, (struct siphash128){{mixed ^ mixed >> 31, i}}, 1, 2,
				     now) == RECENT_OVER;
	}
	print_message("%u of %u kept\n", kept, ENDS);
	assert_true(kept > ENDS / 100 * 95);
	recent_free(recent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_add_up_and_are_forgotten),
		cmocka_unit_test(ends_outlive_acks),
		cmocka_unit_test(many_ends_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
