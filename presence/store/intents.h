// SPDX-License-Identifier: Apache-2.0
// Whose publication is about to exist, in a mapped file of the state directory: written by plain
// stores before an initial PUBLISH leaves, and dropped once the store has the record. What is in it
// survives the death of all our processes, as the page cache does; a power cut may take it, as it
// takes the last second of an append-only file. Filled by presence/store/store_intent.c. One
// thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "presence/store/store.h"

struct intents;

enum {
	INTENT_NONE, // no slot
	// Slots are in use for the time that a record takes to the store, some milliseconds; while
	// the store is away, until it is back.
	INTENTS_MOST = 16384,
};

// Creates or takes over `dir`/intents-`name`, for this process alone. NULL and errno; EWOULDBLOCK:
// another process has it.
struct intents *intents_open(const char *dir, const char *name);
void intents_close(struct intents *intents); // what is in it stays for the next

// The slot, valid from now on until dropped; INTENT_NONE: all are in use, or the name is too long.
uint16_t intents_put(struct intents *intents, const char *person, uint64_t expires_wall_ns);
void intents_drop(struct intents *intents, uint16_t slot);

// What an earlier process has left, one after the other; INTENT_NONE: no more. A slot stays in use
// until it is dropped.
uint16_t intents_take_found(struct intents *intents, char person[STORE_TEXT],
			    uint64_t *expires_wall_ns);
