// SPDX-License-Identifier: Apache-2.0
// Header field names -> enum, full and compact (RFC 3261 7.3.3 and 20, RFC 4028 x): only those that
// decide about a call and its parties. Names are compared without regard to case.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum header_name {
	HEADER_NONE, // any other
	HEADER_CALL_ID,
	HEADER_CSEQ,
	HEADER_FROM,
	HEADER_TO,
	HEADER_CONTENT_LENGTH,
	HEADER_MAX_FORWARDS,
	HEADER_ASSERTED_IDENTITY,
	HEADER_VIA,
	HEADER_CONTACT,
	HEADER_CONTENT_TYPE,
	HEADER_SESSION_EXPIRES,
	HEADER_REMOTE_PARTY,
	HEADER_CALLED_PARTY,
	HEADER_REPLACES,
	HEADER_USER_AGENT,
	HEADER_SERVER,
	HEADER_NAME_COUNT,
};

// Those that a message has at most one of (RFC 3261 table 2 and 7.3.1), as bits by header_name.
enum {
	HEADER_SINGLETONS = 1 << HEADER_CALL_ID | 1 << HEADER_CSEQ | 1 << HEADER_FROM |
			    1 << HEADER_TO | 1 << HEADER_CONTENT_LENGTH | 1 << HEADER_MAX_FORWARDS,
};

// Of a name alone, without LWS and colon; HEADER_NONE for all that is not in the table.
enum header_name header_lookup(const char *name, size_t len);
