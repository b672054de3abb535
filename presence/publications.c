// SPDX-License-Identifier: Apache-2.0
// All publications together: read back from the store at start, taken back at stop, shown to
// people. What one of them does next: publication.c.
#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/settings.h"
#include "presence/net/loop.h"
#include "presence/person.h"
#include "presence/publication_state.h"
#include "presence/store/store.h"

#include <stdlib.h>
#include <string.h>

// After a restart the first requests spread over this, and ask for their turns in the order in
// which what they are about ends: at 500 a second, 100,000 take minutes.
#define RECOVERY_SPREAD_NS NS_PER_S
// No record makes a publication live longer, whatever it or the clock says.
#define RECOVERY_MOST_NS   (86400 * NS_PER_S)
// Monotonic and wall clock are read one after the other, each time anew.
#define CLOCKS_APART_NS    (10 * NS_PER_MS)

METRIC_COUNTER(restored, "offhook_publication_restored", NULL,
	       "Publications read back from the store");

// A record of somebody for whom something newer is published: what it names must go.
static void publication_restore_stale(struct publication *publication,
				      const struct store_publication *record, uint64_t expires_ns)
{
	if (!record->etag[0]) {
		if (publication->orphan_ns < expires_ns)
			publication_set_orphan(publication, expires_ns);
	} else if (!publication->etag || strcmp(publication->etag, record->etag) != 0) {
		free(publication->stale_etag);
		publication->stale_etag = strdup(record->etag);
		publication->stale_until_ns = expires_ns;
	}
	publication_reconcile(publication);
}

// What is over may have ended before the machine started, where the monotonic clock has no number.
static uint64_t restored_until(uint64_t now_ns, uint64_t wall_ns)
{
	uint64_t wall_now_ns = clock_wall_ns();
	uint64_t left_ns = wall_ns > wall_now_ns ? wall_ns - wall_now_ns : 0;

	return now_ns + (left_ns < RECOVERY_MOST_NS ? left_ns : RECOVERY_MOST_NS);
}

static void publication_line_up(struct publication *publication, uint64_t now)
{
	uint64_t most = publication->all->settings->registrar.expires_ns;
	uint64_t left = publication->expires_ns > now ? publication->expires_ns - now : 0;
	double share = left < most ? (double)left / (double)most : 1;

	publication->not_before_ns = now + (uint64_t)(share * (double)RECOVERY_SPREAD_NS);
}

void publication_restore(struct publications *publications, const struct store_publication *record)
{
	uint64_t now = clock_mono_ns();
	uint64_t expires = restored_until(now, record->expires_wall_ns);
	bool expired = record->expires_wall_ns <= clock_wall_ns();
	struct publication *publication;
	struct person *person;

	if (expired && record->orphan_wall_ns <= clock_wall_ns()) {
		store_drop_publication(publications->store, record->person);
		return;
	}
	person = person_get(publications->persons, record->person, record->display);
	if (!person)
		return;
	metric_add(&restored, 1);
	publication = person->publication;
	if (publication &&
	    (publication->etag || publication->unnamed || publication->phase >= PHASE_INTENT)) {
		publication_restore_stale(publication, record, expires);
		return;
	}
	if (!publication)
		publication = publication_new(publications, person);
	if (!publication) {
		person_release(publications->persons, person);
		return;
	}
	if (record->orphan_wall_ns)
		publication_set_orphan(publication, restored_until(now, record->orphan_wall_ns));
	if (record->etag[0] && !expired) {
		publication->etag = strdup(record->etag);
		publication->expires_ns = expires;
		publication->modify = true;
		// The engine may have ended between an answer and its record: then a tag nobody
		// knows is in force. Of a removal nothing remains.
		if (record->wanted)
			publication->uncertain_ns = now +
						    publications->settings->registrar.expires_ns;
	} else if (expires > publication->orphan_ns) {
		publication_set_orphan(publication, expires);
	}
	if (publication->desired && !record->wanted)
		publication_save(publication); // a call has begun before the store was read
	publication_line_up(publication, now);
	publication_reconcile(publication);
}

// An initial PUBLISH of an earlier run may have left, and its record have missed the store. Unless
// what was restored is just that: with an answer of its own, it ends no earlier.
void publication_restore_intent(struct publications *publications, const char *aor,
				uint64_t expires_wall_ns)
{
	uint64_t expires = restored_until(clock_mono_ns(), expires_wall_ns);
	struct person *person = person_find(publications->persons, aor);
	struct publication *publication = person ? person->publication : NULL;

	if (expires_wall_ns <= clock_wall_ns())
		return;
	if (publication && publication->modify &&
	    publication->expires_ns + CLOCKS_APART_NS >= expires)
		return;
	if (!person)
		person = person_get(publications->persons, aor, "");
	if (person && !publication)
		publication = publication_new(publications, person);
	if (!publication) {
		if (person)
			person_release(publications->persons, person);
		return;
	}
	metric_add(&restored, 1);
	if (publication->orphan_ns < expires)
		publication_set_orphan(publication, expires);
	publication_save(publication);
	publication_reconcile(publication);
}

// From now on requests leave. To read the store may have taken longer than the spread.
static void publications_begin(struct publications *publications)
{
	struct publication *publication, *next;
	uint64_t now = clock_mono_ns();

	publications->loaded = true;
	for (publication = publications->first; publication; publication = next) {
		next = publication->next;
		if (publication->modify && publication->failures == 0)
			publication_line_up(publication, now);
		publication_reconcile(publication);
	}
}

void publications_loaded(struct publications *publications)
{
	timer_cancel(publications->wheel, &publications->patience);
	if (!publications->loaded || !publications->read) {
		publications->read = true;
		publications_begin(publications);
	}
}

static void publications_impatient(struct timer *timer)
{
	struct publications *publications =
		(struct publications *)((char *)timer - offsetof(struct publications, patience));

	log_warn("publish", "store-away",
		 "text=\"publishing without what an earlier run has left in the store\"");
	publications_begin(publications);
}

struct publications *publications_new(struct loop *loop, struct persons *persons,
				      const struct settings *settings)
{
	struct publications *publications = calloc(1, sizeof(*publications));

	if (!publications)
		return NULL;
	publications->loop = loop;
	publications->wheel = loop_wheel(loop);
	publications->persons = persons;
	publications->settings = settings;
	publications->random = clock_mono_ns();
	return publications;
}

void publications_free(struct publications *publications)
{
	if (!publications)
		return;
	timer_cancel(publications->wheel, &publications->patience);
	while (publications->first)
		publication_free(publications->first);
	free(publications);
}

void publications_attach(struct publications *publications, struct registrar *registrar,
			 struct store *store, struct journal *journal)
{
	publications->registrar = registrar;
	publications->store = store;
	publications->journal = journal;
	publications_reading(publications);
}

// One attempt to reach the store and its next answer have their time; then calls go first. With
// half of a large estate read nobody would be known to be on the phone who is.
void publications_reading(struct publications *publications)
{
	const struct settings_store *settings = &publications->settings->store;

	if (!publications->loaded)
		timer_set(publications->wheel, &publications->patience,
			  clock_mono_ns() + settings->connect_timeout_ns +
				  settings->reply_timeout_ns,
			  publications_impatient);
}

void publications_reassert(struct publications *publications)
{
	struct publication *publication;

	for (publication = publications->first; publication; publication = publication->next) {
		if (publication->etag || publication->unnamed || publication->orphaned ||
		    publication->phase >= PHASE_INTENT)
			publication_save(publication);
	}
}

void publications_settings(struct publications *publications, const struct settings *settings)
{
	publications->settings = settings;
}

void publications_remove_all(struct publications *publications)
{
	struct publication *publication, *next;

	publications->stopping = true;
	publications_loaded(publications);
	for (publication = publications->first; publication; publication = next) {
		next = publication->next;
		publication->desired = false;
		publication->event_ns = 0;
		publication->not_before_ns = 0;
		if (publication->etag)
			publication_save(publication);
		publication_reconcile(publication);
	}
}

bool publications_settled(const struct publications *publications)
{
	const struct publication *publication;

	for (publication = publications->first; publication; publication = publication->next) {
		if (publication->phase != PHASE_IDLE)
			return false;
		if (!publication->suspended && (publication->etag || publication->stale_etag))
			return false;
	}
	return true;
}

// Registrars are back: who waits only because of that waits no longer.
void publication_reachable(void *ctx)
{
	struct publications *publications = ctx;
	struct publication *publication, *next;

	for (publication = publications->first; publication; publication = next) {
		next = publication->next;
		if (!publication->unsent)
			continue;
		publication->unsent = false;
		publication->not_before_ns = 0;
		publication_reconcile(publication);
	}
}

static const char *publication_state_name(const struct publication *publication)
{
	if (publication->suspended)
		return "suspended";
	if (publication->etag || publication->unnamed)
		return "published";
	if (publication->desired)
		return "waiting";
	return publication->orphaned ? "orphan" : "none";
}

void publication_view(const struct person *person, struct publication_view *view)
{
	const struct publication *publication = person->publication;

	*view = (struct publication_view){.state = "none"};
	if (!publication)
		return;
	view->desired = publication->desired;
	view->state = publication_state_name(publication);
	if (publication->phase == PHASE_SENT)
		view->in_flight = publication_kind_names[publication->kind];
	view->etag = publication->etag;
	view->expires_ns = publication->expires_ns;
	view->next_ns = timer_is_set(&publication->timer) ? publication->timer.due_ns : 0;
	view->suspended_until_ns = publication->suspended_ns;
	view->orphan_until_ns = publication->orphan_ns;
	view->last_status = publication->last_status;
	view->last_error = publication->last_error;
}
