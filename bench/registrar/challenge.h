// SPDX-License-Identifier: Apache-2.0
// Digest, the server's side (RFC 3261 22, RFC 8760): one password for all users, one nonce at a
// time, qop=auth.
#pragma once

#include "bench/registrar/message.h"

#include <stdbool.h>
#include <stddef.h>

enum { CHALLENGE_NONCE = 33 };

struct challenge {
	const char *password; // NULL: nobody is asked
	const char *realm;
	bool sha256;         // else MD5
	uint64_t nonce_uses; // after so many it is stale; 0: never
	uint64_t used, serial;
	char nonce[CHALLENGE_NONCE];
};

enum challenge_result { CHALLENGE_GOOD, CHALLENGE_ASKED, CHALLENGE_STALE, CHALLENGE_WRONG };

void challenge_begin(struct challenge *challenge, uint64_t seed);
enum challenge_result challenge_check(struct challenge *challenge, const struct message *message);
// The WWW-Authenticate header, with its line end. Returns its length.
size_t challenge_write(const struct challenge *challenge, bool stale, char *out, size_t size);
