// SPDX-License-Identifier: Apache-2.0
// Comes from: the event rings that poll cores fill. Goes to: calls_apply(), which tells persons,
// which tell publications, which ask the registrar and the store. Everything else that happens in
// this thread (answers, timers, the control socket) happens in loop_run_once().
#include "presence/worker.h"

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/secret.h"
#include "config/settings.h"
#include "link/doorbell.h"
#include "link/segment.h"
#include "presence/calls.h"
#include "presence/directory/directory.h"
#include "presence/intake.h"
#include "presence/journal.h"
#include "presence/nap.h"
#include "presence/net/loop.h"
#include "presence/person.h"
#include "presence/person_log.h"
#include "presence/publication.h"
#include "presence/registrar/registrar.h"
#include "presence/store/store.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	JOURNAL_NOTES = 65536, // 8 MB
	// engine.poll always: looks at empty rings for one at sockets and timers. The latter is a
	// system call of some 300 ns, the former some 10 ns: both have about half of the time.
	RINGS_A_LOOP = 32,
};

// The watchdog wants to see progress also when nothing happens.
#define WORKER_MAX_SLEEP_NS (500 * NS_PER_MS)

struct worker {
	struct settings settings;
	struct worker_parts parts;
	struct person_log *person_log;
	struct secrets secrets;
	struct segment *segment;
	struct intake intake;
	int doorbell;
	struct loop_watch doorbell_watch;
	struct nap nap;
	volatile sig_atomic_t stopping;
};

METRIC_GAUGE(metric_busy, "offhook_persons_busy", NULL, "Persons on the phone");
METRIC_GAUGE(metric_up, "offhook_calls_up", NULL, "Dialogs that are up");

// From person_apply(): a person went on the phone or off it.
static void person_changed(void *ctx, const struct person_change *change)
{
	struct worker *worker = ctx;

	journal_note(worker->parts.journal, change->person->aor, "%s: %s, call %s",
		     change->busy ? "on the phone" : "clear", person_cause_name(change->cause),
		     log_quote(change->call_id));
	publication_change(worker->parts.publications, change);
	person_log_change(worker->person_log, change);
}

static void store_found_publication(void *ctx, const struct store_publication *record)
{
	struct worker *worker = ctx;

	publications_reading(worker->parts.publications);
	publication_restore(worker->parts.publications, record);
}

static void store_found_call(void *ctx, const struct store_call *record)
{
	struct worker *worker = ctx;

	publications_reading(worker->parts.publications);
	calls_restore(worker->parts.calls, record);
}

static void store_found_intent(void *ctx, const char *person, uint64_t expires_wall_ns)
{
	struct worker *worker = ctx;

	publication_restore_intent(worker->parts.publications, person, expires_wall_ns);
}

static void store_loaded(void *ctx)
{
	struct worker *worker = ctx;
	struct calls_totals totals;

	calls_totals(worker->parts.calls, &totals);
	log_info("store", "loaded", "calls=%zu persons_busy=%zu persons=%zu", totals.up,
		 persons_busy(worker->parts.persons), persons_count(worker->parts.persons));
	publications_loaded(worker->parts.publications);
}

static void store_forgot(void *ctx)
{
	struct worker *worker = ctx;

	calls_reassert(worker->parts.calls);
	publications_reassert(worker->parts.publications);
}

static const struct store_events store_events = {
	.publication = store_found_publication,
	.call = store_found_call,
	.intent = store_found_intent,
	.loaded = store_loaded,
	.reassert = store_forgot,
};

static void registrar_turn(void *ctx, struct publish_turn *turn)
{
	publication_turn(((struct worker *)ctx)->parts.publications, turn);
}

static void registrar_answer(void *ctx, void *request_ctx, const struct publish_answer *answer)
{
	publication_answer(((struct worker *)ctx)->parts.publications, request_ctx, answer);
}

static void registrar_reachable(void *ctx)
{
	publication_reachable(((struct worker *)ctx)->parts.publications);
}

static const struct registrar_events registrar_events = {
	.turn = registrar_turn,
	.answer = registrar_answer,
	.reachable = registrar_reachable,
};

static void doorbell_rang(struct loop_watch *watch, uint32_t events)
{
	struct worker *worker = watch->owner;

	(void)events;
	doorbell_awake(worker->segment, worker->doorbell);
}

struct worker *worker_new(const struct worker_options *options, char *error, size_t error_size)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	const struct settings *settings;

	if (worker == NULL)
		return NULL;
	worker->settings = *options->settings;
	worker->secrets = *options->secrets;
	worker->segment = worker->intake.segment = options->segment;
	worker->doorbell = options->doorbell;
	worker->doorbell_watch.fd = -1;
	settings = worker->parts.settings = &worker->settings;

	snprintf(error, error_size, "out of memory");
	worker->parts.loop = loop_new();
	worker->parts.journal = journal_new(JOURNAL_NOTES);
	if (worker->parts.loop == NULL || worker->parts.journal == NULL)
		goto fail;
	worker->person_log = person_log_new(loop_wheel(worker->parts.loop));
	if (worker->person_log == NULL)
		goto fail;
	worker->parts.directory = directory_new(settings);
	if (worker->parts.directory == NULL) {
		snprintf(error, error_size, "directory %s can't be used, see the line above",
			 settings->directory.file);
		goto fail;
	}
	worker->parts.persons = persons_new(person_changed, worker);
	worker->parts.publications = publications_new(worker->parts.loop, worker->parts.persons,
						      settings);
	if (worker->parts.persons == NULL || worker->parts.publications == NULL)
		goto fail;
	worker->parts.registrar = registrar_new(worker->parts.loop, settings, &worker->secrets,
						&registrar_events, worker, error, error_size);
	if (worker->parts.registrar == NULL)
		goto fail;
	worker->parts.store = store_new(worker->parts.loop, settings, &worker->secrets,
					&store_events, worker);
	if (worker->parts.store == NULL) {
		snprintf(error, error_size, "store %s can't be used, see the line above",
			 settings->store.url);
		goto fail;
	}
	worker->parts.calls = calls_new(&(struct calls_options){
		.settings = settings,
		.wheel = loop_wheel(worker->parts.loop),
		.directory = worker->parts.directory,
		.persons = worker->parts.persons,
		.store = worker->parts.store,
		.known = segment_known(worker->segment),
		.media = segment_media(worker->segment),
		.media_key = &worker->segment->key,
	});
	if (worker->parts.calls == NULL)
		goto fail;
	publications_attach(worker->parts.publications, worker->parts.registrar,
			    worker->parts.store, worker->parts.journal);
	if (loop_watch_add(worker->parts.loop, &worker->doorbell_watch, worker->doorbell, EPOLLIN,
			   doorbell_rang, worker) < 0)
		goto fail;
	return worker;

fail:
	worker_free(worker);
	return NULL;
}

void worker_free(struct worker *worker)
{
	if (worker == NULL)
		return;
	if (worker->doorbell_watch.fd >= 0)
		loop_watch_remove(worker->parts.loop, &worker->doorbell_watch);
	calls_free(worker->parts.calls);
	// The store last of those that talk: it writes what the others left behind.
	registrar_free(worker->parts.registrar);
	publications_free(worker->parts.publications);
	store_free(worker->parts.store, worker->settings.engine.stop_timeout_ns);
	persons_free(worker->parts.persons);
	directory_free(worker->parts.directory);
	journal_free(worker->parts.journal);
	person_log_free(worker->person_log);
	loop_free(worker->parts.loop);
	secrets_wipe(&worker->secrets);
	free(worker);
}

static void worker_gauges(struct worker *worker)
{
	struct calls_totals totals;

	calls_totals(worker->parts.calls, &totals);
	metric_set(&metric_up, totals.up);
	metric_set(&metric_busy, persons_busy(worker->parts.persons));
	calls_sight(worker->parts.calls, intake_hears(&worker->intake));
}

static void worker_sleep(struct worker *worker)
{
	uint64_t nap_ns = nap_left_ns(&worker->nap, clock_mono_ns());

	if (nap_ns > 0) {
		nanosleep(&(struct timespec){.tv_nsec = (long)nap_ns}, NULL); // or until a signal
		return;
	}
	doorbell_sleep(worker->segment);
	if (intake_is_empty(&worker->intake))
		loop_run_once(worker->parts.loop, WORKER_MAX_SLEEP_NS);
	doorbell_unrung(worker->segment);
}

// engine.poll always.
static void worker_poll(struct worker *worker)
{
	for (int i = 0; i < RINGS_A_LOOP; i++)
		if (!intake_is_empty(&worker->intake))
			return;
	loop_run_once(worker->parts.loop, 0);
}

bool worker_turn(struct worker *worker)
{
	uint64_t now_ns;

	__atomic_add_fetch(&worker->segment->worker_heartbeat, 1, __ATOMIC_RELAXED);
	intake_release(&worker->intake, store_state(worker->parts.store) == STORE_READY);
	if (intake_drain(&worker->intake, worker->parts.calls) == 0)
		return false;
	now_ns = clock_mono_ns();
	nap_owe(&worker->nap, now_ns);
	// What came of it leaves now, before the answers to others are looked at.
	timer_wheel_advance(loop_wheel(worker->parts.loop), now_ns);
	loop_run_once(worker->parts.loop, 0);
	return true;
}

// Takes the publications back, for at most stop_timeout.
static void worker_take_back(struct worker *worker)
{
	uint64_t until = clock_mono_ns() + worker->settings.engine.stop_timeout_ns;

	publications_remove_all(worker->parts.publications);
	while (!publications_settled(worker->parts.publications) && clock_mono_ns() < until) {
		__atomic_add_fetch(&worker->segment->worker_heartbeat, 1, __ATOMIC_RELAXED);
		loop_run_once(worker->parts.loop, 10 * NS_PER_MS);
	}
	if (!publications_settled(worker->parts.publications))
		log_warn("worker", "stop-timeout",
			 "persons=%zu hint=\"publications left will expire by themselves; raise "
			 "engine.stop_timeout or registrar.rate\"",
			 persons_count(worker->parts.persons));
}

int worker_run(struct worker *worker)
{
	intake_rewind(&worker->intake);
	while (!worker->stopping) {
		if (worker_turn(worker))
			continue;
		worker_gauges(worker);
		if (worker->settings.engine.poll == POLL_ALWAYS)
			worker_poll(worker);
		else
			worker_sleep(worker);
	}
	log_info("worker", "stopping", "publications=%s",
		 worker->settings.engine.on_stop == STOP_KEEP ? "kept" : "removed");
	if (worker->settings.engine.on_stop == STOP_REMOVE)
		worker_take_back(worker);
	return 0;
}

void worker_stop(struct worker *worker)
{
	uint64_t one = 1;

	worker->stopping = 1;
	// The bell ends a sleep that began after the flag was looked at.
	if (write(worker->doorbell, &one, sizeof(one)) < 0)
		return; // full: the bell is ringing already
}

int worker_reload(struct worker *worker, const struct settings *settings,
		  const struct secrets *secrets, char *error, size_t error_size)
{
	struct settings next = worker->settings;
	struct directory *trial;
	int rc;

	settings_apply_live(&next, settings);
	// Whole or not at all: the directory is read on trial, because certificates that were taken
	// can't be given back when their files have changed.
	trial = directory_new(&next);
	if (trial == NULL) {
		rc = -errno;
		snprintf(error, error_size, "directory %s not taken, see the log",
			 next.directory.file);
		return rc;
	}
	directory_free(trial);
	rc = registrar_reload(worker->parts.registrar, &next, secrets, error, error_size);
	if (rc < 0)
		return rc;
	rc = directory_reload(worker->parts.directory, &next);
	if (rc < 0) {
		snprintf(error, error_size, "directory %s changed while it was read; reload again",
			 next.directory.file);
		return rc;
	}
	worker->settings = next;
	worker->secrets = *secrets;
	calls_settings(worker->parts.calls, &worker->settings);
	publications_settings(worker->parts.publications, &worker->settings);
	log_level_set(worker->settings.log.level);
	return 0;
}

const struct worker_parts *worker_parts(const struct worker *worker)
{
	return &worker->parts;
}
