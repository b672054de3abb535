// SPDX-License-Identifier: Apache-2.0
// pcapng written block by block in both byte orders: interfaces that differ in link type, unit of
// time and snap length, sections, old and simple blocks, and blocks that lie about their length.
#include "dataplane/pcapng.h"

#include "dataplane/capture_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct script {
	FILE *file;
	bool swapped;
};

static uint32_t order32(const struct script *script, uint32_t value)
{
	return script->swapped ? __builtin_bswap32(value) : value;
}

static uint32_t halves(const struct script *script, uint16_t first, uint16_t second)
{
	uint16_t both[2] = {first, second};
	uint32_t value;

	if (script->swapped) {
		both[0] = __builtin_bswap16(first);
		both[1] = __builtin_bswap16(second);
	}
	memcpy(&value, both, sizeof(value));
	return order32(script, value); // put() turns it back
}

static void put(struct script *script, uint32_t value)
{
	value = order32(script, value);
	fwrite(&value, sizeof(value), 1, script->file);
}

static void block(struct script *script, uint32_t type, const uint32_t *words, unsigned int count)
{
	put(script, type);
	put(script, 12 + 4 * count);
	for (unsigned int i = 0; i < count; i++)
		put(script, words[i]);
	put(script, 12 + 4 * count);
}

static void section(struct script *script)
{
	block(script, 0x0a0d0d0a, (const uint32_t[]){0x1a2b3c4d, 1, 0xffffffff, 0xffffffff}, 4);
}

// unit: if_tsresol; offset_s: if_tsoffset.
static void interface(struct script *script, uint16_t link, uint32_t snap, uint8_t unit,
		      uint32_t offset_s)
{
	uint32_t unit_word = order32(script, 0);
	uint32_t high = script->swapped ? 0 : offset_s, low = script->swapped ? offset_s : 0;

	memcpy(&unit_word, (const uint8_t[]){unit, 0, 0, 0}, 4);
	unit_word = order32(script, unit_word);
	block(script, 1,
	      (const uint32_t[]){halves(script, link, 0), snap, halves(script, 9, 1), unit_word,
				 halves(script, 14, 8), high, low, 0},
	      8);
}

static void packet(struct script *script, uint32_t index, uint64_t ticks, uint32_t len)
{
	block(script, 6,
	      (const uint32_t[]){index, (uint32_t)(ticks >> 32), (uint32_t)ticks, len, 1500,
				 0x41414141},
	      6);
}

// What the reader sees: behind the first four octets.
static struct pcapng *opened(struct script *script)
{
	rewind(script->file);
	fseek(script->file, 4, SEEK_SET);
	return pcapng_new(script->file);
}

static void test_interfaces(void **state)
{
	static const struct {
		int link;
		uint64_t time_ns;
	} expect[] = {{1, 1700000000000001000},
		      {113, 1700000000000000007},
		      {101, 5500000000},
		      {1, 1700000000000002000},
		      {113, 0},
		      {113, 42000},
		      {113, INT64_MAX}};

	for (int swapped = 0; swapped < 2; swapped++) {
		struct script script = {tmpfile(), swapped};
		struct capture_packet got;
		const char *reason = "";
		section(&script);
		interface(&script, 1, 65535, 6, 0);
		interface(&script, 113, 262144, 9, 0);
		block(&script, 5, (const uint32_t[]){0, 0, 0}, 3); // statistics
		packet(&script, 0, 1700000000000001, 4);
		packet(&script, 1, 1700000000000000007, 4);
		interface(&script, 101, 0, 0x80 | 1, 5); // halves of a second
		packet(&script, 2, 1, 4);
		packet(&script, 0, 1700000000000002, 3);
		// Another section, of the other byte order, forgets the interfaces.
		script.swapped = !script.swapped;
		section(&script);
		interface(&script, 113, 2, 6, 0);
		block(&script, 3, (const uint32_t[]){4, 0x41414141}, 2);
		block(&script, 2,
		      (const uint32_t[]){halves(&script, 0, 9), 0, 42, 4, 4, 0x41414141}, 6);
		packet(&script, 0, UINT64_MAX, 4);
		struct pcapng *pcapng = opened(&script);
		for (size_t i = 0; i < sizeof(expect) / sizeof(expect[0]); i++) {
			if (pcapng_next(pcapng, &got, &reason) != 1)
				fail_msg("%zu: %s", i, reason);
			if (got.link != expect[i].link || got.time_ns != expect[i].time_ns)
				fail_msg("%zu: link %d, %lu ns", i, got.link,
					 (unsigned long)got.time_ns);
			assert_int_equal(got.len, i == 3 ? 3 : i == 4 ? 2 : 4);
			assert_memory_equal(got.data, "AAAA", got.len);
		}
		assert_int_equal(pcapng_next(pcapng, &got, &reason), 0);
		pcapng_free(pcapng);
		fclose(script.file);
	}
}

static const struct {
	const char *name;
	uint32_t words[8]; // behind a section and an Ethernet interface
	unsigned int count;
	int err;
} faults[] = {
	{"type alone", {6}, 1, -ENODATA},
	{"cut body", {6, 32, 0, 0, 0}, 5, -ENODATA},
	{"cut before the second length", {6, 16, 0}, 3, -ENODATA},
	{"no length", {6, 0, 0, 0}, 4, -EINVAL},
	{"odd length", {6, 33, 0, 0}, 4, -EINVAL},
	{"huge", {6, 0x7ffffff0, 0, 0}, 4, -EINVAL},
	{"lengths differ", {5, 16, 0, 20}, 4, -EINVAL},
	{"short packet block", {6, 16, 0, 16}, 4, -EINVAL},
	{"packet longer than block", {6, 32, 0, 0, 0, 1, 1, 32}, 8, -EINVAL},
	{"unknown interface", {6, 32, 1, 0, 0, 0, 0, 32}, 8, -EINVAL},
	{"short interface", {1, 16, 1, 16}, 4, -EINVAL},
	{"short simple block", {3, 12, 12}, 3, -EINVAL},
	{"section without magic", {0x0a0d0d0a, 28, 0x11111111, 1, 0, 0, 28}, 7, -EINVAL},
	{"time too fine", {1, 28, 1, 0, 9 | 1 << 16, 20, 28}, 7, -EINVAL},
};

static void test_faults(void **state)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct script script = {tmpfile(), false};
		struct capture_packet got;
		const char *reason = "";
		section(&script);
		interface(&script, 1, 65535, 6, 0);
		for (unsigned int word = 0; word < faults[i].count; word++)
			put(&script, faults[i].words[word]);
		struct pcapng *pcapng = opened(&script);
		int err = pcapng_next(pcapng, &got, &reason);
		if (err != faults[i].err || reason[0] == '\0')
			fail_msg("%s: %d %s", faults[i].name, err, reason);
		pcapng_free(pcapng);
		fclose(script.file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
