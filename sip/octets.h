// SPDX-License-Identifier: Apache-2.0
// Which octets of a window are of a kind, as a bit mask, bit n for octet n: all that the fast
// parser asks of the machine. One face of it for each instruction set, chosen by what the compiler
// was told (meson.build compiles the parser once a kernel). Private to sip/.
#pragma once

#include <stdint.h>
#include <string.h>
#if defined(__SSE4_2__)
#include <immintrin.h>
#endif

// Without it each access to a table of another file goes by way of another table.
#define SIP_PRIVATE __attribute__((visibility("hidden")))

enum {
	OCTETS = 32, // in a window
	BLOCK = 64,  // two windows, for the line index
};

// A set of octets: entry n is the one octet of the set whose lower half is n. So a look-up of
// sixteen and a comparison tell whether an octet is in the set. No set has two such octets; what
// would collide is asked for apart. Twice, for registers of two halves.
struct octet_set {
	char half[2][16];
} __attribute__((aligned(32)));

#define OCTET_SET(...)              \
	{                           \
		{__VA_ARGS__},      \
		{                   \
			__VA_ARGS__ \
		}                   \
	}

static inline uint64_t load_8(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

static inline uint32_t load_4(const char *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap32(word);
#endif
	return word;
}

static inline uint32_t load_2(const char *at)
{
	return (uint32_t)(unsigned char)at[0] | (uint32_t)(unsigned char)at[1] << 8;
}

// The first len octets of a word, zeros for the others.
static inline uint64_t word_head(uint64_t word, uint32_t len)
{
#if defined(__BMI2__)
	return _bzhi_u64(word, 8 * len);
#else
	return len < 8 ? word & ((UINT64_C(1) << 8 * len) - 1) : word;
#endif
}

// The number of the lowest bit that is set; if none is, any number below or equal to 64, or 32.
static inline uint32_t low_bit(uint64_t mask)
{
#if defined(__BMI__)
	return (uint32_t)_tzcnt_u64(mask);
#else
	return (uint32_t)__builtin_ctzll(mask | 1ull << 63);
#endif
}

static inline uint32_t low_bit_32(uint32_t mask)
{
#if defined(__BMI__)
	return _tzcnt_u32(mask);
#else
	return (uint32_t)__builtin_ctzll(mask | 1ull << 32);
#endif
}

// What load_4() and load_8() give for these characters.
#define WORD_4(a, b, c, d) \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define WORD_8(a, b, c, d, e, f, g, h) \
	((uint64_t)WORD_4(a, b, c, d) | (uint64_t)WORD_4(e, f, g, h) << 32)

#if defined(__AVX2__)

struct octets {
	__m256i all;
};

static inline struct octets octets_load(const char *at)
{
	return (struct octets){_mm256_loadu_si256((const __m256i *)(const void *)at)};
}

// The first eight.
static inline uint64_t octets_head(struct octets octets)
{
	return (uint64_t)_mm_cvtsi128_si64(_mm256_castsi256_si128(octets.all));
}

static inline void octets_store(char *at, struct octets octets)
{
	_mm256_storeu_si256((__m256i *)(void *)at, octets.all);
}

// Letters in lower case.
static inline struct octets octets_lower(struct octets octets)
{
	return (struct octets){_mm256_or_si256(octets.all, _mm256_set1_epi8(0x20))};
}

#if defined(__AVX512BW__) && defined(__AVX512VL__)

static inline uint32_t octets_same(struct octets a, struct octets b)
{
	return _mm256_cmpeq_epi8_mask(a.all, b.all);
}

struct block {
	__m512i all;
};

static inline struct block block_load(const char *at)
{
	return (struct block){_mm512_loadu_si512((const void *)at)};
}

static inline uint64_t block_equal(const struct block *block, char c)
{
	return _mm512_cmpeq_epi8_mask(block->all, _mm512_set1_epi8(c));
}

static inline uint64_t block_among(const struct block *block, const struct octet_set *set)
{
	__m128i half = _mm_load_si128((const __m128i *)(const void *)set);
	__m512i table = _mm512_broadcast_i32x4(half);

	return _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(table, block->all), block->all);
}

static inline uint64_t block_control(const struct block *block)
{
	return _mm512_cmplt_epu8_mask(block->all, _mm512_set1_epi8(0x20));
}

#else

static inline uint32_t octets_same(struct octets a, struct octets b)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a.all, b.all));
}

static inline uint32_t octets_control(struct octets octets)
{
	__m256i most = _mm256_min_epu8(octets.all, _mm256_set1_epi8(0x1f));

	return octets_same((struct octets){most}, octets);
}

#endif

static inline uint32_t octets_equal(struct octets octets, char c)
{
	return octets_same(octets, (struct octets){_mm256_set1_epi8(c)});
}

static inline uint32_t octets_among(struct octets octets, const struct octet_set *set)
{
	__m256i table = _mm256_load_si256((const __m256i *)(const void *)set);

	return octets_same((struct octets){_mm256_shuffle_epi8(table, octets.all)}, octets);
}

#elif defined(__SSE4_2__)

struct octets {
	__m128i low, high;
};

static inline struct octets octets_load(const char *at)
{
	return (struct octets){_mm_loadu_si128((const __m128i *)(const void *)at),
			       _mm_loadu_si128((const __m128i *)(const void *)(at + 16))};
}

static inline uint64_t octets_head(struct octets octets)
{
	return (uint64_t)_mm_cvtsi128_si64(octets.low);
}

static inline void octets_store(char *at, struct octets octets)
{
	_mm_storeu_si128((__m128i *)(void *)at, octets.low);
	_mm_storeu_si128((__m128i *)(void *)(at + 16), octets.high);
}

static inline struct octets octets_lower(struct octets octets)
{
	__m128i bit = _mm_set1_epi8(0x20);

	return (struct octets){_mm_or_si128(octets.low, bit), _mm_or_si128(octets.high, bit)};
}

static inline uint32_t octets_same(struct octets a, struct octets b)
{
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a.low, b.low)) |
	       (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a.high, b.high)) << 16;
}

static inline uint32_t octets_equal(struct octets octets, char c)
{
	return octets_same(octets, (struct octets){_mm_set1_epi8(c), _mm_set1_epi8(c)});
}

static inline uint32_t octets_control(struct octets octets)
{
	__m128i most = _mm_set1_epi8(0x1f);

	return octets_same(
		(struct octets){_mm_min_epu8(octets.low, most), _mm_min_epu8(octets.high, most)},
		octets);
}

static inline uint32_t octets_among(struct octets octets, const struct octet_set *set)
{
	__m128i table = _mm_load_si128((const __m128i *)(const void *)set);

	return octets_same((struct octets){_mm_shuffle_epi8(table, octets.low),
					   _mm_shuffle_epi8(table, octets.high)},
			   octets);
}

#else

struct octets {
	uint64_t part[4];
};

static inline struct octets octets_load(const char *at)
{
	return (struct octets){{load_8(at), load_8(at + 8), load_8(at + 16), load_8(at + 24)}};
}

static inline uint64_t octets_head(struct octets octets)
{
	return octets.part[0];
}

static inline void octets_store(char *at, struct octets octets)
{
	for (int i = 0; i < OCTETS; i++)
		at[i] = (char)(octets.part[i / 8] >> i % 8 * 8);
}

static inline struct octets octets_lower(struct octets octets)
{
	for (int i = 0; i < 4; i++)
		octets.part[i] |= 0x2020202020202020;
	return octets;
}

// The top bits of the eight octets of each part, side by side.
static inline uint32_t octets_gather(const uint64_t part[4])
{
	uint32_t mask = 0;

	for (int i = 0; i < 4; i++)
		mask |= (uint32_t)(((part[i] & 0x8080808080808080) >> 7) * 0x0102040810204080 >> 56)
			<< 8 * i;
	return mask;
}

static inline uint32_t octets_same(struct octets a, struct octets b)
{
	uint64_t zero[4];

	for (int i = 0; i < 4; i++) {
		uint64_t differ = a.part[i] ^ b.part[i];

		zero[i] = ~(((differ & 0x7f7f7f7f7f7f7f7f) + 0x7f7f7f7f7f7f7f7f) | differ);
	}
	return octets_gather(zero);
}

static inline uint32_t octets_equal(struct octets octets, char c)
{
	uint64_t all = (unsigned char)c * UINT64_C(0x0101010101010101);

	return octets_same(octets, (struct octets){{all, all, all, all}});
}

static inline uint32_t octets_control(struct octets octets)
{
	uint64_t below[4];

	for (int i = 0; i < 4; i++)
		below[i] = ~(((octets.part[i] & 0x7f7f7f7f7f7f7f7f) + 0x6060606060606060) |
			     octets.part[i]);
	return octets_gather(below);
}

static inline uint32_t octets_among(struct octets octets, const struct octet_set *set)
{
	uint32_t mask = 0;

	for (int i = 0; i < OCTETS; i++) {
		unsigned char c = (unsigned char)(octets.part[i / 8] >> i % 8 * 8);

		mask |= (uint32_t)((unsigned char)set->half[0][c & 15] == c) << i;
	}
	return mask;
}

#endif

#if !defined(__AVX512BW__)

struct block {
	struct octets low, high;
};

static inline struct block block_load(const char *at)
{
	return (struct block){octets_load(at), octets_load(at + OCTETS)};
}

static inline uint64_t block_equal(const struct block *block, char c)
{
	return octets_equal(block->low, c) | (uint64_t)octets_equal(block->high, c) << 32;
}

static inline uint64_t block_among(const struct block *block, const struct octet_set *set)
{
	return octets_among(block->low, set) | (uint64_t)octets_among(block->high, set) << 32;
}

// Below 0x20.
static inline uint64_t block_control(const struct block *block)
{
	return octets_control(block->low) | (uint64_t)octets_control(block->high) << 32;
}

#endif

// How many control characters several blocks have.
#if defined(__AVX2__) && !defined(__AVX512BW__)

struct tally {
	__m256i each; // one number an octet of a window
};

enum { TALLY_BLOCKS = 127 }; // so that none is more than 255

static inline void tally_add(struct tally *tally, const struct block *block)
{
	__m256i most = _mm256_set1_epi8(0x1f), low = block->low.all, high = block->high.all;
	__m256i each = _mm256_add_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(low, most), low),
				       _mm256_cmpeq_epi8(_mm256_min_epu8(high, most), high));

	tally->each = _mm256_sub_epi8(tally->each, each);
}

static inline uint32_t tally_sum(const struct tally *tally)
{
	__m256i fours = _mm256_sad_epu8(tally->each, _mm256_setzero_si256());
	__m128i twos = _mm_add_epi64(_mm256_castsi256_si128(fours),
				     _mm256_extracti128_si256(fours, 1));

	return (uint32_t)(_mm_extract_epi64(twos, 0) + _mm_extract_epi64(twos, 1));
}

#else

struct tally {
	uint32_t sum;
};

enum { TALLY_BLOCKS = 1 << 20 };

static inline void tally_add(struct tally *tally, const struct block *block)
{
	tally->sum += (uint32_t)__builtin_popcountll(block_control(block));
}

static inline uint32_t tally_sum(const struct tally *tally)
{
	return tally->sum;
}

#endif
