// SPDX-License-Identifier: Apache-2.0
// Where our parsers and libosip2 read a message differently, and which section of the standard
// decides. tests/sip/test_osip_agree.c fails on a difference that is not here, and on a row that is
// no difference any more.
#pragma once

#include <stddef.h>

enum osip_difference_kind {
	OSIP_AGREES,
	OSIP_ACCEPTS, // and we reject
	OSIP_REJECTS, // and we accept
	OSIP_DIFFERS, // both accept; a field is not the same
};

struct osip_difference {
	const char *message; // of tests/corpus, or of the table in test_osip_agree.c
	enum osip_difference_kind kind;
	const char *section;
	const char *why;
};

extern const struct osip_difference osip_differences[];
extern const size_t osip_difference_count;
