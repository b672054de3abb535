// SPDX-License-Identifier: Apache-2.0
// Which SIP messages a capture is about. Written by the main thread while no poll core looks, then
// read by all; what they find out about calls they share.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/capture_box.h"
#include "sip/msg.h"
#include "sip/siphash.h"

enum {
	CAPTURE_CALLS = 4096, // remembered of a user; a power of two
	CAPTURE_TEXTS = 128,
};

// Calls in which the user was named, by the hash of their Call-ID. A later one may take the place
// of an earlier one, whose messages match by what they say then.
struct capture_calls {
	uint64_t hash[CAPTURE_CALLS]; // poll cores: rw, relaxed; main thread: cleared in between
};

struct capture_filter {
	uint8_t kind; // enum capture_kind
	unsigned int texts;
	struct {
		const char *text; // in bytes
		size_t len;
		bool number; // digits only
	} text[CAPTURE_TEXTS];
	char bytes[CAPTURE_TEXT_BYTES];
	struct capture_calls *calls;
	struct siphash_key key;
};

void capture_filter_set(struct capture_filter *filter, const struct capture_request *request,
			struct capture_calls *calls, const struct siphash_key *key);

// The len octets at text, which look like SIP; reject, msg: what the parser said of them.
bool capture_filter_wants(const struct capture_filter *filter, const char *text, size_t len,
			  enum sip_reject reject, const struct sip_msg *msg);
