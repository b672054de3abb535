// SPDX-License-Identifier: Apache-2.0
#include "sip/slice.h"

#include <string.h>

bool slice_equal(const char *buf, struct sip_slice slice, const char *text)
{
	return strlen(text) == slice.len && memcmp(buf + slice.off, text, slice.len) == 0;
}

bool slice_equal_nocase(const char *buf, struct sip_slice slice, const char *text)
{
	// Not strncasecmp on the slice: a NUL inside would end the comparison early.
	if (strlen(text) != slice.len)
		return false;
	for (size_t i = 0; i < slice.len; i++) {
		char a = buf[slice.off + i], b = text[i];

		if (a >= 'A' && a <= 'Z')
			a |= 0x20;
		if (b >= 'A' && b <= 'Z')
			b |= 0x20;
		if (a != b)
			return false;
	}
	return true;
}
