// SPDX-License-Identifier: Apache-2.0
// A PUBLISH request as octets (RFC 3903 4, RFC 3261 8.1.1), in the shape in which Mediant SBCs send
// it: Request-URI, To and From are the person; each request is an out-of-dialog transaction with a
// Call-ID and From tag of its own, which its repetitions (after a challenge, or at another server)
// keep while CSeq grows.
#pragma once

#include "presence/net/connection.h"
#include "presence/registrar/registrar.h"
#include "presence/registrar/token.h"

#include <stddef.h>
#include <stdint.h>

struct digest;
struct settings_registrar;
struct text;

enum {
	PUBLISH_BYTES = 8192, // no request is longer
	PUBLISH_SENT_BY = 56, // host:port
};

struct publish_identity {
	char call_id[TOKEN_BYTES];
	char from_tag[TOKEN_BYTES];
	uint32_t cseq;
};

struct publish_wire {
	const struct settings_registrar *settings;
	const struct publish_request *request;
	const struct publish_identity *identity;
	const char *branch;
	enum connection_kind kind;
	const char *sent_by;       // own address, for Via and Contact; publish_sent_by()
	const char *authorization; // header with its CR LF, or NULL
};

void publish_sent_by(const struct sockaddr_storage *address, char out[PUBLISH_SENT_BY]);
void publish_write(const struct publish_wire *wire, struct text *out);
// "john.doe" of "sip:john.doe@sfb.example": the user that Digest asks for.
void publish_user(const char *person, char *out, size_t size);
