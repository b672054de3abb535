// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 (Aumasson, Bernstein 2012) with 64 and 128 bits of output: Call-IDs and tags are
// chosen by strangers, so tables keyed with them need a secret.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t word[2];
};

struct siphash128 {
	uint64_t word[2];
};

struct siphash_text {
	const void *data;
	size_t len;
};

uint64_t siphash64(const struct siphash_key *key, const void *data, size_t len);
struct siphash128 siphash128(const struct siphash_key *key, const void *data, size_t len);
// The first text with 128 bits, the other three with 64, side by side: in the time of the longest.
void siphash_four(const struct siphash_key *key, const struct siphash_text text[4],
		  struct siphash128 *wide, uint64_t narrow[3]);
