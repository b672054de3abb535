// SPDX-License-Identifier: Apache-2.0
// What the tests of sip/ share: exact-size copies, so that a sanitizer sees every octet read
// outside a message, and seeded random numbers.
#pragma once

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sip/msg.h"

static inline char *exact_copy(const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	return copy;
}

// splitmix64, Steele et al. 2014.
static inline uint64_t next_random(uint64_t *state)
{
	uint64_t word = *state += 0x9e3779b97f4a7c15;

	word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
	word = (word ^ word >> 27) * 0x94d049bb133111eb;
	return word ^ word >> 31;
}

// OFFHOOK_TEST_SEED repeats a run; without it the seed is fixed. Printed either way.
static inline uint64_t test_seed(void)
{
	const char *text = getenv("OFFHOOK_TEST_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : 20261120;

	printf("seed %llu\n", (unsigned long long)seed);
	return seed;
}

// The whole file, exact size. The caller frees it.
static inline char *file_read(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char buf[SIP_MAX_BYTES + 1];

	if (file == NULL)
		fail_msg("%s: can't be opened", path);
	*len = fread(buf, 1, sizeof(buf), file);
	fclose(file);
	return exact_copy(buf, *len);
}

static inline void assert_slice(const char *buf, struct sip_slice slice, const char *expect,
				const char *what)
{
	if (!slice_equal(buf, slice, expect))
		fail_msg("%s: \"%.*s\" instead of \"%s\"", what, slice.len, buf + slice.off,
			 expect);
}
