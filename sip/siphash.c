// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4: two rounds for each word of input, four to finish. The 128-bit form differs in the
// constants xored in and in a second finish.
#include "sip/siphash.h"

#include "sip/kernel.h"
#include "sip/siphash_word.h"

#include <string.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t word, unsigned int bits)
{
	return word << bits | word >> (64 - bits);
}

static inline void rounds(struct state *s, int count)
{
	while (count-- > 0) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotate_left(s->v1, 13) ^ s->v0;
		s->v3 = rotate_left(s->v3, 16) ^ s->v2;
		s->v0 = rotate_left(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotate_left(s->v1, 17) ^ s->v2;
		s->v3 = rotate_left(s->v3, 21) ^ s->v0;
		s->v2 = rotate_left(s->v2, 32);
	}
}

static inline void absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	rounds(s, 2);
	s->v0 ^= word;
}

static struct state absorb_all(const struct siphash_key *key, const void *data, size_t len,
			       uint64_t wide)
{
	const unsigned char *at = data;
	struct state s = {
		.v0 = key->word[0] ^ 0x736f6d6570736575,
		.v1 = key->word[1] ^ 0x646f72616e646f6d ^ wide,
		.v2 = key->word[0] ^ 0x6c7967656e657261,
		.v3 = key->word[1] ^ 0x7465646279746573,
	};

	for (size_t left = len / 8; left > 0; left--, at += 8)
		absorb(&s, siphash_word(at));
	absorb(&s, siphash_last(data, len));
	return s;
}

static inline uint64_t fold(const struct state *s)
{
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t siphash64(const struct siphash_key *key, const void *data, size_t len)
{
	struct state s = absorb_all(key, data, len, 0);

	s.v2 ^= 0xff;
	rounds(&s, 4);
	return fold(&s);
}

struct siphash128 siphash128(const struct siphash_key *key, const void *data, size_t len)
{
	struct state s = absorb_all(key, data, len, 0xee);
	struct siphash128 hash;

	s.v2 ^= 0xee;
	rounds(&s, 4);
	hash.word[0] = fold(&s);
	s.v1 ^= 0xdd;
	rounds(&s, 4);
	hash.word[1] = fold(&s);
	return hash;
}

void siphash_four(const struct siphash_key *key, const struct siphash_text text[4],
		  struct siphash128 *wide, uint64_t narrow[3])
{
	switch (line_index_selected()) {
#if defined(__x86_64__)
	case LINE_KERNEL_AVX2: siphash_four_avx2(key, text, wide, narrow); return;
	case LINE_KERNEL_AVX512: siphash_four_avx512(key, text, wide, narrow); return;
#endif
	default: break;
	}
	// Narrower registers gain nothing.
	*wide = siphash128(key, text[0].data, text[0].len);
	for (int i = 0; i < 3; i++)
		narrow[i] = siphash64(key, text[i + 1].data, text[i + 1].len);
}
