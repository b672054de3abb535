// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include "presence/net/loop.h"
#include "presence/net/timer_wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world world;

// presence/person.h, as little of it as is needed
struct person *person_find(struct persons *persons, const char *aor)
{
	for (size_t i = 0; i < WORLD_PERSONS; i++) {
		if (world.person[i] && strcmp(world.person[i]->aor, aor) == 0)
			return world.person[i];
	}
	return NULL;
}

struct person *person_get(struct persons *persons, const char *aor, const char *display)
{
	struct person *person = person_find(persons, aor);

	if (person)
		return person;
	for (size_t i = 0; i < WORLD_PERSONS; i++) {
		if (world.person[i])
			continue;
		person = calloc(1, sizeof(*person));
		person->aor = strdup(aor);
		person->display = strdup(display);
		world.person[i] = person;
		return person;
	}
	fail_msg("too many persons");
	return NULL;
}

void person_release(struct persons *persons, struct person *person)
{
	if (person->calls || person->publication)
		return;
	for (size_t i = 0; i < WORLD_PERSONS; i++) {
		if (world.person[i] == person)
			world.person[i] = NULL;
	}
	free((char *)person->aor);
	free((char *)person->display);
	free(person);
}

// presence/registrar/registrar.h
void registrar_ask(struct registrar *registrar, struct publish_turn *turn, enum publish_kind kind)
{
	turn->kind = (uint8_t)kind;
	if (!world.hold_turns) {
		publication_turn(world.publications, turn);
		return;
	}
	for (size_t i = 0; i < world.queued; i++) {
		if (world.queue[i] == turn)
			return;
	}
	world.queue[world.queued++] = turn;
}

void registrar_cancel(struct registrar *registrar, struct publish_turn *turn)
{
	for (size_t i = 0; i < world.queued; i++) {
		if (world.queue[i] == turn)
			world.queue[i] = world.queue[--world.queued];
	}
}

void world_turns(void)
{
	while (world.queued)
		publication_turn(world.publications, world.queue[--world.queued]);
}

int registrar_send(struct registrar *registrar, const struct publish_request *publish, void *ctx)
{
	struct world_request *request;

	if (world.send_error)
		return world.send_error;
	assert_null(world_open(publish->person)); // RFC 3903 4: one at a time
	assert_true(world.sent_count < WORLD_SENT);
	request = &world.sent[world.sent_count++];
	memset(request, 0, sizeof(*request));
	request->kind = publish->kind;
	request->expires_s = publish->expires_s;
	request->at_ns = clock_mono_ns();
	request->ctx = ctx;
	request->open = true;
	snprintf(request->person, sizeof(request->person), "%s", publish->person);
	if (publish->etag)
		snprintf(request->etag, sizeof(request->etag), "%s", publish->etag);
	assert_int_equal(publish->kind != PUBLISH_INITIAL, publish->etag != NULL);
	assert_int_equal(publish->kind == PUBLISH_REMOVE, publish->expires_s == 0);
	if (world.on_send)
		world.on_send(&world, request);
	return 0;
}

// presence/store/store.h
struct world_record *world_stored(const char *person)
{
	struct world_record *unused = NULL;

	for (size_t i = 0; i < WORLD_PERSONS; i++) {
		struct world_record *record = &world.store[i];

		if (record->saves && strcmp(record->record.person, person) == 0)
			return record;
		if (!record->saves && !unused)
			unused = record;
	}
	assert_non_null(unused);
	return unused;
}

void store_save_publication(struct store *store, const struct store_publication *record,
			    uint64_t patience_ns, store_saved_fn *saved, void *ctx)
{
	struct world_record *stored = world_stored(record->person);

	stored->record = *record;
	stored->there = true;
	stored->saves++;
	if (!saved)
		return;
	assert_true(patience_ns <= 20 * NS_PER_MS);
	world.waiter[world.waiters].saved = saved;
	world.waiter[world.waiters].ctx = ctx;
	world.waiter[world.waiters++].due_ns = clock_mono_ns() +
					       (world.store_away ? patience_ns : 2 * NS_PER_MS);
}

bool store_intend(struct store *store, const struct store_publication *record, uint64_t patience_ns,
		  store_saved_fn *saved, void *ctx)
{
	store_save_publication(store, record, patience_ns, world.intents ? NULL : saved, ctx);
	return world.intents;
}

void store_drop_publication(struct store *store, const char *person)
{
	world_stored(person)->there = false;
}

void store_forget(struct store *store, void *ctx)
{
	for (size_t i = 0; i < world.waiters; i++) {
		if (world.waiter[i].ctx == ctx)
			world.waiter[i--] = world.waiter[--world.waiters];
	}
}

static void world_store(void)
{
	for (size_t i = 0; i < world.waiters; i++) {
		store_saved_fn *saved = world.waiter[i].saved;
		void *ctx = world.waiter[i].ctx;

		if (world.waiter[i].due_ns > clock_mono_ns())
			continue;
		world.waiter[i--] = world.waiter[--world.waiters];
		saved(ctx, !world.store_away);
	}
}

void world_start(bool loaded)
{
	memset(&world, 0, sizeof(world));
	settings_default(&world.settings);
	clock_set(clock_mono_ns() > UINT64_C(1) << 62 ? 0 : 1000 * NS_PER_S);
	world.loop = loop_new();
	world.publications = publications_new(world.loop, NULL, &world.settings);
	publications_attach(world.publications, NULL, NULL, NULL);
	if (loaded)
		publications_loaded(world.publications);
	world_go(0);
}

void world_stop(void)
{
	publications_free(world.publications);
	assert_int_equal(world.waiters, 0);
	assert_int_equal(world.queued, 0);
	for (size_t i = 0; i < WORLD_PERSONS; i++) {
		if (world.person[i]) {
			world.person[i]->calls = 0;
			person_release(NULL, world.person[i]);
		}
	}
	loop_free(world.loop);
	clock_release();
}

void world_go(uint64_t ns)
{
	uint64_t end = clock_mono_ns() + ns;

	for (;;) {
		uint64_t next = timer_wheel_next_ns(loop_wheel(world.loop));
		uint64_t now = clock_mono_ns();

		for (size_t i = 0; i < world.waiters; i++) {
			if (world.waiter[i].due_ns < next)
				next = world.waiter[i].due_ns;
		}
		if (next > end)
			break;
		clock_set(next > now ? next : now);
		world_store();
		timer_wheel_advance(loop_wheel(world.loop), clock_mono_ns());
		if (next <= now && clock_mono_ns() == end)
			break;
		if (next <= now)
			clock_set(now + NS_PER_MS > end ? end : now + NS_PER_MS);
	}
	clock_set(end);
	world_store();
	timer_wheel_advance(loop_wheel(world.loop), end);
}

struct person *world_person(const char *name)
{
	return person_find(NULL, name);
}

void world_busy(const char *name, bool busy)
{
	world_change(name, busy, busy ? CAUSE_ANSWERED : CAUSE_BYE);
}

void world_change(const char *name, bool busy, enum person_cause cause)
{
	struct person *person = person_get(NULL, name, "John Doe");
	struct person_change change = {
		.person = person,
		.busy = busy,
		.cause = cause,
		.event_ns = clock_mono_ns(),
	};

	person->calls = busy;
	publication_change(world.publications, &change);
	person_release(NULL, person);
}

struct world_request *world_open(const char *person)
{
	for (size_t i = world.sent_count; i > 0; i--) {
		if (world.sent[i - 1].open && strcmp(world.sent[i - 1].person, person) == 0)
			return &world.sent[i - 1];
	}
	return NULL;
}

struct world_request *world_last(void)
{
	return world.sent_count ? &world.sent[world.sent_count - 1] : NULL;
}

size_t world_count(enum publish_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < world.sent_count; i++)
		count += world.sent[i].kind == kind;
	return count;
}

const char *world_state(const char *name)
{
	struct person *person = person_find(NULL, name);
	struct publication_view view;

	if (!person)
		return "gone";
	publication_view(person, &view);
	return view.state;
}

void world_answer(struct world_request *request, const struct publish_answer *answer)
{
	assert_non_null(request);
	assert_true(request->open);
	request->open = false;
	publication_answer(world.publications, request->ctx, answer);
	world_go(0);
}

void world_ok(const char *etag, uint32_t expires_s)
{
	struct publish_answer answer = {.status = 200, .etag = etag, .expires_s = expires_s};

	world_answer(world_open(JOHN), &answer);
}

void world_refuse(uint16_t status)
{
	struct publish_answer answer = {.status = status, .diagnostics = "no"};

	world_answer(world_open(JOHN), &answer);
}

void world_fail(enum publish_outcome outcome)
{
	struct publish_answer answer = {.outcome = outcome};

	world_answer(world_open(JOHN), &answer);
}

void world_restore_record(const struct store_publication *record)
{
	store_save_publication(NULL, record, 0, NULL, NULL);
	publication_restore(world.publications, record);
}

void world_restore(const char *person, const char *etag, uint64_t left_ns)
{
	struct store_publication record = {.display = "John Doe", .wanted = true};

	snprintf(record.person, sizeof(record.person), "%s", person);
	snprintf(record.etag, sizeof(record.etag), "%s", etag);
	record.expires_wall_ns = clock_wall_ns() + left_ns;
	world_restore_record(&record);
}

void world_assert_sent(size_t count, enum publish_kind kind, const char *etag)
{
	assert_int_equal(world.sent_count, count);
	assert_int_equal(world_last()->kind, kind);
	assert_string_equal(world_last()->etag, etag);
}

void world_start_published(void)
{
	world_start(true);
	world_busy(JOHN, true);
	world_go(5 * MS);
	world_assert_sent(1, PUBLISH_INITIAL, "");
	assert_int_equal(world_last()->expires_s, 600);
	world_ok("a", 600);
	assert_string_equal(world_state(JOHN), "published");
}
