// SPDX-License-Identifier: Apache-2.0
// A window in two registers. Part of octets.h.
#pragma once

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

static inline uint32_t octets_two(struct octets octets)
{
	return (uint32_t)_mm_extract_epi16(octets.low, 0);
}

static inline bool octets_agree(struct octets a, struct octets b, struct octets mask)
{
	return (_mm_testz_si128(_mm_xor_si128(a.low, b.low), mask.low) &
		_mm_testz_si128(_mm_xor_si128(a.high, b.high), mask.high)) != 0;
}

static inline void octets_store(char *at, struct octets octets)
{
	_mm_storeu_si128((__m128i *)(void *)at, octets.low);
	_mm_storeu_si128((__m128i *)(void *)(at + 16), octets.high);
}

static inline struct octets octets_or(struct octets a, struct octets b)
{
	return (struct octets){_mm_or_si128(a.low, b.low), _mm_or_si128(a.high, b.high)};
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

struct tally {
	__m128i sum; // of each eight octets
};

static inline __m128i octets_below(struct octets octets)
{
	__m128i limit = _mm_set1_epi8(0x20);

	return _mm_add_epi8(_mm_subs_epu8(limit, octets.low), _mm_subs_epu8(limit, octets.high));
}

static inline void tally_add_two(struct tally *tally, struct octets a, struct octets b)
{
	__m128i below = _mm_add_epi8(octets_below(a), octets_below(b));

	tally->sum = _mm_add_epi64(tally->sum, _mm_sad_epu8(below, _mm_setzero_si128()));
}

static inline uint32_t tally_sum(const struct tally *tally)
{
	return (uint32_t)(_mm_cvtsi128_si64(tally->sum) + _mm_extract_epi64(tally->sum, 1));
}

static inline uint32_t octets_among(struct octets octets, const struct octet_set *set)
{
	__m128i table = _mm_load_si128((const __m128i *)(const void *)set);

	return octets_same((struct octets){_mm_shuffle_epi8(table, octets.low),
					   _mm_shuffle_epi8(table, octets.high)},
			   octets);
}

static inline uint32_t octets_blank_or_colon(struct octets octets)
{
	static const struct octet_set set = {OCTET_SET([0x0] = ' ', [0xa] = ':')};

	return octets_among(octets, &set);
}

static inline uint32_t octets_among_or(struct octets octets, const struct octet_set *set,
				       const struct octet_row *also)
{
	return octets_among(octets, set) | octets_same(octets, octets_load(also->each));
}

// 16 each.
static inline struct octets octets_load_two(const char *low, const char *high)
{
	return (struct octets){_mm_loadu_si128((const __m128i *)(const void *)low),
			       _mm_loadu_si128((const __m128i *)(const void *)high)};
}

static inline uint32_t octets_up_to(struct octets octets, char c)
{
	__m128i most = _mm_set1_epi8(c);

	return octets_same(
		(struct octets){_mm_min_epu8(octets.low, most), _mm_min_epu8(octets.high, most)},
		octets);
}

static inline __m128i octets_class_bits(__m128i octets, const struct octet_class *class)
{
	__m128i row = _mm_loadu_si128((const __m128i *)(const void *)class->row);
	__m128i column = _mm_loadu_si128((const __m128i *)(const void *)class->column);
	__m128i upper = _mm_and_si128(_mm_srli_epi16(octets, 4), _mm_set1_epi8(15));

	return _mm_and_si128(_mm_shuffle_epi8(row, upper), _mm_shuffle_epi8(column, octets));
}

static inline uint32_t octets_not_in_class(struct octets octets, const struct octet_class *class)
{
	struct octets bits = {octets_class_bits(octets.low, class),
			      octets_class_bits(octets.high, class)};

	return octets_same(bits, (struct octets){_mm_setzero_si128(), _mm_setzero_si128()});
}
