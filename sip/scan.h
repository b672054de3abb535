// SPDX-License-Identifier: Apache-2.0
// Finds where a run of ordinary characters ends, sixteen at a time: the inner loop of the fast
// parser. Private to sip/. Each function returns the first octet in [at, end) of its kind, or end,
// and reads nothing outside [at, limit), limit being the end of the message's bytes.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum scan_stop {
	SCAN_URI,       // < > " ! and all that is not visible ASCII
	SCAN_PARAMETER, // those and ; = ,
	SCAN_BLANK,     // all that is not visible ASCII
	SCAN_QUOTED,    // " and backslash
};

static inline int scan_stops(enum scan_stop stop, unsigned char c)
{
	switch (stop) {
	case SCAN_QUOTED: return c == '"' || c == '\\';
	case SCAN_BLANK: return c < 0x21 || c > 0x7e;
	case SCAN_URI: return c < 0x23 || c > 0x7e || c == '<' || c == '>';
	case SCAN_PARAMETER: return c < 0x23 || c > 0x7e || (c >= ';' && c <= '>') || c == ',';
	}
	return 1;
}

#if defined(__SSE2__)
// Octets of block that are in [low, high]: 0xff.
static inline __m128i scan_in_range(__m128i block, unsigned char low, unsigned char high)
{
	__m128i from_low = _mm_sub_epi8(block, _mm_set1_epi8((char)low));

	return _mm_cmpeq_epi8(_mm_min_epu8(from_low, _mm_set1_epi8((char)(high - low))), from_low);
}

static inline __m128i scan_is(__m128i block, char c)
{
	return _mm_cmpeq_epi8(block, _mm_set1_epi8(c));
}

static inline uint32_t scan_block(enum scan_stop stop, __m128i block)
{
	__m128i stops, passes;

	switch (stop) {
	case SCAN_QUOTED:
		return (uint32_t)_mm_movemask_epi8(
			_mm_or_si128(scan_is(block, '"'), scan_is(block, '\\')));
	case SCAN_BLANK:
		return 0xffffu ^ (uint32_t)_mm_movemask_epi8(scan_in_range(block, 0x21, 0x7e));
	case SCAN_URI: stops = _mm_or_si128(scan_is(block, '<'), scan_is(block, '>')); break;
	case SCAN_PARAMETER:
	default: stops = _mm_or_si128(scan_in_range(block, ';', '>'), scan_is(block, ',')); break;
	}
	passes = _mm_andnot_si128(stops, scan_in_range(block, 0x23, 0x7e));
	return 0xffffu ^ (uint32_t)_mm_movemask_epi8(passes);
}

// 16 octets from at; zeros for those behind limit.
static inline __m128i scan_load(const char *at, const char *limit)
{
	char bounce[16];

	if (__builtin_expect(limit - at >= 16, 1))
		return _mm_loadu_si128((const __m128i *)(const void *)at);
	memset(bounce, 0, sizeof(bounce));
	memcpy(bounce, at, (size_t)(limit - at));
	return _mm_loadu_si128((const __m128i *)(const void *)bounce);
}

static inline const char *scan_to(enum scan_stop stop, const char *at, const char *end,
				  const char *limit)
{
	for (; at < end; at += 16) {
		uint32_t mask = scan_block(stop, scan_load(at, limit));

		if (mask != 0) {
			at += __builtin_ctz(mask);
			return at < end ? at : end;
		}
	}
	return end;
}
#else
static inline const char *scan_to(enum scan_stop stop, const char *at, const char *end,
				  const char *limit)
{
	while (at < end && !scan_stops(stop, (unsigned char)*at))
		at++;
	return at;
}
#endif
