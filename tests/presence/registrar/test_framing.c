// SPDX-License-Identifier: Apache-2.0
// Where messages end, and what is none.
#include "presence/registrar/framing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *name, *bytes;
	int stream, datagram;
	size_t skipped, head, body; // when 1, of the stream
} table[] = {
	{"no body", "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", 1, 1, 0, 37, 0},
	{"body", "SIP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", 1, 1, 0, 37, 3},
	{"compact", "SIP/2.0 200 OK\r\nl:3\r\n\r\nabc", 1, 1, 0, 23, 3},
	{"case and blanks", "X\r\ncOnTent-LENGTH \t:\t 3 \r\n\r\nabc", 1, 1, 0, 28, 3},
	{"pong in front", "\r\n\r\nX\r\nl: 0\r\n\r\n", 1, 1, 4, 11, 0},
	{"more behind", "X\r\nl: 1\r\n\r\naSIP", 1, 1, 0, 11, 1},
	{"none yet", "", 0, 0, 0, 0, 0},
	{"pong", "\r\n", 0, 0, 0, 0, 0},
	{"half of a pong", "\r", 0, -EBADMSG, 0, 0, 0},
	{"cut body", "X\r\nl: 4\r\n\r\nabc", 0, -EBADMSG, 0, 0, 0},
	{"cut head", "X\r\nl: 4\r\n", 0, -EBADMSG, 0, 0, 0},
	{"no length", "X\r\nA: b\r\n\r\n", -EBADMSG, 1, 0, 0, 0},
	{"two lengths", "X\r\nl: 1\r\nContent-Length: 1\r\n\r\na", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"negative", "X\r\nl: -1\r\n\r\n", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"plus", "X\r\nl: +1\r\n\r\na", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"hexadecimal", "X\r\nl: 0x4\r\n\r\nabcd", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"letters behind", "X\r\nl: 1a\r\n\r\na", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"list", "X\r\nl: 1, 1\r\n\r\na", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"empty", "X\r\nl: \r\n\r\n", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"folded", "X\r\nl:\r\n 1\r\n\r\na", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"folded further", "X\r\nl: 1\r\n 2\r\n\r\na", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"2^32 + 1", "X\r\nl: 4294967297\r\n\r\na", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"2^64 + 1", "X\r\nl: 18446744073709551617\r\n\r\na", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"over the limit", "X\r\nl: 65536\r\n\r\na", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"bare LF", "X\nl: 0\n\n", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"bare CR", "X\rY\r\nl: 0\r\n\r\n", -EBADMSG, -EBADMSG, 0, 0, 0},
	{"control character", "X\x01\r\nl: 0\r\n\r\n", -EBADMSG, -EBADMSG, 0, 0, 0},
};

// On an exact copy, so that a sanitizer sees any step beyond.
static int run(int (*cut)(const char *, size_t, struct frame *), const char *bytes, size_t len,
	       struct frame *frame)
{
	char *copy = malloc(len ? len : 1);
	int result;

	memcpy(copy, bytes, len);
	result = cut(copy, len, frame);
	free(copy);
	return result;
}

static void messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t len = strlen(table[i].bytes);
		struct frame frame;
		int stream = run(frame_of_stream, table[i].bytes, len, &frame);

		if (stream != table[i].stream)
			fail_msg("%s: stream %d", table[i].name, stream);
		if (stream == 1 && (frame.skipped != table[i].skipped ||
				    frame.head != table[i].head || frame.body != table[i].body))
			fail_msg("%s: %zu %zu %zu", table[i].name, frame.skipped, frame.head,
				 frame.body);
		if (run(frame_of_datagram, table[i].bytes, len, &frame) != table[i].datagram)
			fail_msg("%s: datagram", table[i].name);
	}
}

static void nul_in_the_head(void **state)
{
	static const char bytes[] = "X: \0\r\nl: 0\r\n\r\n";
	struct frame frame;

	(void)state;
	assert_int_equal(run(frame_of_stream, bytes, sizeof(bytes) - 1, &frame), -EBADMSG);
}

// Whole at its last octet, and not before; the same wherever the segment ends.
static void split_at_every_octet(void **state)
{
	static const char bytes[] =
		"\r\n\r\nSIP/2.0 200 OK\r\nVia: x\r\nContent-Length: 5\r\n\r\nhello";
	size_t len = sizeof(bytes) - 1;
	struct frame frame;

	(void)state;
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(run(frame_of_stream, bytes, cut, &frame), 0);
	assert_int_equal(run(frame_of_stream, bytes, len, &frame), 1);
	assert_int_equal(frame.skipped + frame.head + frame.body, len);
}

static void endless_head(void **state)
{
	size_t len = FRAME_HEAD_BYTES + 100;
	char *bytes = malloc(len);
	struct frame frame;

	(void)state;
	memset(bytes, 'a', len);
	assert_int_equal(frame_of_stream(bytes, FRAME_HEAD_BYTES - 1, &frame), 0);
	assert_int_equal(frame_of_stream(bytes, len, &frame), -EBADMSG);
	for (size_t i = 0; i + 4 <= len; i += 4)
		memcpy(bytes + i, "a:\r\n", 4);
	assert_int_equal(frame_of_stream(bytes, 4 * FRAME_HEAD_LINES, &frame), 0);
	assert_int_equal(frame_of_stream(bytes, 4 * FRAME_HEAD_LINES + 4, &frame), -EBADMSG);
	free(bytes);
}

// Each octet at each place of a line: text and tabs, nothing else.
static void every_octet_everywhere(void **state)
{
	for (unsigned int octet = 0; octet < 256; octet++) {
		bool clean = octet == '\t' || (octet >= ' ' && octet != 0x7f);

		for (size_t at = 0; at < 19; at++) {
			char bytes[] = "SIP/2.0 200 abcdefgh\r\nl: 0\r\n\r\n";
			struct frame frame;

			bytes[at] = (char)octet;
			assert_int_equal(run(frame_of_stream, bytes, sizeof(bytes) - 1, &frame),
					 clean ? 1 : -EBADMSG);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_octet_everywhere), cmocka_unit_test(messages),
		cmocka_unit_test(nul_in_the_head),        cmocka_unit_test(split_at_every_octet),
		cmocka_unit_test(endless_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
