// SPDX-License-Identifier: Apache-2.0
// The words that SipHash sees of a text, little-endian by definition. Private to sip/.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t siphash_word(const unsigned char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

// The octets behind the last whole word, and the length on top. The word that ends with them is
// read where there is one: it lies in the text.
static inline uint64_t siphash_last(const unsigned char *data, size_t len)
{
	uint64_t word = 0, length = (uint64_t)len << 56;
	size_t rest = len % 8;

	if (rest == 0)
		return length;
	if (len >= 8)
		return siphash_word(data + len - 8) >> (64 - rest * 8) | length;
	for (size_t i = rest; i-- > 0;)
		word = word << 8 | data[i];
	return word | length;
}
