// SPDX-License-Identifier: Apache-2.0
// Which octets of a window are of a kind, as a bit mask, bit n for octet n: all that the fast
// parser asks of the machine. One face of it for each instruction set, chosen by what the compiler
// was told (meson.build compiles the parser once a kernel). Private to sip/.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE4_2__)
#include <immintrin.h>
#endif

// Without it each access to a table of another file goes by way of another table.
#define SIP_PRIVATE __attribute__((visibility("hidden")))

// What every message needs: compilers find it too long to inline it.
#define SIP_INLINE  inline __attribute__((always_inline))

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

// One octet, over and over; in a file of its own, as compilers make three instructions of a
// constant that they know, each time, instead of loading it.
struct octet_row {
	char each[OCTETS];
} __attribute__((aligned(32)));

#define OCTET_ROW(c)                                 \
	{                                            \
		.each = { [0 ... OCTETS - 1] = (c) } \
	}

extern SIP_PRIVATE const struct octet_row octet_commas, octet_semicolons;

#define OCTET_SET(...)              \
	{                           \
		{__VA_ARGS__},      \
		{                   \
			__VA_ARGS__ \
		}                   \
	}

// Any set of ASCII: those for which the entries of the upper and of the lower half have a bit in
// common.
struct octet_class {
	char row[16], column[16];
};

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

// How far below 0x20 the octets are that are below it, summed up in a struct tally: each control
// character adds something, so the sum tells whether there is another one than those that one knows
// of. Cheaper than to make a mask of them.
enum { TALLY_CR_LF = 0x20 - '\r' + 0x20 - '\n' };

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

// In the set, or the octet of the row.
static inline uint64_t block_among_or(const struct block *block, const struct octet_set *set,
				      const struct octet_row *also)
{
	return octets_among_or(block->low, set, also) |
	       (uint64_t)octets_among_or(block->high, set, also) << 32;
}

// Those before `from` and from `to` on become 0xff: two ORs with a window on this.
static inline struct block block_between(const struct block *block, uint32_t from, uint32_t to)
{
	static const char edges[3 * BLOCK] = {[0 ... BLOCK - 1] = '\xff',
					      [2 * BLOCK... 3 * BLOCK - 1] = '\xff'};
	struct block before = block_load(edges + BLOCK - from);
	struct block behind = block_load(edges + 2 * BLOCK - to);

	return (struct block){
		octets_or(block->low, octets_or(before.low, behind.low)),
		octets_or(block->high, octets_or(before.high, behind.high)),
	};
}

static inline void tally_add(struct tally *tally, const struct block *block)
{
	tally_add_two(tally, block->low, block->high);
}

#endif

// Zeros, by whole windows: what memset() is called or repeated for takes longer. At least one.
static SIP_INLINE void octets_clear(void *at, size_t len)
{
	struct octets zeros = {0};
	size_t off;

	for (off = 0; off + OCTETS <= len; off += OCTETS)
		octets_store((char *)at + off, zeros);
	if (off < len)
		octets_store((char *)at + len - OCTETS, zeros);
}
