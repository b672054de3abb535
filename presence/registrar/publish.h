// SPDX-License-Identifier: Apache-2.0
// A PUBLISH request as octets (RFC 3903 4, RFC 3261 8.1.1), in the shape in which Mediant SBCs send
// it: Request-URI, To and From are the person; each request is an out-of-dialog transaction with a
// Call-ID and From tag of its own, which its repetitions (after a challenge, or at another server)
// keep while CSeq grows.
#pragma once

#include "presence/net/connection.h"
#include "presence/registrar/registrar.h"

#include <stddef.h>
#include <stdint.h>

struct digest;
struct settings_registrar;
struct text;

enum {
	PUBLISH_BYTES = 8192,               // no request is longer
	PUBLISH_TOKEN = 33,                 // 128 random bits in hex and a NUL
	PUBLISH_BRANCH = 7 + PUBLISH_TOKEN, // behind the magic cookie (RFC 3261 8.1.1.7)
};

struct publish_identity {
	char call_id[PUBLISH_TOKEN];
	char from_tag[PUBLISH_TOKEN];
	uint32_t cseq;
};

struct publish_wire {
	const struct settings_registrar *settings;
	const struct publish_request *request;
	const struct publish_identity *identity;
	const char *branch;
	enum connection_kind kind;
	const struct sockaddr_storage *sent_by; // own address, for Via and Contact
	const char *authorization;              // header with its CR LF, or NULL
};

// Random words from the kernel; what guesses them could answer for the registrar.
void publish_token(char out[PUBLISH_TOKEN]);
void publish_branch(char out[PUBLISH_BRANCH]);

void publish_write(const struct publish_wire *wire, struct text *out);
// "john.doe" of "sip:john.doe@sfb.example": the user that Digest asks for.
void publish_user(const char *person, char *out, size_t size);
