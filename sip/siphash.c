// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4: two rounds for each word of input, four to finish. The 128-bit form differs in the
// constants xored in and in a second finish.
#include "sip/siphash.h"

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

// Words are little-endian by definition.
static inline uint64_t word_le(const unsigned char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
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
	unsigned char last[8] = {0};
	struct state s = {
		.v0 = key->word[0] ^ 0x736f6d6570736575,
		.v1 = key->word[1] ^ 0x646f72616e646f6d ^ wide,
		.v2 = key->word[0] ^ 0x6c7967656e657261,
		.v3 = key->word[1] ^ 0x7465646279746573,
	};

	for (size_t left = len / 8; left > 0; left--, at += 8)
		absorb(&s, word_le(at));
	if (len % 8 > 0)
		memcpy(last, at, len % 8);
	last[7] = (unsigned char)len;
	absorb(&s, word_le(last));
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
