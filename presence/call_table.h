// SPDX-License-Identifier: Apache-2.0
// A call as the files of presence/calls.h see it among themselves, and the memory that calls live
// in: a slab, and a hash table by Call-ID. All dialogs of one Call-ID hang in one chain. One
// thread: the worker's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "presence/buckets.h"
#include "presence/calls.h"
#include "presence/net/timer_wheel.h"
#include "presence/slab.h"
#include "sip/siphash.h"

enum call_flag {
	CALL_ACKED = 1 << 0,      // ACK or another sign of life after the 2xx
	CALL_WAITS = 1 << 1,      // its INVITE may still come: nobody was told yet
	CALL_SETTLING = 1 << 2,   // its parties are being looked up
	CALL_SAW_ANSWER = 1 << 3, // a response to its INVITE was seen: not learned otherwise
	CALL_KEPT = 1 << 4,       // the store has it
	CALL_BYE_SEEN = 1 << 5,   // the fields of `bye` are set
	CALL_MEDIA_SEEN = 1 << 6, // media flowed where they flow to now
	CALL_ON_HOLD = 1 << 7,    // as the last offer and its answer say
};

// A person's part in a call, one of a list of all that the person has a part in. Named by the
// number of its call, with its role in the lowest bit.
struct call_party {
	uint32_t next, prev;   // 0: none
	struct person *person; // NULL: not mapped
};

// What is looked at to find a dialog stands in front. A million of these must stay under 400 MB
// with all that hangs on them: each member that is added costs a megabyte.
struct call {
	uint32_t hash_next;  // of the slab while it is free
	uint32_t generation; // 31 bits: which call it is in this place
	char *call_id;       // owned, for people; NULL: free
	struct siphash128 key;
	uint64_t tag[CALL_ROLES];
	struct timer timer;
	struct call_party party[CALL_ROLES];
	uint64_t start_ns;
	uint64_t session_ns; // deadline by the session timer; 0: none
	uint64_t changed_ns; // UP: the last sign of life; ENDING: the BYE; OVER: the end; EARLY:
			     // the last 1xx
	uint64_t media_ns;   // the last sign of its media, or since when there was to be one
	uint32_t media;      // the first claim on where they go to; 0: none
	uint32_t branch;     // of its 2xx, to find the INVITE
	uint32_t cseq[CALL_ROLES]; // highest of a request that was answered, each direction
	uint32_t invite_cseq;
	uint32_t address[2]; // hashes of the two ends; 0: not known
	uint32_t saved_s;    // deadline in the store, in s
	struct {
		uint32_t cseq, way; // way: hash of where it came from and went to
	} bye;
	uint8_t counts; // a bit for each role: in person->calls, one of all of its Call-ID
	uint8_t bye_role;
	uint8_t state;             // enum call_state
	uint8_t cause;             // enum person_cause: how it came up
	uint8_t end_cause;         // enum person_cause
	uint8_t flags;             // enum call_flag
	uint8_t order[CALL_ROLES]; // identities that were looked up so far
};

struct call_table {
	struct slab calls;
	uint32_t *bucket; // the first call of each chain; 0: none
	struct buckets buckets;
	size_t room; // buckets at most
	size_t count;
	size_t text_bytes;
};

// buckets for `calls` calls; more make the chains longer. The table stays where it is. 0 or
// -ENOMEM.
int call_table_init(struct call_table *table, uint64_t calls);
void call_table_fini(struct call_table *table);

// The dialog with these tags in either order; *role is whose tag the first one is. NULL: not there
// or over.
struct call *call_table_find(const struct call_table *table, struct siphash128 key, uint64_t tag,
			     uint64_t other_tag, enum call_role *role);
// The table that a call is in.
static inline struct call_table *call_table_of(const struct call *call)
{
	return (struct call_table *)((char *)slab_of(call) - offsetof(struct call_table, calls));
}

// All of one Call-ID: first, next.
struct call *call_table_first(const struct call_table *table, struct siphash128 key);
struct call *call_table_next(const struct call *call);
// A zeroed call with its key and text; NULL: no memory.
struct call *call_table_add(struct call_table *table, struct siphash128 key, const char *call_id,
			    size_t call_id_len);
void call_table_remove(struct call_table *table, struct call *call);
// Each call has a number of 31 bits, which is another one's once it is removed. 0: NULL.
static inline uint32_t call_table_number(const struct call *call)
{
	return slab_number(call, sizeof(*call));
}

static inline struct call *call_table_numbered(const struct call_table *table, uint32_t number)
{
	return number != 0 ? slab_at(&table->calls, number) : NULL;
}

// NULL: it is another one by now.
struct call *call_table_at(const struct call_table *table, uint32_t number, uint32_t generation);
void call_table_each(const struct call_table *table, void (*each)(void *ctx, struct call *call),
		     void *ctx);
size_t call_table_bytes(const struct call_table *table);
