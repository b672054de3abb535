// SPDX-License-Identifier: Apache-2.0
// A window in one register; with AVX-512 a block, and comparisons give masks. Part of octets.h.
#pragma once

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
