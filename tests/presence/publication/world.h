// SPDX-License-Identifier: Apache-2.0
// A world around presence/publication.c without sockets and without time: persons, a registrar and
// a store that do what the test says, on a clock that the test moves.
#pragma once

#include "config/clock.h"
#include "config/settings.h"
#include "presence/person.h"
#include "presence/publication.h"
#include "presence/registrar/registrar.h"
#include "presence/store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOHN "sip:john@x"
#define S    NS_PER_S
#define MS   NS_PER_MS

enum { WORLD_SENT = 4096, WORLD_PERSONS = 64 };

struct world_request {
	enum publish_kind kind;
	char person[128];
	char etag[256]; // empty: none
	uint32_t expires_s;
	uint64_t at_ns;
	void *ctx;
	bool open; // not answered yet
};

struct world_record {
	struct store_publication record;
	bool there;
	unsigned int saves;
};

struct world {
	struct loop *loop;
	struct settings settings;
	struct publications *publications;
	struct person *person[WORLD_PERSONS];
	// registrar
	struct publish_turn *queue[WORLD_PERSONS];
	size_t queued;
	bool hold_turns; // turns wait for world_turns()
	int send_error;  // what registrar_send() returns
	struct world_request sent[WORLD_SENT];
	size_t sent_count;
	// called instead of waiting for world_answer(), right after a request has left
	void (*on_send)(struct world *world, struct world_request *request);
	// store
	struct world_record store[WORLD_PERSONS];
	bool store_away; // saves are answered by patience only
	bool intents;    // what is about to be published is written down at once
	struct {
		store_saved_fn *saved;
		void *ctx;
		uint64_t due_ns;
	} waiter[WORLD_PERSONS];
	size_t waiters;
};

extern struct world world;

void world_start(bool loaded); // at 1000 s, with the settings' defaults
// John is on the phone, and published with tag "a" for 600 s.
void world_start_published(void);
void world_stop(void);      // fails when something was not freed
void world_go(uint64_t ns); // time passes, timers fire in order
void world_turns(void);     // everybody who waits has his turn

// Read back from the store, where it was: as wanted, with the tag for so long.
void world_restore(const char *person, const char *etag, uint64_t left_ns);
void world_restore_record(const struct store_publication *record);
void world_busy(const char *person, bool busy); // answered or hung up
void world_change(const char *person, bool busy, enum person_cause cause);
struct person *world_person(const char *name);
struct world_record *world_stored(const char *person);
// The request that is open for a person; NULL: none.
struct world_request *world_open(const char *person);
struct world_request *world_last(void);
size_t world_count(enum publish_kind kind);
const char *world_state(const char *person);

// So many in all, the last one like this.
void world_assert_sent(size_t count, enum publish_kind kind, const char *etag);

void world_answer(struct world_request *request, const struct publish_answer *answer);
// Short forms, for the open request of JOHN.
void world_ok(const char *etag, uint32_t expires_s);
void world_refuse(uint16_t status);
void world_fail(enum publish_outcome outcome);
