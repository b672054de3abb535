// SPDX-License-Identifier: Apache-2.0
// Every kernel against a line walk that anybody can check, on messages and on random octets.
#include "sip/line_index.h"

#include <errno.h>

#include "tests/sip/sip_test.h"

// What line_index_build() promises, octet by octet.
static int plain_index(const char *buf, size_t len, struct line_index *index)
{
	size_t line = 0;

	memset(index, 0, sizeof(*index));
	for (size_t i = 0; i < len && i < SIP_MAX_HEADER_BYTES; i++) {
		if (buf[i] != '\n')
			continue;
		if (i == line || (i == line + 1 && buf[line] == '\r')) {
			index->header_end = (uint32_t)i + 1;
			return 0;
		}
		if (index->count == LINE_INDEX_MAX)
			return -EMSGSIZE;
		line = i + 1;
		index->start[++index->count] = (uint32_t)line;
	}
	return len <= SIP_MAX_HEADER_BYTES ? -ENODATA : -EMSGSIZE;
}

static void check_all_kernels(const char *text, size_t len)
{
	char *copy = exact_copy(text, len);
	struct line_index expect, index;
	int expect_ret = plain_index(copy, len, &expect), ret;

	for (int kernel = LINE_KERNEL_SCALAR; kernel < LINE_KERNEL_COUNT; kernel++) {
		if (line_index_select(kernel) != 0)
			continue;
		memset(&index, 0xa5, sizeof(index));
		ret = line_index_build(copy, len, &index);
		assert_int_equal(ret, expect_ret);
		if (expect_ret != 0)
			continue;
		assert_int_equal(index.count, expect.count);
		assert_int_equal(index.header_end, expect.header_end);
		assert_memory_equal(index.start, expect.start,
				    (expect.count + 1u) * sizeof(index.start[0]));
	}
	free(copy);
}

static void test_table(void **state)
{
	// Long enough to be indexed, with the end of a message at every place in a block.
	static const char filler[] = "INVITE sip:a-long-name-of-somebody@example.com SIP/2.0\r\n"
				     "X-Filler: 0123456789\r\n";
	static const char *const texts[] = {
		"",
		"\n",
		"\r\n",
		"\r",
		"a\r\n\r\n",
		"a\n\n",
		"a\r\n\n",
		"a\n\r\n",
		"a\r\n\r",
		"a\r\r\n\r\n",
		"a\rb\r\n\r\n",
		"\r\nINVITE sip:somebody.else@some.host.example.com SIP/2.0\r\nTo: "
		"<sip:a@b>\r\n\r\n",
		"a\r\nb: c\r\n\r\nbody\rwith\nends\r\n\r\n",
		"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP host.example.com;branch=z9hG4bK1\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 "
		"INVITE\r\n\r\nv=0\r\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char text[512];

		for (size_t len = 0; len <= strlen(texts[i]); len++) {
			check_all_kernels(texts[i], len);
			snprintf(text, sizeof(text), "%s%.*s", filler, (int)len, texts[i]);
			check_all_kernels(text, strlen(text));
		}
	}
}

static void test_random(void **state)
{
	// Mostly what matters to an index, so that line ends meet block borders in every way.
	static const char alphabet[] = "\r\n\r\n\r\nab: \t\v\f\x0e\xff\x80\x7f~#\"!,;<=>?\\[]";
	uint64_t random = test_seed();
	char text[400];

	for (int round = 0; round < 20000; round++) {
		uint64_t pick = next_random(&random);
		size_t len = pick % sizeof(text);
		unsigned int ordinary = pick >> 32 & 63;

		for (size_t i = 0; i < len; i++) {
			pick = next_random(&random);
			text[i] = (pick & 63) < ordinary
					  ? 'x'
					  : alphabet[(pick >> 8) % (sizeof(alphabet) - 1)];
		}
		check_all_kernels(text, len);
	}
}

static void test_many_lines(void **state)
{
	char text[3 * (LINE_INDEX_MAX + 66) + 2];

	for (size_t lines = LINE_INDEX_MAX - 1; lines <= LINE_INDEX_MAX + 65; lines++) {
		for (size_t i = 0; i < lines; i++)
			memcpy(text + 3 * i, "a\r\n", 3);
		memcpy(text + 3 * lines, "\r\n", 2);
		check_all_kernels(text, 3 * lines + 2);
	}
}

static void test_too_long(void **state)
{
	char *text = calloc(1, UINT16_MAX + 1);
	struct line_index index;

	assert_non_null(text);
	memset(text, 'a', UINT16_MAX + 1);
	memcpy(text + UINT16_MAX - 4, "\r\n\r\n", 4);
	check_all_kernels(text, UINT16_MAX);
	check_all_kernels(text, LINE_INDEX_BYTES - 1);
	memcpy(text + LINE_INDEX_BYTES - 4, "\r\n\r\n", 4);
	check_all_kernels(text, UINT16_MAX);
	check_all_kernels(text, LINE_INDEX_BYTES);
	memcpy(text + LINE_INDEX_BYTES - 4, "a\r\n\r\n", 5);
	check_all_kernels(text, UINT16_MAX);
	check_all_kernels(text, LINE_INDEX_BYTES + 1);
	// A control character in every place of a window in turn, more often than an octet counts.
	memset(text, 0x01, LINE_INDEX_BYTES - 8);
	memcpy(text + LINE_INDEX_BYTES - 8, "a\r\n\r\n", 5);
	check_all_kernels(text, LINE_INDEX_BYTES);
	assert_int_equal(line_index_build(text, UINT16_MAX + 1, &index), -EMSGSIZE);
	free(text);
}

static void test_select(void **state)
{
	assert_int_equal(line_index_select(LINE_KERNEL_SCALAR), 0);
	assert_int_equal(line_index_selected(), LINE_KERNEL_SCALAR);
	assert_int_equal(line_index_select(LINE_KERNEL_COUNT), -ENOTSUP);
	assert_int_equal(line_index_selected(), LINE_KERNEL_SCALAR);
	assert_int_equal(line_index_select(LINE_KERNEL_AUTO), 0);
	assert_true(line_kernel_supported(line_index_selected()));
	for (int kernel = line_index_selected() + 1; kernel < LINE_KERNEL_COUNT; kernel++)
		assert_false(line_kernel_supported(kernel));
	printf("kernel %s\n", line_kernel_name(line_index_selected()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),      cmocka_unit_test(test_random),
		cmocka_unit_test(test_many_lines), cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_select),
	};

	return cmocka_run_group_tests_name("line_index", tests, NULL, NULL);
}
