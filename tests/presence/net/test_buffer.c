// SPDX-License-Identifier: Apache-2.0
// The buffer of a connection against its limit, and a stream through it in odd pieces.
#include "presence/net/buffer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_limit(void **state)
{
	struct buffer buffer;
	char *room;

	buffer_init(&buffer, 10);
	assert_int_equal(buffer_append(&buffer, "", 0), 0);
	assert_int_equal(buffer_append(&buffer, "0123456", 7), 0);
	assert_int_equal(buffer_append(&buffer, "abcd", 4), -ENOBUFS);
	assert_int_equal(buffer_append(&buffer, "x", SIZE_MAX), -ENOBUFS);
	assert_int_equal(buffer.len, 7);
	assert_int_equal(buffer_room(&buffer, 4, &room), 0);
	assert_int_equal(buffer_room(&buffer, 1, &room), 3);
	memcpy(room, "789", 3);
	buffer_filled(&buffer, 3);
	assert_true(buffer_is_full(&buffer));
	assert_int_equal(buffer_room(&buffer, 1, &room), 0);
	buffer_consume(&buffer, 4);
	assert_int_equal(buffer_append(&buffer, "abcd", 4), 0); // at the end or over the gap
	assert_memory_equal(buffer_data(&buffer), "456789abcd", 10);
	buffer_consume(&buffer, 10);
	assert_int_equal(buffer.start, 0);
	buffer_fini(&buffer);
	assert_int_equal(buffer_append(&buffer, "again", 5), 0);
	buffer_fini(&buffer);
}

// A queue that is nearly full, drained and filled in small pieces, is not moved for each of them.
static void test_long_queue_stays_where_it_is(void **state)
{
	enum { LIMIT = 1 << 20, PIECE = 64 };
	static char block[LIMIT];
	struct buffer buffer;
	size_t start = 0;
	int moves = 0;

	buffer_init(&buffer, LIMIT);
	assert_int_equal(buffer_append(&buffer, block, LIMIT), 0);
	for (int i = 0; i < 10 * LIMIT / PIECE; i++) {
		buffer_consume(&buffer, PIECE);
		assert_int_equal(buffer_append(&buffer, block, PIECE), 0);
		moves += buffer.start < start;
		start = buffer.start;
	}
	assert_in_range(moves, 1, 12);
	assert_true(buffer.size <= 2 * LIMIT);
	buffer_fini(&buffer);
}

static void test_stream_in_pieces(void **state)
{
	struct buffer buffer;
	unsigned char in = 0, out = 0, piece[1000];

	buffer_init(&buffer, 100000);
	for (unsigned int round = 0; round < 5000; round++) {
		size_t len = round * 37 % sizeof(piece);

		for (size_t i = 0; i < len; i++)
			piece[i] = in++;
		if (buffer_append(&buffer, piece, len) != 0)
			in = (unsigned char)(in - len);
		size_t used = buffer.len < round * 53 % 997 ? buffer.len : round * 53 % 997;

		for (size_t i = 0; i < used; i++)
			assert_int_equal((unsigned char)buffer_data(&buffer)[i], out++);
		buffer_consume(&buffer, used);
		assert_true(buffer.size <= 2 * buffer.limit);
	}
	assert_true(out != 0 || in != 0);
	buffer_fini(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_long_queue_stays_where_it_is),
		cmocka_unit_test(test_stream_in_pieces),
	};

	return cmocka_run_group_tests_name("presence/net/buffer", tests, NULL, NULL);
}
