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
