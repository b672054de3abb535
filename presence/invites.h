// SPDX-License-Identifier: Apache-2.0
// What only the INVITE knows and a call wants once it is answered: identities, Request-URI,
// User-Agent, source address, Replaces. A fixed piece of memory that overwrites its oldest INVITE,
// so that a flood of them costs nothing; losing one costs a hint of who is calling, never a call.
// Also keeps the 2xx that overtook its INVITE, until that one is here, and other messages that said
// where the media of a call go to before it was up. One thread: the worker's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sip/siphash.h"

struct call_event;
struct invites;

enum {
	// At about 550 octets each: the INVITEs of ten seconds at 5,000 calls a second.
	INVITES_BYTES = 32 << 20,
};

// NULL: no memory. bytes: of the arena; at least one event fits.
struct invites *invites_new(size_t bytes);
void invites_free(struct invites *invites);

// Copies the event; never allocates.
void invites_add(struct invites *invites, const struct call_event *event);

enum invites_match {
	INVITES_BRANCH, // same CSeq and topmost branch: this very request
	INVITES_CSEQ,   // same CSeq: on another hop
	INVITES_CALL,   // same Call-ID and From tag, which all of them must have
};

struct invites_query {
	struct siphash128 call_key;
	uint64_t from_tag;
	uint32_t cseq;
	uint32_t branch; // of 64 bits these: Call-ID, tag and CSeq are the same
	bool in_dialog;  // requests with a To tag
	bool response;   // kept 2xx instead of requests
	enum invites_match match;
};

// The newest that fits, or NULL. Valid until the next invites_add(). Behind text_bytes there is
// nothing to be read.
const struct call_event *invites_find(const struct invites *invites,
				      const struct invites_query *query);
// The newest message that `sender` sent to `peer`, or to nobody yet (tags), with a session
// description; cseq: of its transaction, 0: any. Or NULL, as above.
const struct call_event *invites_find_media(const struct invites *invites,
					    struct siphash128 call_key, uint64_t sender,
					    uint64_t peer, uint32_t cseq);
size_t invites_bytes(const struct invites *invites);
