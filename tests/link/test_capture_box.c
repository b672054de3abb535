// SPDX-License-Identifier: Apache-2.0
// One request at a time, answered once; numbers of a wire that lies stay numbers.
#include "link/capture_box.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct capture_box box;

static void test_one_at_a_time(void **state)
{
	struct capture_request in = {.kind = CAPTURE_CALL, .max_bytes = 1000, .text = "1@x"}, out;

	memset(&box, 0, sizeof(box));
	assert_false(capture_box_waits(&box));
	assert_false(capture_box_take(&box, &out));
	assert_int_equal(capture_box_ask(&box, &in), 0);
	assert_true(capture_box_waits(&box));
	in.max_bytes = 2;
	assert_int_equal(capture_box_ask(&box, &in), -EBUSY);
	// A wire that died before it answered: the next one finds the same.
	for (int i = 0; i < 2; i++) {
		assert_true(capture_box_take(&box, &out));
		assert_int_equal(out.max_bytes, 1000);
		assert_string_equal(out.text, "1@x");
	}
	capture_box_answer(&box);
	assert_false(capture_box_waits(&box));
	assert_false(capture_box_take(&box, &out));
	assert_int_equal(capture_box_ask(&box, &in), 0);
	assert_true(capture_box_take(&box, &out));
	assert_int_equal(out.max_bytes, 2);
}

static void test_texts_end(void **state)
{
	static struct capture_request in, out;

	memset(&box, 0, sizeof(box));
	memset(&in, 'x', sizeof(in));
	assert_int_equal(capture_box_ask(&box, &in), 0);
	assert_true(capture_box_take(&box, &out));
	assert_int_equal(strlen(out.text), CAPTURE_TEXT_BYTES - 2);
	assert_int_equal(out.text[CAPTURE_TEXT_BYTES - 1], '\0');
	assert_int_equal(strlen(out.about), CAPTURE_ABOUT_BYTES - 1);
}

static void test_status(void **state)
{
	struct capture_status in = {.state = CAPTURE_ENDED,
				    .end = CAPTURE_END_WRITE,
				    .kind = CAPTURE_USER,
				    .frames = 7,
				    .lost = UINT64_MAX},
			      out;

	memset(&box, 0, sizeof(box));
	capture_box_status(&box, &out);
	assert_int_equal(out.state, CAPTURE_NEVER);
	capture_box_tell(&box, &in);
	capture_box_status(&box, &out);
	assert_memory_equal(&in, &out, sizeof(in));
	memset(&box.status, 0xff, sizeof(box.status));
	capture_box_status(&box, &out);
	assert_true(out.state < CAPTURE_STATE_COUNT);
	assert_true(out.end < CAPTURE_END_COUNT);
	assert_true(out.kind < CAPTURE_KIND_COUNT);
}

static void test_file_name(void **state)
{
	char name[CAPTURE_NAME_BYTES];

	capture_file_name(UINT64_C(1767323045678901234), name);
	assert_string_equal(name, "capture-20260102T030405.678Z.pcapng");
	capture_file_name(UINT64_MAX, name);
	assert_true(strlen(name) < sizeof(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_texts_end),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_file_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
