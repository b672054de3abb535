// SPDX-License-Identifier: Apache-2.0
// Header field values by the grammar, for the reference parser: octet by octet, white space and
// folding wherever RFC 3261 25.1 allows LWS. Written apart from value.c on purpose; tests hold the
// two to the same results. Private to sip/.
#pragma once

#include "sip/slice.h"

// What is left of a value. A CR or LF in it is part of a fold: framing has seen to that.
struct ref_cursor {
	const char *at;
	const char *end;
};

struct ref_text {
	const char *at;
	const char *end;
};

struct ref_party {
	struct ref_text uri;
	struct ref_text tag;
	bool has_tag;
};

struct ref_via {
	struct ref_text sent_by;
	struct ref_text branch;
};

// Where the text lies in buf; at 0 when it is empty.
struct sip_slice ref_slice(const char *buf, struct ref_text text);
bool ref_is_token_char(char c);

// Without the LWS around it.
struct ref_cursor ref_trim(struct ref_cursor value);
// name-addr or addr-spec (RFC 3261 20.10); the cursor moves behind it.
bool ref_address(struct ref_cursor *value, struct ref_text *uri);
// Behind the parameters of a list's value and its comma. False: that was the last one.
bool ref_next(struct ref_cursor *value);
bool ref_party(struct ref_cursor value, struct ref_party *party);
// The first of a list; what is behind its branch is not looked at.
bool ref_via(struct ref_cursor value, struct ref_via *via);
bool ref_cseq(struct ref_cursor value, uint32_t *number, struct ref_text *method);
bool ref_call_id(struct ref_cursor value);
// Digits alone, not above max.
bool ref_number(struct ref_cursor value, uint64_t max, uint64_t *number);
// delta-seconds and parameters.
bool ref_seconds(struct ref_cursor value, uint32_t *seconds);
bool ref_is_sdp(struct ref_cursor value);
// absoluteURI as far as it matters here: a scheme and something visible behind it.
bool ref_is_uri(struct ref_text text);
