// SPDX-License-Identifier: Apache-2.0
// The contract of all parsers that are measured: what each of them has to find in a message. As
// values that are cheap to fill in for anybody, and as text that can be compared. Knows no parser;
// their headers and ours need not agree, so each parser is a file of its own (parsers.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FIELDS_BYTES = 16384 };

struct text {
	const char *at; // NULL: not there
	size_t len;     // SIZE_MAX: at is a terminated string
};

// Valid until the parser's release(), and as long as the message's bytes.
struct fields {
	unsigned int status; // 0: a request
	uint32_t cseq;
	struct text method; // of a request line
	struct text cseq_method;
	struct text call_id, call_id_host; // the second: of a parser that splits at the `@`
	struct text from_tag, to_tag;
	struct text branch; // of the topmost Via
	struct text from_user, from_host;
	struct text to_user, to_host; // of sip: and sips: URIs
};

// A terminated string: nobody pays for its length in time that is measured.
static inline struct text text_of(const char *string)
{
	return (struct text){string, string != NULL ? SIZE_MAX : 0};
}

// One line a field, the same for the same fields however a parser hands them over: methods that
// sip/msg.h doesn't name are "other", IPv6 hosts have no brackets.
void fields_write(const struct fields *fields, char out[FIELDS_BYTES]);
