// SPDX-License-Identifier: Apache-2.0
// All dialogs that are up, by Call-ID and tags, with their deadlines. Follows the table of
// sip/call.c; finds out who the parties are (presence/identity.c) and tells their persons.
// One thread: the worker's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "presence/person.h"
#include "sip/call.h"
#include "sip/siphash.h"

struct call_event;
struct directory;
struct known_calls;
struct media_table;
struct settings;
struct store;
struct store_call;
struct timer_wheel;
struct calls;

enum call_role { CALL_CALLER, CALL_CALLEE, CALL_ROLES };

struct calls_options {
	const struct settings *settings; // borrowed; calls_settings() replaces it
	struct timer_wheel *wheel;
	struct directory *directory;
	struct persons *persons;
	struct store *store;       // NULL: nothing is kept (replay)
	struct known_calls *known; // told of calls that come from the store; NULL: nobody asks
	// NULL: media are not followed. Emptied, and then nobody else's to write to.
	struct media_table *media;
	const struct siphash_key *media_key; // of its hashes
};

struct calls *calls_new(const struct calls_options *options);
void calls_free(struct calls *calls); // no events, no store writes
void calls_settings(struct calls *calls, const struct settings *settings);

// The straight way: one event from a poll core. Never fails; limits are counters.
void calls_apply(struct calls *calls, const struct call_event *event);
// A call read back from the store.
void calls_restore(struct calls *calls, const struct store_call *record);
// Whether the wire looks at all its ports: nothing is heard of media while it doesn't.
void calls_sight(struct calls *calls, bool sees);
// The store has lost records: saves again what makes somebody busy.
void calls_reassert(struct calls *calls);
// Ends all calls of a person because the operator says so. Number of calls ended.
unsigned int calls_clear(struct calls *calls, struct person *person);

// For people: offhookctl calls, explain.
struct call_view {
	const char *call_id;
	const char *caller, *callee; // addresses of record or NULL
	enum call_state state;
	uint64_t start_ns, deadline_ns; // monotonic; deadline 0: none
	const char *deadline_why; // "session timer", "maximum age", "no ACK", "BYE unanswered"
	enum person_cause cause;  // how it came up
	bool has_media;           // it is known where its media go to
	bool on_hold;
	uint64_t media_ns; // when media were last seen there; 0: not yet
};
void calls_each(struct calls *calls, void (*each)(void *ctx, const struct call_view *call),
		void *ctx);
// The calls of one person.
void calls_of_person(struct calls *calls, const struct person *person,
		     void (*each)(void *ctx, const struct call_view *call), void *ctx);

struct calls_totals {
	uint64_t attempts;  // INVITEs without a To tag, retransmissions not counted twice in a row
	uint64_t confirmed; // dialogs that came up by a 2xx
	uint64_t learned;
	size_t up;
	size_t bytes; // memory of the table and its calls
};
void calls_totals(const struct calls *calls, struct calls_totals *totals);
