// SPDX-License-Identifier: Apache-2.0
// What the files of publications share: publication.c (what is sent, and when),
// publication_state.c (what is known of one), publication_answer.c (what an answer means),
// publication_record.c (what the store has of one) and publications.c (all of them, start and
// stop). Nobody else includes this.
#pragma once

#include "presence/net/timer_wheel.h"
#include "presence/publication.h"
#include "presence/registrar/registrar.h"
#include "presence/store/store.h"

enum publication_phase {
	PHASE_IDLE,
	PHASE_QUEUED, // waits for its turn at the registrar
	PHASE_INTENT, // has its turn; the store writes down that a PUBLISH is about to leave
	PHASE_SENT,   // one request is open: nothing else may be sent (RFC 3903 4)
};

// Under 300 bytes with a tag of usual length: there is one for each person on the phone.
struct publication {
	struct timer timer; // the next thing to do, whatever it is
	struct publish_turn turn;
	struct publication *next, **prev; // all of them
	struct publications *all;
	struct person *person;
	char *etag;       // what is published; NULL: nothing we could name
	char *stale_etag; // found in the store after something newer was published; to be removed
	char *last_error;
	uint64_t expires_ns;     // of etag, or of an `unnamed` publication
	uint64_t refresh_ns;     // when to refresh it, or to publish an unnamed one anew
	uint64_t stale_until_ns; // of stale_etag
	uint64_t not_before_ns;  // back-off
	uint64_t suspended_ns;   // until then nothing is sent
	uint64_t orphan_ns;      // until then something nobody can name may be published
	uint64_t uncertain_ns;   // a request with a tag got no answer: its effect ends by then
	uint64_t event_ns;       // when the wire showed what is not sent yet; 0: nothing
	uint64_t sent_event_ns;  // the same of what is sent and has no 2xx yet
	uint64_t sent_ns;
	uint32_t ask_s;  // lifetime that a 423 wanted at least; 0: none did
	uint32_t sent_s; // lifetime asked for by the request that is open
	uint16_t last_status;
	uint8_t phase;    // enum publication_phase
	uint8_t kind;     // enum publish_kind of the request that is queued or open
	uint8_t failures; // in a row: back-off
	uint8_t refusals; // 412 in a row
	uint8_t briefs;   // 423 in a row
	bool desired;
	bool unnamed;   // published by a 2xx that gave no usable tag
	bool modify;    // the stored tag is to be tried with a body (RFC 3903 4.2), after a restart
	bool stale;     // the request that is open removes stale_etag
	bool unsent;    // waits because no registrar could be reached
	bool orphaned;  // counted in publications.orphans
	bool suspended; // counted in publications.suspended
};

struct publications {
	struct loop *loop;
	struct timer_wheel *wheel;
	struct persons *persons;
	const struct settings *settings;
	struct registrar *registrar;
	struct store *store;
	struct journal *journal;
	struct publication *first;
	struct timer patience; // for the store to be read at start
	uint64_t random;
	size_t orphans, suspended;
	bool loaded; // requests may leave
	bool read;   // the store, to its end
	bool stopping;
};

// publication.c
extern const char *const publication_kind_names[PUBLISH_KIND_COUNT];
// Desired against published against in flight: does the one next thing, or sets the timer for it.
// Never frees it.
void publication_reconcile(struct publication *publication);

// publication_state.c
struct publication *publication_new(struct publications *publications, struct person *person);
void publication_free(struct publication *publication);
// Drops what has run out by itself.
void publication_age(struct publication *publication, uint64_t now);
// When something next does; UINT64_MAX: nothing.
uint64_t publication_ends(const struct publication *publication);
// The lifetime that the next request asks for.
uint32_t publication_asks_s(const struct publication *publication);
void publication_forget_tag(struct publication *publication);
// The same, but the registrar may know another one.
void publication_lose_tag(struct publication *publication);
void publication_set_orphan(struct publication *publication, uint64_t until_ns);
void publication_set_suspended(struct publication *publication, uint64_t until_ns);
// 0 <= result < range, for jitter.
uint64_t publication_random(struct publications *publications, uint64_t range);

// publication_record.c
// Published as it is now, or nothing: written behind.
void publication_save(struct publication *publication);
// An initial PUBLISH is about to leave. true: it may; false: `saved` says when, with the
// publication.
bool publication_intend(struct publication *publication, store_saved_fn *saved);
