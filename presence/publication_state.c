// SPDX-License-Identifier: Apache-2.0
// What is known of one publication, from its first day to its last: what is published until when,
// what may be without our knowing, and what of it has run out. What to do about it: publication.c.
#include "presence/publication_state.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/settings.h"
#include "presence/journal.h"
#include "presence/person.h"

#include <stdlib.h>

METRIC_COUNTER(expired, "offhook_publication_expired", NULL,
	       "Publications that ended at the registrar before they were refreshed or removed");
METRIC_COUNTER(orphans_total, "offhook_publication_orphaned", NULL,
	       "Publications that may exist without anybody knowing their entity-tag");
METRIC_COUNTER(suspended_total, "offhook_publication_suspensions", NULL,
	       "Persons the registrar refused (403, 404, 415, 489)");
METRIC_GAUGE(orphans_now, "offhook_publication_orphans", NULL, "Orphans that may exist now");
METRIC_GAUGE(suspended_now, "offhook_publication_suspended", NULL, "Persons suspended now");
METRIC_GAUGE(publications_now, "offhook_publications", NULL, "Publications in memory");

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

static void publication_expire(struct publication *publication)
{
	if (publication->etag) {
		metric_add(&expired, 1);
		journal_note(publication->all->journal, publication->person->aor,
			     "publication expired");
	}
	publication_lose_tag(publication);
}

void publication_age(struct publication *publication, uint64_t now)
{
	bool tag_ends = (publication->etag || publication->unnamed) &&
			publication->expires_ns <= now;
	bool orphan_ends = publication->orphaned && publication->orphan_ns <= now;

	if (publication->phase == PHASE_SENT)
		return; // its answer decides
	if (publication->stale_etag && publication->stale_until_ns <= now) {
		free(publication->stale_etag);
		publication->stale_etag = NULL;
	}
	if (publication->suspended && publication->suspended_ns <= now)
		publication_set_suspended(publication, 0);
	if (orphan_ends)
		publication_set_orphan(publication, 0);
	if (tag_ends)
		publication_expire(publication);
	if (orphan_ends || tag_ends)
		publication_save(publication);
}

uint64_t publication_ends(const struct publication *publication)
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

uint32_t publication_asks_s(const struct publication *publication)
{
	uint32_t usual_s = (uint32_t)(publication->all->settings->registrar.expires_ns / NS_PER_S);

	return publication->ask_s > usual_s ? publication->ask_s : usual_s;
}
