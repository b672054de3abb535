// SPDX-License-Identifier: Apache-2.0
// One PUBLISH until its final answer: at the first target that works, answering challenges, and at
// the next address when one refuses connections or says 503 (RFC 3263 4.3), each time as a new
// transaction. A request that timed out is not repeated here: whoever asked for it knows better
// what is wanted by then.
#pragma once

#include "presence/registrar/publish.h"
#include "presence/registrar/registrar.h"
#include "presence/registrar/transaction.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct channel;
struct peer;
struct target;

enum { REQUEST_ADDRESSES = 4 }; // may refuse a request; the one after them is the last

struct request {
	struct request *next, **prev;
	struct registrar *registrar;
	void *ctx;
	struct channel *channel; // NULL: it has closed
	struct target *target;
	struct transaction *transaction;
	struct publish_identity identity;
	struct publish_request publish; // texts are behind this struct
	struct peer *tried[REQUEST_ADDRESSES];
	uint64_t sent_ns;
	uint8_t tried_count;
	uint8_t challenges; // of this target
	bool narrow;        // TCP was refused: stays on UDP whatever its size
	bool lost;          // its connection broke
	char texts[];
};

// 0; -errno: it could not be sent at all, and no answer will come.
int request_send(struct registrar *registrar, const struct publish_request *publish, void *ctx);
extern const struct transaction_events request_events;
void requests_channel_closed(struct registrar *registrar, struct channel *channel, bool was_open);
void requests_free(struct registrar *registrar); // nobody hears of it

// Between request.c (the way out) and request_answer.c (the way back).

// Writes and sends it as a new transaction, leaving UDP when it is too long for that. 0 or -errno.
int request_attempt(struct request *request, struct channel *channel);
// Sent to nobody, or refused by one that is too busy: another address may take it.
bool request_failover(struct request *request, struct peer *peer);
// Once more without a turn of its own: those who wait for theirs wait longer.
void request_charge(struct request *request);
// From the transaction: first or once more.
int request_transmit(void *owner, const char *bytes, size_t len);
void request_leave_channel(struct request *request);
// Frees it and tells the owner.
void request_finish(struct request *request, const struct publish_answer *answer);
