// SPDX-License-Identifier: Apache-2.0
// What a final response to a PUBLISH says, bounded and checked field by field (RFC 3903 11.3,
// RFC 3261 20): the registrar may be anybody.
#pragma once

#include "presence/registrar/registrar.h"

#include <stdbool.h>

struct digest;
struct transaction_response;

enum {
	RESPONSE_TAG_BYTES = 256, // SIP-ETag of at most 255 octets
	RESPONSE_TEXT_BYTES = 160,
};

struct response {
	struct publish_answer answer; // points into this
	char etag[RESPONSE_TAG_BYTES];
	char text[RESPONSE_TEXT_BYTES];
};

// asked_s: what a 2xx without a usable Expires grants.
void response_read(const struct transaction_response *from, uint32_t asked_s, struct response *out);
// The two ways of it. A 2xx as registrars usually write it, without libosip2; false: something in
// it is unusual. And any response; -EBADMSG: libosip2 can't read it, there is but a status.
bool response_read_usual(const struct transaction_response *from, uint32_t asked_s,
			 struct response *out);
int response_read_any(const struct transaction_response *from, uint32_t asked_s,
		      struct response *out);

// 401 and 407: takes over the strongest challenge that can be answered. False: there is none.
// *stale: the registrar says that only the nonce was too old.
bool response_challenge(const struct transaction_response *from, struct digest *digest,
			bool *stale);
