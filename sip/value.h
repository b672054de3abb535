// SPDX-License-Identifier: Apache-2.0
// Header field values in the forms that nearly every message uses, for the fast parser (RFC 3261
// 20, RFC 3325, RFC 4028). Each function returns false for anything else: that doesn't make the
// value wrong, it makes it work for the reference parser, which alone decides. Private to sip/.
#pragma once

#include <stdint.h>

#include "sip/line_index.h"
#include "sip/slice.h"

// One line's value: offsets of its first octet that is no blank and of its line end. There may be
// blanks before the end.
struct value {
	const char *buf;
	const struct line_index *index;
	uint32_t at, end;
};

static inline struct sip_slice value_slice(uint32_t at, uint32_t end)
{
	if (at == end)
		return (struct sip_slice){0, 0};
	return (struct sip_slice){.off = (uint16_t)at, .len = (uint16_t)(end - at)};
}

// From, To: name-addr and its parameters to the end of the value. Results go where they stay: a
// slice that is written by halves and copied as a whole waits for both stores.
bool value_party(const struct value *value, struct sip_slice *uri, struct sip_slice *tag,
		 bool *has_tag);
// The address alone; *rest is what follows its `>`.
bool value_address(const struct value *value, struct sip_slice *uri, uint32_t *rest);
// A sip:, sips: or tel: URI from `at` on; *end is the stop behind it.
bool value_uri(const struct value *value, uint32_t at, uint32_t *end);
// The first of a list. A branch of no length: none (RFC 2543).
bool value_via(const struct value *value, struct sip_slice *sent_by, struct sip_slice *branch);
bool value_cseq(const struct value *value, uint32_t *number, uint8_t *method);
bool value_call_id(const struct value *value, struct sip_slice *call_id);
// Decimal digits alone, up to nine of them.
bool value_number(const struct value *value, uint32_t *number);
bool value_session_expires(const struct value *value, uint32_t *seconds);
// Content-Type: whether it is application/sdp.
bool value_content_type(const struct value *value, bool *is_sdp);
// All of it, without the blanks behind it.
struct sip_slice value_text(const struct value *value);
