// SPDX-License-Identifier: Apache-2.0
// Header field values in the forms that nearly every message uses, for the fast parser (RFC 3261
// 20, RFC 3325, RFC 4028). Each function returns false for anything else: that doesn't make the
// value wrong, it makes it work for the reference parser, which alone decides. Private to sip/.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// A value without the white space around it, on one line.
struct value {
	const char *at;
	const char *end;
	const char *limit; // end of the message's bytes: how far a block load may reach
};

struct text {
	const char *at;
	uint32_t len;
};

struct value_party {
	struct text uri;
	struct text tag;
	bool has_tag;
};

struct value_via {
	struct text sent_by;
	struct text branch; // len 0: none (RFC 2543)
};

// Cuts SP and HTAB off both ends.
struct value value_trim(const char *at, const char *end, const char *limit);

// From, To: name-addr and its parameters to the end of the value.
bool value_party(struct value value, struct value_party *party);
// The address alone; *rest is what follows its `>`.
bool value_address(struct value value, struct text *uri, const char **rest);
// The first of a list.
bool value_via(struct value value, struct value_via *via);
bool value_cseq(struct value value, uint32_t *number, uint8_t *method);
bool value_call_id(struct value value);
// Decimal digits alone, up to nine of them.
bool value_number(struct value value, uint32_t *number);
bool value_session_expires(struct value value, uint32_t *seconds);
// Content-Type: whether it is application/sdp.
bool value_content_type(struct value value, bool *is_sdp);
// sip:, sips: or tel: and something behind it.
bool value_is_known_uri(const char *at, const char *end);
