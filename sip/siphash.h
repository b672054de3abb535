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

uint64_t siphash64(const struct siphash_key *key, const void *data, size_t len);
struct siphash128 siphash128(const struct siphash_key *key, const void *data, size_t len);
