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
#include "sip/octets_avx2.h"
#elif defined(__SSE4_2__)
#include "sip/octets_sse42.h"
#else
#include "sip/octets_scalar.h"
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
