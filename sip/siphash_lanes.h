// SPDX-License-Identifier: Apache-2.0
// Four SipHashes in the lanes of vectors, compiled once for each instruction set. One alone is a
// chain of dependent steps that leaves most of a CPU idle; a message has four values to hash, of
// about the same length.
#pragma once

#include "sip/siphash.h"
#include "sip/siphash_word.h"

enum { SIPHASH_LANES = 4 };

typedef uint64_t siphash_lanes __attribute__((vector_size(SIPHASH_LANES * sizeof(uint64_t))));

#define SIPHASH_ROTATE(v, bits) ((v) << (bits) | (v) >> (64 - (bits)))
#define SIPHASH_ROUND(v0, v1, v2, v3)             \
	do {                                      \
		v0 += v1;                         \
		v2 += v3;                         \
		v1 = SIPHASH_ROTATE(v1, 13) ^ v0; \
		v3 = SIPHASH_ROTATE(v3, 16) ^ v2; \
		v0 = SIPHASH_ROTATE(v0, 32);      \
		v2 += v1;                         \
		v0 += v3;                         \
		v1 = SIPHASH_ROTATE(v1, 17) ^ v2; \
		v3 = SIPHASH_ROTATE(v3, 21) ^ v0; \
		v2 = SIPHASH_ROTATE(v2, 32);      \
	} while (0)

static inline uint64_t siphash_word_of(const struct siphash_text *text, size_t index)
{
	size_t words = text->len / 8;

	return index < words ? siphash_word((const unsigned char *)text->data + index * 8)
			     : siphash_last(text->data, text->len);
}

static inline void siphash_side_by_side(const struct siphash_key *key,
					const struct siphash_text text[4], struct siphash128 *wide,
					uint64_t narrow[3])
{
	const siphash_lanes zero = {0}, wide_lane = {0xee, 0, 0, 0},
			    finish = {0xee, 0xff, 0xff, 0xff};
	siphash_lanes v0 = zero + (key->word[0] ^ 0x736f6d6570736575);
	siphash_lanes v1 = (zero + (key->word[1] ^ 0x646f72616e646f6d)) ^ wide_lane;
	siphash_lanes v2 = zero + (key->word[0] ^ 0x6c7967656e657261);
	siphash_lanes v3 = zero + (key->word[1] ^ 0x7465646279746573);
	uint64_t words[SIPHASH_LANES], most = 0;

	for (int i = 0; i < SIPHASH_LANES; i++) {
		words[i] = text[i].len / 8 + 1;
		most = words[i] > most ? words[i] : most;
	}
	const siphash_lanes ends = {words[0], words[1], words[2], words[3]};
	for (uint64_t at = 0; at < most; at++) {
		const siphash_lanes word = {
			siphash_word_of(&text[0], at), siphash_word_of(&text[1], at),
			siphash_word_of(&text[2], at), siphash_word_of(&text[3], at)};
		const siphash_lanes more = (siphash_lanes)(zero + at <
							   ends); // lanes whose text goes on
		siphash_lanes n0 = v0, n1 = v1, n2 = v2, n3 = v3 ^ word;
		SIPHASH_ROUND(n0, n1, n2, n3);
		SIPHASH_ROUND(n0, n1, n2, n3);
		n0 ^= word;
		v0 = (n0 & more) | (v0 & ~more);
		v1 = (n1 & more) | (v1 & ~more);
		v2 = (n2 & more) | (v2 & ~more);
		v3 = (n3 & more) | (v3 & ~more);
	}
	v2 ^= finish;
	for (int i = 0; i < 4; i++)
		SIPHASH_ROUND(v0, v1, v2, v3);
	const siphash_lanes hash = v0 ^ v1 ^ v2 ^ v3;
	uint64_t w0 = v0[0], w1 = v1[0] ^ 0xdd, w2 = v2[0], w3 = v3[0];
	for (int i = 0; i < 4; i++)
		SIPHASH_ROUND(w0, w1, w2, w3);
	*wide = (struct siphash128){{hash[0], w0 ^ w1 ^ w2 ^ w3}};
	for (int i = 0; i < 3; i++)
		narrow[i] = hash[i + 1];
}
