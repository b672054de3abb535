// SPDX-License-Identifier: Apache-2.0
// Non-INVITE client transactions (RFC 3261 17.1.2). libosip2 has the state machine (machine.h); the
// table (by branch), the timers E, F and K and the sending are ours, because the library's lists
// are searched one by one and its clock can't be set.
#pragma once

#include "presence/registrar/token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer_wheel;
struct transaction;
struct transactions;

struct transaction_times {
	uint64_t t1_ns, t2_ns, t4_ns;
};

// One whole message, framed; borrowed.
struct transaction_response {
	const char *bytes;
	size_t len;
	uint16_t status;
	bool folded; // lines go on in the next (RFC 3261 7.3.1)
};

// owner: what transaction_start() was given. None is called from inside transaction_start() or
// transaction_abandon() but send().
struct transaction_events {
	// First or once more. 0 or -errno: then the transaction ends as if its transport broke.
	int (*send)(void *owner, const char *bytes, size_t len);
	// The one final response. With it, or with timeout(), the owner's pointer to the
	// transaction is dead.
	void (*answer)(void *owner, const struct transaction_response *response);
	// None came in time (timer F, or transaction_hurry()), or a repetition could not be sent.
	void (*timeout)(void *owner);
};

struct transactions *transactions_new(struct timer_wheel *wheel,
				      const struct transaction_times *times,
				      const struct transaction_events *events);
void transactions_free(struct transactions *transactions); // owners hear nothing
void transactions_times(struct transactions *transactions, const struct transaction_times *times);

struct transaction_start {
	char branch[TOKEN_BRANCH];
	const char *bytes; // what is sent, and over UDP sent again
	size_t len;
	bool reliable; // no repetitions; gone with its final response
};
// Sends. NULL and errno when it could not.
struct transaction *transaction_start(struct transactions *transactions,
				      const struct transaction_start *start, void *owner);
// Ends it without a word.
void transaction_abandon(struct transaction *transaction);
// No answer is to be expected for longer than this.
void transaction_hurry(struct transaction *transaction, uint64_t by_ns);

enum transaction_match {
	TRANSACTION_NONE,
	TRANSACTION_MATCHED,   // taken by a transaction, be it a repetition
	TRANSACTION_UNKNOWN,   // no such branch
	TRANSACTION_MALFORMED, // no response, or without Via branch or CSeq of its request
};
// One framed message from the registrar, by whatever way it came (RFC 3261 17.1.3: matched by
// branch and CSeq method).
enum transaction_match transaction_receive(struct transactions *transactions, const char *bytes,
					   size_t len);
