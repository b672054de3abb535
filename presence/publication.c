// SPDX-License-Identifier: Apache-2.0
// Desired against published against in flight, for each person (RFC 3903 4): publication_next()
// says what the one next request is and from when on it may leave, publication_reconcile() does it
// or sets the timer. Changes come from presence/person.c, turns and answers from
// presence/registrar/; what must survive a crash goes to presence/store/ by
// publication_record.c. What is known of it: publication_state.c; what an answer means:
// publication_answer.c.
#include "presence/publication.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/settings.h"
#include "presence/journal.h"
#include "presence/net/loop.h"
#include "presence/person.h"
#include "presence/publication_state.h"

#include <string.h>

METRIC_COUNTER(sent_initial, "offhook_publish_sent", "kind=\"initial\"", "PUBLISH requests sent");
METRIC_COUNTER(sent_refresh, "offhook_publish_sent", "kind=\"refresh\"", "PUBLISH requests sent");
METRIC_COUNTER(sent_modify, "offhook_publish_sent", "kind=\"modify\"", "PUBLISH requests sent");
METRIC_COUNTER(sent_remove, "offhook_publish_sent", "kind=\"remove\"", "PUBLISH requests sent");
METRIC_COUNTER(unsent, "offhook_publish_unsent", NULL,
	       "PUBLISH requests that could not be handed to a connection");
METRIC_HISTOGRAM(event_to_publish, "offhook_event_to_publish_seconds", NULL,
		 "From the message on the wire to the PUBLISH it caused");

const char *const publication_kind_names[PUBLISH_KIND_COUNT] = {
	[PUBLISH_REMOVE] = "remove",
	[PUBLISH_INITIAL] = "initial",
	[PUBLISH_MODIFY] = "modify",
	[PUBLISH_REFRESH] = "refresh",
};

static struct metric *const sent_metrics[PUBLISH_KIND_COUNT] = {
	[PUBLISH_REMOVE] = &sent_remove,
	[PUBLISH_INITIAL] = &sent_initial,
	[PUBLISH_MODIFY] = &sent_modify,
	[PUBLISH_REFRESH] = &sent_refresh,
};

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

// The one request that leads from what is published to what is desired, and from when on.
static enum publish_kind publication_next(const struct publication *publication, uint64_t *at_ns)
{
	uint64_t from = later(publication->not_before_ns, publication->suspended_ns);

	*at_ns = from;
	if (publication->stale_etag)
		return PUBLISH_REMOVE;
	// What was read back is taken back only when all calls are: one of them may be its reason.
	if (!publication->desired)
		return publication->etag && (!publication->modify || publication->all->read)
			       ? PUBLISH_REMOVE
			       : PUBLISH_NONE;
	if (publication->etag && publication->modify)
		return PUBLISH_MODIFY;
	if (publication->etag) {
		*at_ns = later(from, publication->refresh_ns);
		return PUBLISH_REFRESH;
	}
	if (publication->unnamed)
		*at_ns = later(from, publication->refresh_ns);
	return PUBLISH_INITIAL;
}

static void publication_due(struct timer *timer);

static void publication_wait(struct publication *publication, uint64_t until_ns)
{
	if (until_ns == UINT64_MAX)
		timer_cancel(publication->all->wheel, &publication->timer);
	else
		timer_set(publication->all->wheel, &publication->timer, until_ns, publication_due);
}

void publication_reconcile(struct publication *publication)
{
	struct publications *all = publication->all;
	uint64_t now = clock_mono_ns(), at, ends;
	enum publish_kind kind;

	publication_age(publication, now);
	if (publication->phase == PHASE_SENT || publication->phase == PHASE_INTENT)
		return;
	kind = publication_next(publication, &at);
	if (all->loaded && kind && at <= now) {
		publication_wait(publication, publication_ends(publication));
		publication->phase = PHASE_QUEUED;
		publication->kind = kind;
		registrar_ask(all->registrar, &publication->turn, kind); // may be our turn at once
		return;
	}
	if (publication->phase == PHASE_QUEUED)
		registrar_cancel(all->registrar, &publication->turn);
	publication->phase = PHASE_IDLE;
	publication->kind = PUBLISH_NONE;
	if (!all->loaded)
		return; // publications_loaded() comes back to it
	ends = publication_ends(publication);
	if (!kind || ends < at)
		at = ends;
	// Nothing left: it ends from the loop, because whoever called may still hold the person.
	publication_wait(publication, at == UINT64_MAX ? now : at);
}

static bool publication_is_over(const struct publication *publication)
{
	return !publication->desired && publication->phase == PHASE_IDLE &&
	       publication_ends(publication) == UINT64_MAX;
}

static void publication_due(struct timer *timer)
{
	struct publication *publication = (struct publication *)timer;
	struct persons *persons = publication->all->persons;
	struct person *person = publication->person;

	publication_age(publication, clock_mono_ns());
	if (!publication_is_over(publication)) {
		publication_reconcile(publication);
		return;
	}
	publication_free(publication);
	person_release(persons, person);
}

// One request leaves.
static void publication_send(struct publication *publication)
{
	struct publications *all = publication->all;
	enum publish_kind kind = (enum publish_kind)publication->kind;
	uint64_t now = clock_mono_ns(), after_ns = 0;
	struct publish_request request = {
		.kind = kind,
		.person = publication->person->aor,
		.display = publication->person->display,
		.busy = true,
	};
	int error;

	publication->stale = kind == PUBLISH_REMOVE && publication->stale_etag;
	if (kind != PUBLISH_INITIAL)
		request.etag = publication->stale ? publication->stale_etag : publication->etag;
	if (kind != PUBLISH_REMOVE)
		request.expires_s = publication_asks_s(publication);
	publication->sent_ns = now;
	publication->sent_s = request.expires_s;
	publication->phase = PHASE_SENT;
	error = registrar_send(all->registrar, &request, publication);
	if (error) {
		struct publish_answer answer = {.outcome = PUBLISH_UNSENT};

		metric_add(&unsent, 1);
		answer.diagnostics = strerror(-error);
		publication_answer(all, publication, &answer);
		return;
	}
	metric_add(sent_metrics[kind], 1);
	if (publication->event_ns && !publication->stale) {
		after_ns = now > publication->event_ns ? now - publication->event_ns : 0;
		metric_observe(&event_to_publish, after_ns);
		publication->sent_event_ns = publication->event_ns;
		publication->event_ns = 0;
	}
	journal_note(all->journal, request.person, "PUBLISH %s sent, %u s",
		     publication_kind_names[kind], request.expires_s);
	log_debug("publish", "sent", "person=%s kind=%s expires=%u after_us=%lu",
		  log_quote(request.person), publication_kind_names[kind], request.expires_s,
		  (unsigned long)(after_ns / NS_PER_US));
}

// The store has the intent, or was not patient with us: memory is the truth.
static void publication_intent_saved(void *ctx, bool stored)
{
	struct publication *publication = ctx;
	uint64_t at;

	publication->phase = PHASE_IDLE;
	if (publication_next(publication, &at) != PUBLISH_INITIAL || at > clock_mono_ns()) {
		publication_save(publication); // the call has ended in between
		publication_reconcile(publication);
		return;
	}
	publication_send(publication);
}

void publication_turn(void *ctx, struct publish_turn *turn)
{
	struct publication *publication =
		(struct publication *)((char *)turn - offsetof(struct publication, turn));
	uint64_t now = clock_mono_ns(), at;
	enum publish_kind kind;

	publication->phase = PHASE_IDLE;
	publication_age(publication, now);
	kind = publication_next(publication, &at);
	if (!kind || at > now) {
		publication_reconcile(publication);
		return;
	}
	publication->kind = (uint8_t)kind;
	publication_wait(publication, UINT64_MAX);
	if (kind != PUBLISH_INITIAL) {
		publication_send(publication);
		return;
	}
	// The registrar may know of it before we know its tag: write down that it may exist.
	publication->phase = PHASE_INTENT;
	if (publication_intend(publication, publication_intent_saved))
		publication_send(publication);
}

void publication_change(struct publications *publications, const struct person_change *change)
{
	struct publication *publication = change->person->publication;
	bool desired = change->busy && !publications->stopping;

	if (!publication) {
		if (!desired)
			return;
		publication = publication_new(publications, change->person);
		if (!publication)
			return;
	}
	if (publication->desired == desired)
		return;
	publication->desired = desired;
	publication->event_ns = change->cause == CAUSE_RESTORED ? 0 : change->event_ns;
	if (publication->etag)
		publication_save(publication);
	publication_reconcile(publication);
}

void publication_clear(struct publications *publications, struct person *person)
{
	struct publication *publication = person->publication;

	if (!publication)
		return;
	publication_set_suspended(publication, 0);
	publication->not_before_ns = 0;
	publication->failures = 0;
	publication->refusals = 0;
	publication->briefs = 0;
	publication->modify = publication->etag != NULL;
	if (publication->unnamed)
		publication->refresh_ns = 0;
	publication_reconcile(publication);
}
