// SPDX-License-Identifier: Apache-2.0
// Persons who call at random and a registrar that keeps RFC 3903 strictly but drops, delays,
// refuses and garbles at random. After each step:
//   - never two requests open for one person (registrar_send of the world asserts it);
//   - a tag is never used after a newer one, nor after a 412;
//   - whoever is not in flight is as desired, or has a time at which it goes on.
// And when faults have ended: nobody is lit who should not be, everybody who should be is, and no
// more was sent than the back-off allows. Give the seed as argument to repeat a run.
#include "presence/publication_state.h"
#include "world.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S  NS_PER_S
#define MS NS_PER_MS

enum { PERSONS = 6, PUBLICATIONS = 64, STEPS = 3000 };

static uint64_t seed_given, random_state;

static uint64_t rnd(uint64_t range)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % range;
}

// What the registrar keeps: a tag lives until it is replaced, removed or expires.
static struct {
	char person[32];
	char etag[32];
	uint64_t expires_ns;
} kept[PUBLICATIONS];

static unsigned int tags, requests;
static bool faults;
static struct {
	char name[32];
	bool busy;
	bool lost; // a 2xx was dropped: an orphan may be lit until then
	uint64_t lost_until_ns;
	char dead[32]; // the last tag that got a 412, or was replaced
} person[PERSONS];

// Requests that have arrived; their answers are on the way.
static struct {
	struct world_request *request;
	struct publish_answer answer;
	char etag[300];
	uint64_t due_ns;
	bool busy;
} flight[PERSONS];

static int person_index(const char *name)
{
	for (int i = 0; i < PERSONS; i++) {
		if (strcmp(person[i].name, name) == 0)
			return i;
	}
	fail_msg("who is %s?", name);
	return 0;
}

static int kept_find(const char *name, const char *etag)
{
	for (int i = 0; i < PUBLICATIONS; i++) {
		if (kept[i].expires_ns > clock_mono_ns() && strcmp(kept[i].person, name) == 0 &&
		    (!etag || strcmp(kept[i].etag, etag) == 0))
			return i;
	}
	return -1;
}

static int kept_room(void)
{
	for (int i = 0; i < PUBLICATIONS; i++) {
		if (kept[i].expires_ns <= clock_mono_ns())
			return i;
	}
	fail_msg("the registrar is full: somebody publishes without end");
	return -1;
}

// RFC 3903 6, steps 1 to 9.
static void serve(const struct world_request *request, struct publish_answer *answer, char *etag)
{
	int at = request->etag[0] ? kept_find(request->person, request->etag) : -1;
	uint32_t granted = request->expires_s;

	*answer = (struct publish_answer){.status = 200};
	if (request->etag[0] && at < 0) {
		answer->status = 412;
		return;
	}
	if (faults && request->expires_s && rnd(8) == 0)
		granted = 1 + (uint32_t)rnd(request->expires_s);
	answer->expires_s = granted;
	if (at < 0)
		at = kept_room();
	strcpy(kept[at].person, person[person_index(request->person)].name);
	snprintf(kept[at].etag, sizeof(kept[at].etag), "t%u", ++tags);
	kept[at].expires_ns = clock_mono_ns() + granted * S;
	strcpy(etag, kept[at].etag);
	answer->etag = etag;
}

static void on_send(struct world *w, struct world_request *request)
{
	int i = person_index(request->person);

	(void)w;
	requests++;
	assert_false(flight[i].busy);
	if (request->etag[0] && person[i].dead[0])
		assert_string_not_equal(request->etag, person[i].dead);
	flight[i].request = request;
	flight[i].busy = true;
	flight[i].due_ns = clock_mono_ns() + MS + rnd(100 * MS);
	flight[i].answer = (struct publish_answer){.status = 200};
	switch (faults ? rnd(24) : 23) {
	case 0: // lost on the way
		flight[i].answer.outcome = PUBLISH_TIMEOUT;
		flight[i].due_ns = clock_mono_ns() + 32 * S;
		return;
	case 1: // arrives, but its answer is lost
		serve(request, &flight[i].answer, flight[i].etag);
		flight[i].answer = (struct publish_answer){.outcome = PUBLISH_LOST};
		flight[i].due_ns = clock_mono_ns() + rnd(10 * S);
		return;
	case 2: flight[i].answer.outcome = PUBLISH_UNSENT; return;
	case 3:
		flight[i].answer = (struct publish_answer){.status = 503, .retry_after_s = 9};
		return;
	case 4:
		flight[i].answer = (struct publish_answer){.status = 423, .min_expires_s = 900};
		return;
	case 5: // forgets what it had
		if (kept_find(request->person, request->etag) >= 0)
			kept[kept_find(request->person, request->etag)].expires_ns = 0;
		break;
	case 6: flight[i].answer.status = 500; return;
	case 7: // no usable tag
		serve(request, &flight[i].answer, flight[i].etag);
		flight[i].answer.etag = NULL;
		return;
	case 8: flight[i].due_ns += rnd(31 * S); break; // slow
	case 9: flight[i].answer.status = (uint16_t)(300 + rnd(400)); return;
	}
	serve(request, &flight[i].answer, flight[i].etag);
}

static void deliver(void)
{
	for (int i = 0; i < PERSONS; i++) {
		struct world_request *request = flight[i].request;

		if (!flight[i].busy || flight[i].due_ns > clock_mono_ns())
			continue;
		flight[i].busy = false;
		if (request->etag[0] && flight[i].answer.outcome == PUBLISH_ANSWERED &&
		    (flight[i].answer.status == 412 || flight[i].answer.etag))
			strcpy(person[i].dead, request->etag);
		world_answer(request, &flight[i].answer);
	}
}

static void check(int i)
{
	struct person *one = world_person(person[i].name);
	struct publication *publication = one ? one->publication : NULL;
	struct publication_view view;

	if (!publication) {
		assert_false(person[i].busy);
		return;
	}
	assert_int_equal(publication->desired, person[i].busy);
	publication_view(one, &view);
	assert_true(view.in_flight || publication->phase != PHASE_IDLE || view.next_ns);
	// Nothing that could be done now is left undone for longer than a round.
	assert_int_equal(publication->phase == PHASE_SENT, flight[i].busy);
}

static void step(void)
{
	int i = (int)rnd(PERSONS);

	if (rnd(3) == 0) {
		person[i].busy = !person[i].busy;
		world_busy(person[i].name, person[i].busy);
	}
	if (faults && rnd(40) == 0)
		world.store_away = !world.store_away;
	if (faults && rnd(60) == 0)
		world.hold_turns = !world.hold_turns;
	if (!world.hold_turns)
		world_turns();
	world_go(rnd(10) == 0 ? rnd(200 * S) : rnd(500 * MS));
	deliver();
	for (i = 0; i < PERSONS; i++)
		check(i);
}

static void calm(uint64_t ns)
{
	uint64_t end = clock_mono_ns() + ns;

	while (clock_mono_ns() < end) {
		world_go(20 * MS);
		deliver();
	}
}

// The requests of a run don't fit into the log: forget those that are answered.
static void forget(void)
{
	if (world.sent_count < WORLD_SENT / 2)
		return;
	for (int i = 0; i < PERSONS; i++) {
		if (flight[i].busy)
			return;
	}
	world.sent_count = 0;
}

static void one_run(uint64_t seed)
{
	random_state = seed | 1;
	memset(kept, 0, sizeof(kept));
	memset(flight, 0, sizeof(flight));
	memset(person, 0, sizeof(person));
	world_start(true);
	world.on_send = on_send;
	faults = true;
	for (int i = 0; i < PERSONS; i++)
		snprintf(person[i].name, sizeof(person[i].name), "sip:p%d@x", i);
	for (int i = 0; i < STEPS; i++) {
		step();
		forget();
	}
	// Peace. After the longest wait all that was possible to mend is mended.
	faults = false;
	world.store_away = false;
	world.hold_turns = false;
	world_turns();
	for (int i = 0; i < PERSONS; i++) {
		struct person *one = world_person(person[i].name);

		if (one)
			publication_clear(world.publications, one); // suspensions
	}
	calm(1000 * S);
	for (int i = 0; i < PERSONS; i++) {
		const char *want = person[i].busy ? "published" : "gone";

		assert_string_equal(world_state(person[i].name), want);
		assert_int_equal(kept_find(person[i].name, NULL) >= 0, person[i].busy);
		if (person[i].busy)
			assert_true(kept_find(person[i].name,
					      world_person(person[i].name)->publication->etag) >=
				    0);
	}
	publications_remove_all(world.publications);
	calm(2 * S);
	assert_true(publications_settled(world.publications));
	for (int i = 0; i < PERSONS; i++) {
		assert_int_equal(kept_find(person[i].name, NULL), -1);
		if (world_stored(person[i].name)->there)
			fail_msg("%s is still stored, tag %s, state %s, %u saves", person[i].name,
				 world_stored(person[i].name)->record.etag,
				 world_state(person[i].name), world_stored(person[i].name)->saves);
	}
	world_stop();
}

static void random_runs(void **state)
{
	uint64_t first = seed_given ? seed_given : 20260101;

	(void)state;
	for (uint64_t seed = first; seed < first + (seed_given ? 1 : 40); seed++) {
		print_message("seed %" PRIu64 ", %u requests before\n", seed, requests);
		one_run(seed * UINT64_C(0x9e3779b97f4a7c15));
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_runs)};

	if (argc > 1)
		seed_given = strtoull(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
