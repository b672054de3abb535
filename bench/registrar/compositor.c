// SPDX-License-Identifier: Apache-2.0
// A tag names its publication's slot. Publications expire by a ring of seconds.
#include "bench/registrar/compositor.h"

#include "bench/registrar/document.h"
#include "config/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	EXPIRY_SECONDS = 4096, // a power of two; what lives longer comes round again
	TAG_BYTES = 64,
	EVENTS = 4,
	NONE = UINT32_MAX,
};

struct publication {
	uint32_t person; // NONE: the slot is free
	uint32_t serial;
	uint32_t next, prev; // of the same second, or the next free slot
	uint64_t expires_ns;
	uint8_t event;
	bool busy;
};

struct compositor {
	struct compositor_options options;
	struct compositor_counts counts;
	struct part event[EVENTS];
	unsigned int events;
	struct people people;
	struct publication *publication;
	uint32_t publications, publications_room, free;
	uint32_t serial;
	uint32_t expiry[EXPIRY_SECONDS];
	uint64_t expired_s; // all seconds before it are done
};

struct compositor *compositor_new(const struct compositor_options *options)
{
	struct compositor *compositor = calloc(1, sizeof(*compositor));
	const char *at = options->events != NULL ? options->events : "presence";

	if (compositor == NULL)
		return NULL;
	compositor->options = *options;
	while (*at != '\0' && compositor->events < EVENTS) {
		size_t len = strcspn(at, ",");

		compositor->event[compositor->events++] = (struct part){at, (uint32_t)len};
		at += len + (at[len] == ',');
	}
	if (people_init(&compositor->people) != 0) {
		free(compositor);
		return NULL;
	}
	compositor->people.changed = options->changed;
	compositor->people.ctx = options->ctx;
	compositor->free = NONE;
	memset(compositor->expiry, 0xff, sizeof(compositor->expiry));
	return compositor;
}

void compositor_free(struct compositor *compositor)
{
	if (compositor == NULL)
		return;
	people_fini(&compositor->people);
	free(compositor->publication);
	free(compositor);
}

enum wish wish_of(const struct message *message)
{
	uint32_t expires;

	if (!part_is(message->method, "PUBLISH"))
		return WISH_NONE;
	if (message->count[MESSAGE_IF_MATCH] == 0)
		return WISH_INITIAL;
	if (part_number(message->value[MESSAGE_EXPIRES], &expires) && expires == 0)
		return WISH_REMOVE;
	return message->body.len > 0 ? WISH_MODIFY : WISH_REFRESH;
}

const char *wish_name(enum wish wish)
{
	static const char *const names[WISH_COUNT] = {"other", "initial", "refresh", "modify",
						      "remove"};

	return wish < WISH_COUNT ? names[wish] : "other";
}

struct people *compositor_people(struct compositor *compositor)
{
	return &compositor->people;
}

struct compositor_counts *compositor_counts(struct compositor *compositor)
{
	return &compositor->counts;
}

static uint32_t *expiry_of(struct compositor *compositor, uint64_t at_ns)
{
	uint64_t second = at_ns / NS_PER_S;

	if (second < compositor->expired_s)
		second = compositor->expired_s;
	if (second >= compositor->expired_s + EXPIRY_SECONDS)
		second = compositor->expired_s + EXPIRY_SECONDS - 1;
	return &compositor->expiry[second % EXPIRY_SECONDS];
}

static void expiry_add(struct compositor *compositor, uint32_t slot)
{
	struct publication *publication = &compositor->publication[slot];
	uint32_t *head = expiry_of(compositor, publication->expires_ns);

	publication->next = *head;
	publication->prev = (uint32_t)(head - compositor->expiry) | 0x80000000u; // the list itself
	if (*head != NONE)
		compositor->publication[*head].prev = slot;
	*head = slot;
}

static void expiry_remove(struct compositor *compositor, uint32_t slot)
{
	struct publication *publication = &compositor->publication[slot];

	if (publication->prev & 0x80000000u)
		compositor->expiry[publication->prev & 0x7fffffffu] = publication->next;
	else
		compositor->publication[publication->prev].next = publication->next;
	if (publication->next != NONE)
		compositor->publication[publication->next].prev = publication->prev;
}

static uint32_t publication_add(struct compositor *compositor)
{
	uint32_t slot = compositor->free;

	if (slot != NONE) {
		compositor->free = compositor->publication[slot].next;
		return slot;
	}
	if (compositor->publications == compositor->publications_room) {
		compositor->publications_room = compositor->publications_room
							? compositor->publications_room * 2
							: 1024;
		compositor->publication = people_grow(compositor->publication,
						      compositor->publications_room,
						      sizeof(*compositor->publication));
	}
	compositor->publication[compositor->publications].serial = 0;
	return compositor->publications++;
}

static void publication_end(struct compositor *compositor, uint32_t slot, uint64_t at_ns,
			    enum busy_end end)
{
	struct publication *publication = &compositor->publication[slot];

	expiry_remove(compositor, slot);
	compositor->people.person[publication->person].publications--;
	compositor->counts.published--;
	if (publication->busy)
		people_light_off(&compositor->people, publication->person, at_ns, end);
	publication->person = NONE;
	publication->next = compositor->free;
	compositor->free = slot;
}

void compositor_expire(struct compositor *compositor, uint64_t now_ns)
{
	uint64_t now_s = now_ns / NS_PER_S;

	if (compositor->expired_s == 0 || now_s >= compositor->expired_s + EXPIRY_SECONDS)
		compositor->expired_s = now_s > EXPIRY_SECONDS ? now_s - EXPIRY_SECONDS + 1 : 0;
	// The current second is looked at each time: what it holds may be due by now.
	for (;; compositor->expired_s++) {
		uint32_t *head = &compositor->expiry[compositor->expired_s % EXPIRY_SECONDS];
		uint32_t slot = *head, next;

		for (; slot != NONE; slot = next) {
			struct publication *publication = &compositor->publication[slot];

			next = publication->next;
			if (publication->expires_ns > now_ns) {
				if (publication->expires_ns / NS_PER_S == compositor->expired_s)
					continue;
				expiry_remove(compositor, slot);
				expiry_add(compositor, slot);
				continue;
			}
			compositor->counts.expired++;
			publication_end(compositor, slot, publication->expires_ns, BUSY_EXPIRED);
		}
		if (compositor->expired_s >= now_s)
			break;
	}
}

// "epoch-slot-serial", as 2545777538-1-1.
static enum complaint tag_find(const struct compositor *compositor, const struct message *message,
			       uint32_t person, unsigned int event, uint32_t *slot)
{
	struct part tag = message->value[MESSAGE_IF_MATCH];
	const struct publication *publication;
	unsigned int epoch, at, serial;
	char text[TAG_BYTES];
	int used = -1;

	if (message->count[MESSAGE_IF_MATCH] != 1 || memchr(tag.at, ',', tag.len) != NULL ||
	    memchr(tag.at, ' ', tag.len) != NULL)
		return COMPLAINT_MANY_TAGS;
	if (tag.len >= sizeof(text))
		return COMPLAINT_UNKNOWN_TAG;
	memcpy(text, tag.at, tag.len);
	text[tag.len] = '\0';
	if (sscanf(text, "%u-%u-%u%n", &epoch, &at, &serial, &used) != 3 || used != (int)tag.len ||
	    epoch != compositor->options.epoch || at >= compositor->publications ||
	    serial > compositor->serial)
		return COMPLAINT_UNKNOWN_TAG;
	publication = &compositor->publication[at];
	if (publication->person == NONE)
		return COMPLAINT_EXPIRED_TAG;
	if (publication->person != person || publication->event != event)
		return publication->serial == serial ? COMPLAINT_FOREIGN_TAG
						     : COMPLAINT_EXPIRED_TAG;
	if (publication->serial != serial)
		return COMPLAINT_STALE_TAG;
	*slot = at;
	return COMPLAINT_NONE;
}

static bool event_find(const struct compositor *compositor, struct part value, unsigned int *event)
{
	const char *semicolon = memchr(value.at, ';', value.len);

	if (semicolon != NULL)
		value.len = (uint32_t)(semicolon - value.at);
	for (*event = 0; *event < compositor->events; ++*event)
		if (part_equal(compositor->event[*event], value))
			return true;
	return false;
}

// RFC 3903 6 step 4: what was asked for is shortened, never made longer.
static enum complaint expires_find(const struct compositor *compositor,
				   const struct message *message, uint32_t *expires_s)
{
	const struct compositor_options *options = &compositor->options;

	*expires_s = options->max_expires_s;
	if (message->count[MESSAGE_EXPIRES] == 0)
		return COMPLAINT_NONE;
	if (!part_number(message->value[MESSAGE_EXPIRES], expires_s))
		return COMPLAINT_BAD_EXPIRES;
	if (*expires_s != 0 && *expires_s < options->min_expires_s)
		return COMPLAINT_BRIEF_EXPIRES;
	if (*expires_s > options->max_expires_s)
		*expires_s = options->max_expires_s;
	return COMPLAINT_NONE;
}

static enum complaint body_check(const struct message *message, enum wish wish, bool *busy)
{
	struct part type = message->value[MESSAGE_CONTENT_TYPE];
	const char *semicolon = memchr(type.at != NULL ? type.at : "", ';', type.len);
	bool is_presence;
	struct document document;

	if (message->body.len == 0)
		return wish == WISH_INITIAL ? COMPLAINT_NO_BODY : COMPLAINT_NONE;
	if (wish == WISH_REMOVE)
		return COMPLAINT_REMOVE_BODY; // RFC 3903 4.5: must not
	if (type.len == 0)
		return COMPLAINT_NO_CONTENT_TYPE;
	if (semicolon != NULL)
		type.len = (uint32_t)(semicolon - type.at);
	is_presence = part_is_word(type, "application/pidf+xml");
	if (!is_presence && !part_is_word(type, "application/dialog-info+xml"))
		return COMPLAINT_CONTENT_TYPE;
	if (!document_read(&document, message->body) ||
	    !part_is(document.root, is_presence ? "presence" : "dialog-info"))
		return COMPLAINT_DOCUMENT;
	if (!part_equal(document.entity, message->uri))
		return COMPLAINT_ENTITY;
	*busy = document.busy;
	return COMPLAINT_NONE;
}

static enum complaint judge_head(const struct message *message)
{
	uint32_t hops;

	if (!part_is(message->method, "PUBLISH"))
		return COMPLAINT_NOT_PUBLISH;
	if (message->uri.len < 5 || message->uri.len > UINT16_MAX ||
	    (memcmp(message->uri.at, "sip:", 4) != 0 && memcmp(message->uri.at, "sips:", 5) != 0))
		return COMPLAINT_BAD_URI;
	if (!part_number(message->value[MESSAGE_MAX_FORWARDS], &hops) || hops == 0)
		return COMPLAINT_MAX_FORWARDS;
	if (message->to_tag.len > 0)
		return COMPLAINT_TO_TAG;
	if (!part_equal(message->to_uri, message->uri) ||
	    !part_equal(message->from_uri, message->uri))
		return COMPLAINT_NOT_OWN;
	return COMPLAINT_NONE;
}

static void compositor_apply(struct compositor *compositor, unsigned int event, bool busy,
			     bool has_body, uint64_t now_ns, struct verdict *verdict)
{
	struct publication *publication;
	struct presentity *who = &compositor->people.person[verdict->person];

	if (verdict->wish == WISH_INITIAL) {
		if (who->publications > 0)
			compositor->counts.complaint[COMPLAINT_SECOND_INITIAL]++;
		verdict->slot = publication_add(compositor);
		publication = &compositor->publication[verdict->slot];
		*publication = (struct publication){.person = verdict->person,
						    .event = (uint8_t)event};
		who->publications++;
		compositor->counts.published++;
	} else {
		publication = &compositor->publication[verdict->slot];
		expiry_remove(compositor, verdict->slot);
	}
	publication->serial = verdict->serial = ++compositor->serial;
	publication->expires_ns = now_ns + verdict->expires_s * NS_PER_S;
	expiry_add(compositor, verdict->slot);
	if (has_body && busy != publication->busy) {
		publication->busy = busy;
		if (busy)
			people_light_on(&compositor->people, verdict->person, now_ns);
		else
			people_light_off(&compositor->people, verdict->person, now_ns,
					 BUSY_MODIFIED);
	}
	if (verdict->expires_s == 0)
		publication_end(compositor, verdict->slot, now_ns, BUSY_REMOVED);
}

void compositor_judge(struct compositor *compositor, const struct message *message,
		      const uint32_t *expires_s, uint64_t now_ns, struct verdict *verdict)
{
	unsigned int event = 0;
	bool busy = false;
	enum complaint complaint = judge_head(message);

	*verdict = (struct verdict){.wish = wish_of(message), .person = PEOPLE_NOBODY};
	if (complaint == COMPLAINT_NONE) {
		verdict->person = people_find(&compositor->people, message->uri);
		if (compositor->people.person[verdict->person].owed > 0)
			compositor->counts.complaint[COMPLAINT_OUTSTANDING]++;
		// RFC 3903 6, in its order.
		if (message->count[MESSAGE_EVENT] == 0)
			complaint = COMPLAINT_NO_EVENT;
		else if (!event_find(compositor, message->value[MESSAGE_EVENT], &event))
			complaint = COMPLAINT_UNKNOWN_EVENT;
	}
	if (complaint == COMPLAINT_NONE && verdict->wish != WISH_INITIAL)
		complaint = tag_find(compositor, message, verdict->person, event, &verdict->slot);
	if (complaint == COMPLAINT_NONE)
		complaint = expires_find(compositor, message, &verdict->expires_s);
	if (expires_s != NULL && verdict->expires_s > *expires_s)
		verdict->expires_s = *expires_s;
	if (complaint == COMPLAINT_NONE)
		complaint = body_check(message, verdict->wish, &busy);
	verdict->complaint = complaint;
	if (complaint != COMPLAINT_NONE) {
		verdict->status = complaint_status(complaint);
		if (complaint == COMPLAINT_BRIEF_EXPIRES)
			verdict->expires_s = compositor->options.min_expires_s;
		return;
	}
	verdict->status = 200;
	compositor->counts.taken[verdict->wish]++;
	compositor_apply(compositor, event, busy, message->body.len > 0, now_ns, verdict);
}
