// SPDX-License-Identifier: Apache-2.0
// HTTP Digest as SIP uses it (RFC 7616, RFC 3261 22.4, RFC 8760): a challenge is kept and answered
// ahead of time with a growing nonce count until the registrar asks anew. MD5 and SHA-256, with
// qop=auth or, for old servers, without.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

enum digest_algorithm { DIGEST_NONE, DIGEST_MD5, DIGEST_SHA_256 };

// Zeroed: none known.
struct digest {
	enum digest_algorithm algorithm;
	bool algorithm_named; // the challenge names it, so does the answer
	bool proxy;           // 407: Proxy-Authorization
	bool qop_auth;
	bool has_opaque;
	uint32_t count; // of uses of this nonce
	char realm[256];
	char nonce[512];
	char opaque[256];
};

// One parameter set of a challenge as it stands on the wire, quotes and all; NULL: absent.
struct digest_challenge {
	const char *realm, *nonce, *opaque, *algorithm, *qop, *stale;
	bool proxy;
};

// Takes the challenge over if it can be answered. 0; -ENOTSUP
// for an algorithm or qop we don't have; -EMSGSIZE for over-long or control-ridden values.
int digest_accept(struct digest *digest, const struct digest_challenge *challenge);
bool digest_is_stale(const struct digest_challenge *challenge);

// Appends the header with its CR LF and uses the nonce once. cnonce: fresh and random.
int digest_answer(struct digest *digest, const char *method, const char *uri, const char *user,
		  const char *password, const char *cnonce, struct text *out);
