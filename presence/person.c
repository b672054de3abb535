// SPDX-License-Identifier: Apache-2.0
// Persons in a hash table by address of record. A change of presence is the first party that comes
// and the last that goes; nothing between is told.
#include "presence/person.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "config/clock.h"
#include "config/log.h"
#include "presence/buckets.h"
#include "sip/siphash.h"

enum { BUCKETS_FIRST = 256, BUCKETS_ROOM = 1 << 20 };

struct persons {
	person_sink *sink;
	void *ctx;
	struct siphash_key key; // with map_any, addresses of record are chosen by strangers
	struct person **bucket;
	struct buckets buckets;
	struct person *first;
	size_t count, busy, text_bytes;
};

static const char *const cause_names[CAUSE_COUNT] = {
	[CAUSE_NONE] = "none",
	[CAUSE_ANSWERED] = "answered",
	[CAUSE_LEARNED] = "learned",
	[CAUSE_RINGING] = "ringing",
	[CAUSE_RESTORED] = "restored",
	[CAUSE_BYE] = "bye",
	[CAUSE_BYE_TIMEOUT] = "bye-timeout",
	[CAUSE_GONE] = "gone",
	[CAUSE_REPLACED] = "replaced",
	[CAUSE_NO_ACK] = "no-ack",
	[CAUSE_SESSION_TIMER] = "session-timer",
	[CAUSE_MAX_AGE] = "max-age",
	[CAUSE_MEDIA_SILENCE] = "media-silence",
	[CAUSE_CANCELLED] = "cancelled",
	[CAUSE_OPERATOR] = "operator",
	[CAUSE_STOPPED] = "stopped",
};

const char *person_cause_name(enum person_cause cause)
{
	return (unsigned int)cause < CAUSE_COUNT ? cause_names[cause] : "?";
}

struct persons *persons_new(person_sink *sink, void *ctx)
{
	struct persons *persons = calloc(1, sizeof(*persons));

	if (persons == NULL)
		return NULL;
	persons->sink = sink;
	persons->ctx = ctx;
	persons->buckets = buckets_of(BUCKETS_FIRST);
	persons->bucket = calloc(BUCKETS_ROOM, sizeof(*persons->bucket));
	if (persons->bucket == NULL ||
	    getrandom(&persons->key, sizeof(persons->key), 0) != sizeof(persons->key)) {
		free(persons->bucket);
		free(persons);
		return NULL;
	}
	return persons;
}

static void person_free(struct persons *persons, struct person *person)
{
	persons->text_bytes -= malloc_usable_size((char *)person->aor) +
			       malloc_usable_size((char *)person->display);
	persons->count--;
	free((char *)person->aor);
	free((char *)person->display);
	free(person);
}

void persons_free(struct persons *persons)
{
	if (persons == NULL)
		return;
	for (struct person *person = persons->first, *next; person != NULL; person = next) {
		next = person->next;
		person_free(persons, person);
	}
	free(persons->bucket);
	free(persons);
}

static struct person **bucket_of(const struct persons *persons, const char *aor)
{
	uint64_t hash = siphash64(&persons->key, aor, strlen(aor));

	return &persons->bucket[buckets_at(&persons->buckets, hash)];
}

static void bucket_split(struct persons *persons)
{
	struct person **from = &persons->bucket[persons->buckets.split];
	struct person *person = *from, *next;

	if (buckets_count(&persons->buckets) == BUCKETS_ROOM)
		return; // longer chains then
	buckets_grow(&persons->buckets);
	*from = NULL;
	for (; person != NULL; person = next) {
		struct person **bucket = bucket_of(persons, person->aor);

		next = person->hash_next;
		person->hash_next = *bucket;
		*bucket = person;
	}
}

struct person *person_find(struct persons *persons, const char *aor)
{
	struct person *person = *bucket_of(persons, aor);

	while (person != NULL && strcmp(person->aor, aor) != 0)
		person = person->hash_next;
	return person;
}

// A person who was restored has no display name until the directory says it.
static void display_fill(struct persons *persons, struct person *person, const char *display)
{
	char *copy;

	if (person->display[0] != '\0' || display[0] == '\0')
		return;
	copy = strdup(display);
	if (copy == NULL)
		return;
	persons->text_bytes += malloc_usable_size(copy) -
			       malloc_usable_size((char *)person->display);
	free((char *)person->display);
	person->display = copy;
}

static struct person *person_new(struct persons *persons, const char *aor, const char *display)
{
	struct person *person = calloc(1, sizeof(*person));

	if (person == NULL)
		return NULL;
	person->aor = strdup(aor);
	person->display = strdup(display);
	if (person->aor == NULL || person->display == NULL) {
		free((char *)person->aor);
		free((char *)person->display);
		free(person);
		return NULL;
	}
	if (persons->count >= buckets_count(&persons->buckets))
		bucket_split(persons);
	struct person **chain = bucket_of(persons, aor);
	person->hash_next = *chain;
	*chain = person;
	person->next = persons->first;
	person->prev = &persons->first;
	if (person->next != NULL)
		person->next->prev = &person->next;
	persons->first = person;
	persons->count++;
	persons->text_bytes += malloc_usable_size((char *)person->aor) +
			       malloc_usable_size((char *)person->display);
	return person;
}

struct person *person_get(struct persons *persons, const char *aor, const char *display)
{
	struct person *person = person_find(persons, aor);

	if (display == NULL)
		display = "";
	if (person == NULL)
		person = person_new(persons, aor, display);
	else
		display_fill(persons, person, display);
	if (person == NULL)
		log_error("person", "no-memory", "persons=%zu", persons->count);
	return person;
}

void person_release(struct persons *persons, struct person *person)
{
	struct person **link = bucket_of(persons, person->aor);

	if (person->parties > 0 || person->publication != NULL || person->held)
		return;
	while (*link != person)
		link = &(*link)->hash_next;
	*link = person->hash_next;
	*person->prev = person->next;
	if (person->next != NULL)
		person->next->prev = person->prev;
	person_free(persons, person);
}

static void presence_change(struct persons *persons, struct person *person, bool busy,
			    const struct person_event *event)
{
	struct person_change change = {
		.person = person,
		.busy = busy,
		.cause = event->cause,
		.call_id = event->call_id,
		.event_ns = event->event_ns,
	};

	if (busy)
		persons->busy++;
	else
		persons->busy--;
	person->busy_since_ns = busy ? clock_mono_ns() : 0;
	persons->sink(persons->ctx, &change);
}

static void party_up(struct persons *persons, struct person *person, bool counts,
		     const struct person_event *event)
{
	person->calls += counts;
	if (person->parties++ == 0)
		presence_change(persons, person, true, event);
}

static void party_down(struct persons *persons, struct person *person, bool counts,
		       const struct person_event *event)
{
	person->calls -= counts;
	if (--person->parties > 0)
		return;
	// The sink may release the person, and so may who called this.
	bool held = person->held;
	person->held = true;
	presence_change(persons, person, false, event);
	person->held = held;
	person_release(persons, person);
}

void person_apply(struct persons *persons, struct person *person, bool up, bool counts,
		  const struct person_event *event)
{
	if (up)
		party_up(persons, person, counts, event);
	else
		party_down(persons, person, counts, event);
}

size_t persons_count(const struct persons *persons)
{
	return persons->count;
}

size_t persons_busy(const struct persons *persons)
{
	return persons->busy;
}

size_t persons_bytes(const struct persons *persons)
{
	return sizeof(*persons) + buckets_count(&persons->buckets) * sizeof(*persons->bucket) +
	       persons->count * sizeof(struct person) + persons->text_bytes;
}

void persons_each(struct persons *persons, void (*each)(void *ctx, struct person *person),
		  void *ctx)
{
	for (struct person *person = persons->first, *next; person != NULL; person = next) {
		next = person->next; // each() may release this one
		each(ctx, person);
	}
}
