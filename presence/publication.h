// SPDX-License-Identifier: Apache-2.0
// One person's publication at the registrar: what is desired, what is published (entity-tag and
// expiry) and what is in flight. publication_reconcile() compares and sends at most one PUBLISH;
// the answer runs it again. Nothing is queued, so nothing stale is ever sent (RFC 3903 4: one
// outstanding request for each Request-URI).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "presence/person.h"

struct journal;
struct loop;
struct registrar;
struct secrets;
struct settings;
struct store;
struct store_publication;
struct publications;

struct publications *publications_new(struct loop *loop, struct persons *persons,
				      const struct settings *settings);
void publications_free(struct publications *publications);
// The registrar and the store are made after, because they report to this one.
// journal: notes what was sent and answered for each person; NULL: nobody keeps notes.
void publications_attach(struct publications *publications, struct registrar *registrar,
			 struct store *store, struct journal *journal);
void publications_settings(struct publications *publications, const struct settings *settings);

// The person's presence changed (from person_sink).
void publication_change(struct publications *publications, const struct person_change *change);
// Read back from the store at start; reconciled, paced, after publications_loaded().
void publication_restore(struct publications *publications, const struct store_publication *record);
void publication_restore_intent(struct publications *publications, const char *person,
				uint64_t expires_wall_ns);
void publications_loaded(struct publications *publications);
// A record of the store has been read, whatever of: its patience begins anew.
void publications_reading(struct publications *publications);
// The store has lost what it had (store_events.reassert): everything is saved once more.
void publications_reassert(struct publications *publications);
// Engine stops: desired is nobody. Done when publications_settled() or at the caller's time-out.
void publications_remove_all(struct publications *publications);
bool publications_settled(const struct publications *publications);
// offhookctl clear: forget suspension and back-off, remove or publish anew at once.
void publication_clear(struct publications *publications, struct person *person);

// For people: offhookctl persons, explain.
struct publication_view {
	bool desired;
	const char *state;     // "none", "published", "suspended", "waiting", "orphan"
	const char *in_flight; // "initial", "refresh", ... or NULL
	const char *etag;      // or NULL
	uint64_t expires_ns, next_ns, suspended_until_ns, orphan_until_ns; // monotonic; 0: none
	uint16_t last_status;
	const char *last_error; // or NULL
};
void publication_view(const struct person *person, struct publication_view *view);

// From registrar_events.
struct publish_turn;
struct publish_answer;
void publication_turn(void *publications, struct publish_turn *turn);
void publication_answer(void *publications, void *request_ctx, const struct publish_answer *answer);
void publication_reachable(void *publications);
