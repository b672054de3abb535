// SPDX-License-Identifier: Apache-2.0
// Desired against published against in flight, for each person (RFC 3903 4): publication_next()
// says what the one next request is and from when on it may leave, publication_reconcile() does it
// or sets the timer. Changes come from presence/person.c, turns and answers from
// presence/registrar/; what must survive a crash goes to presence/store/ by
// publication_record.c. What an answer means: publication_answer.c.
#include "presence/publication.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/settings.h"
#include "presence/journal.h"
#include "presence/net/loop.h"
#include "presence/person.h"
#include "presence/publication_state.h"
#include "presence/store/store.h"

#include <stdlib.h>
#include <string.h>

METRIC_COUNTER(sent_initial, "offhook_publish_sent", "kind=\"initial\"", "PUBLISH requests sent");
METRIC_COUNTER(sent_refresh, "offhook_publish_sent", "kind=\"refresh\"", "PUBLISH requests sent");
METRIC_COUNTER(sent_modify, "offhook_publish_sent", "kind=\"modify\"", "PUBLISH requests sent");
METRIC_COUNTER(sent_remove, "offhook_publish_sent", "kind=\"remove\"", "PUBLISH requests sent");
METRIC_COUNTER(unsent, "offhook_publish_unsent", NULL,
	       "PUBLISH requests that could not be handed to a connection");
METRIC_COUNTER(expired, "offhook_publication_expired", NULL,
	       "Publications that ended at the registrar before they were refreshed or removed");
METRIC_COUNTER(orphans_total, "offhook_publication_orphaned", NULL,
	       "Publications that may exist without anybody knowing their entity-tag");
METRIC_COUNTER(suspended_total, "offhook_publication_suspensions", NULL,
	       "Persons the registrar refused (403, 404, 415, 489)");
METRIC_GAUGE(orphans_now, "offhook_publication_orphans", NULL, "Orphans that may exist now");
METRIC_GAUGE(suspended_now, "offhook_publication_suspended", NULL, "Persons suspended now");
METRIC_GAUGE(publications_now, "offhook_publications", NULL, "Publications in memory");
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

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

// splitmix64: jitter is no secret, and a simulation with a virtual clock repeats itself.
uint64_t publication_random(struct publications *publications, uint64_t range)
{
	uint64_t z = (publications->random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return range ? z % range : 0;
}

void publication_set_orphan(struct publication *publication, uint64_t until_ns)
{
	struct publications *all = publication->all;
	bool orphan = until_ns > clock_mono_ns();

	if (orphan && !publication->orphaned)
		metric_add(&orphans_total, 1);
	all->orphans += (size_t)orphan - (size_t)publication->orphaned;
	publication->orphaned = orphan;
	publication->orphan_ns = orphan ? until_ns : 0;
	metric_set(&orphans_now, all->orphans);
}

void publication_set_suspended(struct publication *publication, uint64_t until_ns)
{
	struct publications *all = publication->all;
	bool suspended = until_ns > clock_mono_ns();

	if (suspended && !publication->suspended)
		metric_add(&suspended_total, 1);
	all->suspended += (size_t)suspended - (size_t)publication->suspended;
	publication->suspended = suspended;
	publication->suspended_ns = suspended ? until_ns : 0;
	metric_set(&suspended_now, all->suspended);
}

struct publication *publication_new(struct publications *all, struct person *person)
{
	struct publication *publication = calloc(1, sizeof(*publication));

	if (!publication) {
		log_error("publish", "no-memory", "person=%s", log_quote(person->aor));
		return NULL;
	}
	publication->all = all;
	publication->person = person;
	publication->next = all->first;
	publication->prev = &all->first;
	if (all->first)
		all->first->prev = &publication->next;
	all->first = publication;
	person->publication = publication;
	metric_add(&publications_now, 1);
	return publication;
}

void publication_free(struct publication *publication)
{
	struct publications *all = publication->all;

	publication_set_orphan(publication, 0);
	publication_set_suspended(publication, 0);
	timer_cancel(all->wheel, &publication->timer);
	if (publication->phase == PHASE_QUEUED)
		registrar_cancel(all->registrar, &publication->turn);
	if (publication->phase == PHASE_INTENT)
		store_forget(all->store, publication);
	*publication->prev = publication->next;
	if (publication->next)
		publication->next->prev = publication->prev;
	publication->person->publication = NULL;
	free(publication->etag);
	free(publication->stale_etag);
	free(publication->last_error);
	free(publication);
	metric_set(&publications_now, publications_now.value - 1);
}

void publication_forget_tag(struct publication *publication)
{
	free(publication->etag);
	publication->etag = NULL;
	publication->modify = false;
	publication->unnamed = false;
	publication->expires_ns = 0;
	publication->refresh_ns = 0;
}

// A request whose answer was lost may have given the publication a tag that nobody knows.
void publication_lose_tag(struct publication *publication)
{
	if (publication->uncertain_ns > publication->orphan_ns)
		publication_set_orphan(publication, publication->uncertain_ns);
	publication->uncertain_ns = 0;
	publication_forget_tag(publication);
}

// What has run out by itself.
static void publication_age(struct publication *publication, uint64_t now)
{
	if (publication->phase == PHASE_SENT)
		return; // its answer decides
	if (publication->stale_etag && publication->stale_until_ns <= now) {
		free(publication->stale_etag);
		publication->stale_etag = NULL;
	}
	if (publication->suspended && publication->suspended_ns <= now)
		publication_set_suspended(publication, 0);
	if ((publication->etag || publication->unnamed) && publication->expires_ns <= now) {
		if (publication->etag) {
			metric_add(&expired, 1);
			journal_note(publication->all->journal, publication->person->aor,
				     "publication expired");
		}
		publication_lose_tag(publication);
		if (publication->orphan_ns <= now)
			publication_set_orphan(publication, 0);
		publication_save(publication);
	} else if (publication->orphaned && publication->orphan_ns <= now) {
		publication_set_orphan(publication, 0);
		publication_save(publication);
	}
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

// When something runs out by itself; UINT64_MAX: nothing does.
static uint64_t publication_ends(const struct publication *publication)
{
	uint64_t at = UINT64_MAX;

	if (publication->etag || publication->unnamed)
		at = sooner(at, publication->expires_ns);
	if (publication->stale_etag)
		at = sooner(at, publication->stale_until_ns);
	if (publication->orphaned)
		at = sooner(at, publication->orphan_ns);
	if (publication->suspended)
		at = sooner(at, publication->suspended_ns);
	return at;
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
	uint64_t now = clock_mono_ns(), at;
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
	at = sooner(kind ? at : UINT64_MAX, publication_ends(publication));
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

uint32_t publication_asks_s(const struct publication *publication)
{
	uint32_t usual_s = (uint32_t)(publication->all->settings->registrar.expires_ns / NS_PER_S);

	return publication->ask_s > usual_s ? publication->ask_s : usual_s;
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
