// SPDX-License-Identifier: Apache-2.0
// One address of a target and the connections to it.
#pragma once

#include "presence/net/resolver.h"
#include "presence/registrar/channel.h"

#include <stdbool.h>
#include <stdint.h>

struct target;

struct peer {
	struct peer *next;
	struct target *target;
	struct resolver_address address;
	bool leaving; // no longer an address of the target; ends with its last request
	bool trial;   // has failed and not answered since: one request at a time, if others can
	unsigned int failures;
	uint64_t down_until_ns;
	uint64_t heard_ns;        // last response
	uint64_t opened_ns;       // last connection
	uint64_t wide_refused_ns; // until then nothing leaves UDP for TCP
	struct channel wide;      // TCP beside UDP, for long requests (RFC 3261 18.1.1)
	unsigned int channels;
	struct channel channel[];
};

struct peer *peer_new(struct target *target, const struct resolver_address *address);
void peer_free(struct peer *peer);
bool peer_is_up(const struct peer *peer, uint64_t now); // an address, and not resting
bool peer_is_open(const struct peer *peer);
unsigned int peer_requests(const struct peer *peer); // that wait for an answer
void peer_work(struct peer *peer);                   // opens what is closed
void peer_close_idle(struct peer *peer);
// may_wait: also one that is being opened. NULL: none.
struct channel *peer_channel(struct peer *peer, bool may_wait);
// TCP beside UDP; opened when need be. NULL: can't be had.
struct channel *peer_wide(struct peer *peer);
// Rests for least_ns or longer, unless there is no other address.
void peer_fail(struct peer *peer, uint64_t least_ns, const char *why);
void peer_heard(struct peer *peer);

static inline struct peer *channel_peer(const struct channel *channel)
{
	return channel->owner;
}
