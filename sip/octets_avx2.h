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

static inline uint32_t octets_two(struct octets octets)
{
	return (uint32_t)_mm_extract_epi16(_mm256_castsi256_si128(octets.all), 0);
}

// Whether two windows have the same bits where `mask` has ones.
static inline bool octets_agree(struct octets a, struct octets b, struct octets mask)
{
	return _mm256_testz_si256(_mm256_xor_si256(a.all, b.all), mask.all) != 0;
}

static inline void octets_store(char *at, struct octets octets)
{
	_mm256_storeu_si256((__m256i *)(void *)at, octets.all);
}

static inline struct octets octets_or(struct octets a, struct octets b)
{
	return (struct octets){_mm256_or_si256(a.all, b.all)};
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

static inline uint64_t block_among_or(const struct block *block, const struct octet_set *set,
				      const struct octet_row *also)
{
	__m256i row = _mm256_load_si256((const __m256i *)(const void *)also);

	return block_among(block, set) |
	       _mm512_cmpeq_epi8_mask(block->all, _mm512_broadcast_i64x4(row));
}

static inline struct block block_between(const struct block *block, uint32_t from, uint32_t to)
{
	uint64_t keep = (UINT64_MAX << from) & _bzhi_u64(UINT64_MAX, to);

	return (struct block){_mm512_mask_mov_epi8(_mm512_set1_epi8(-1), keep, block->all)};
}

struct tally {
	__m512i sum; // of each eight octets
};

static inline void tally_add(struct tally *tally, const struct block *block)
{
	__m512i below = _mm512_subs_epu8(_mm512_set1_epi8(0x20), block->all);

	tally->sum = _mm512_add_epi64(tally->sum, _mm512_sad_epu8(below, _mm512_setzero_si512()));
}

static inline uint32_t tally_sum(const struct tally *tally)
{
	return (uint32_t)_mm512_reduce_add_epi64(tally->sum);
}

#else

static inline uint32_t octets_same(struct octets a, struct octets b)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a.all, b.all));
}

struct tally {
	__m256i sum; // of each eight octets
};

static inline void tally_add_two(struct tally *tally, struct octets a, struct octets b)
{
	__m256i limit = _mm256_set1_epi8(0x20);
	__m256i below = _mm256_add_epi8(_mm256_subs_epu8(limit, a.all),
					_mm256_subs_epu8(limit, b.all));

	tally->sum = _mm256_add_epi64(tally->sum, _mm256_sad_epu8(below, _mm256_setzero_si256()));
}

static inline uint32_t tally_sum(const struct tally *tally)
{
	__m128i two = _mm_add_epi64(_mm256_castsi256_si128(tally->sum),
				    _mm256_extracti128_si256(tally->sum, 1));

	return (uint32_t)(_mm_cvtsi128_si64(two) + _mm_extract_epi64(two, 1));
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

static inline uint32_t octets_blank_or_colon(struct octets octets)
{
	static const struct octet_set set = {OCTET_SET([0x0] = ' ', [0xa] = ':')};

	return octets_among(octets, &set);
}

static inline uint32_t octets_among_or(struct octets octets, const struct octet_set *set,
				       const struct octet_row *also)
{
	__m256i table = _mm256_load_si256((const __m256i *)(const void *)set);
	__m256i row = _mm256_load_si256((const __m256i *)(const void *)also);
	__m256i found = _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, octets.all), octets.all);

	found = _mm256_or_si256(found, _mm256_cmpeq_epi8(octets.all, row));
	return (uint32_t)_mm256_movemask_epi8(found);
}

// 16 each.
static inline struct octets octets_load_two(const char *low, const char *high)
{
	__m128i lower = _mm_loadu_si128((const __m128i *)(const void *)low);
	__m128i upper = _mm_loadu_si128((const __m128i *)(const void *)high);

	return (struct octets){_mm256_set_m128i(upper, lower)};
}

static inline uint32_t octets_up_to(struct octets octets, char c)
{
	return octets_same((struct octets){_mm256_min_epu8(octets.all, _mm256_set1_epi8(c))},
			   octets);
}

static inline uint32_t octets_not_in_class(struct octets octets, const struct octet_class *class)
{
	__m128i row = _mm_loadu_si128((const __m128i *)(const void *)class->row);
	__m128i column = _mm_loadu_si128((const __m128i *)(const void *)class->column);
	__m256i upper = _mm256_and_si256(_mm256_srli_epi16(octets.all, 4), _mm256_set1_epi8(15));
	__m256i bits = _mm256_and_si256(
		_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(row), upper),
		_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(column), octets.all));

	return octets_same((struct octets){bits}, (struct octets){_mm256_setzero_si256()});
}
