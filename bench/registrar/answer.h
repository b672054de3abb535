// SPDX-License-Identifier: Apache-2.0
// Writes answers in the shape of a Skype for Business front end: From, To, Call-ID, CSeq and Via in
// this order, the Via with where the request really came from, an opaque SIP-ETag.
#pragma once

#include "bench/registrar/compositor.h"
#include "bench/registrar/message.h"

#include <sys/socket.h>

// Where a request came from.
struct origin {
	const char *transport; // as in Via: "UDP", "TCP", "TLS"
	bool stream;
	uint32_t connection;
	char host[64]; // numeric
	uint16_t port;
};

struct answer {
	const struct message *message;
	const struct origin *origin;
	const struct verdict *verdict;
	uint32_t epoch;
	const char *reason; // NULL: the usual one
	const char *events;
	const char *headers; // more of them, with their line ends; NULL: none
};

enum { ANSWER_BYTES = 4096 };

// Its length; 0: it does not fit.
size_t answer_write(const struct answer *answer, char *out, size_t size);
