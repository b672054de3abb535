// SPDX-License-Identifier: Apache-2.0
// sip:, sips: and tel: URIs taken apart (RFC 3261 19.1, RFC 3966): who, and where.
#pragma once

#include "sip/slice.h"

enum sip_scheme {
	SIP_SCHEME_NONE,
	SIP_SCHEME_SIP,
	SIP_SCHEME_SIPS,
	SIP_SCHEME_TEL,
	SIP_SCHEME_OTHER
};

struct sip_uri {
	enum sip_scheme scheme;
	struct sip_slice user; // before @, without a password; of tel: the number, parameters cut
	struct sip_slice host; // IPv6 with its brackets
	uint16_t port;         // 0: none given
	struct sip_slice parameters; // behind the first `;` of the host part, without it
};

// Offsets are relative to text. 0, or -EINVAL when it is no URI of a known form.
int sip_uri_parse(const char *text, size_t len, struct sip_uri *uri);
// The same, octet by octet: what the usual way is tested against.
int sip_uri_parse_reference(const char *text, size_t len, struct sip_uri *uri);

// User and host alone of a URI that a message parser delivered; of any other than a right sip: or
// sips: one both are empty.
void sip_uri_split(const char *text, size_t len, struct sip_slice *user, struct sip_slice *host);

// Undoes %HH in a user part and drops the visual separators of a telephone number (RFC 3966 5.1.1)
// when `number`. Writes at most size - 1 octets and a NUL; -ENOSPC if it does not fit, -EINVAL for
// a bad escape or one that hides a control character.
int sip_uri_user_text(const char *user, size_t len, bool number, char *out, size_t size);
