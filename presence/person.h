// SPDX-License-Identifier: Apache-2.0
// Persons who are busy or still have a publication, and why. A person is an address of record; busy
// while any call is. Allocated by the first call and freed when neither a call nor a publication is
// left. Hands every change to the sink: publications in the engine, a printer in replay.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct persons;

struct person {
	struct person *hash_next;
	struct person *next, **prev;     // all persons, the newest first
	const char *aor;                 // owned
	const char *display;             // owned; may be empty
	uint32_t parties;                // this person's parts in calls
	uint32_t calls;                  // distinct Call-IDs among them
	uint32_t first_party;            // list of presence/call_party.c
	bool held;                       // not to be freed right now
	uint64_t busy_since_ns;          // monotonic; 0: not busy
	struct publication *publication; // owned by presence/publication.c; NULL in replay
};

enum person_cause {
	CAUSE_NONE,
	CAUSE_ANSWERED, // 2xx to INVITE
	CAUSE_LEARNED,  // 2xx inside a dialog that was up before we looked
	CAUSE_RINGING,  // early dialogs count as busy
	CAUSE_RESTORED, // from the store
	CAUSE_BYE,      // answered BYE
	CAUSE_BYE_TIMEOUT,
	CAUSE_GONE,     // 481 or 408 to a request in the dialog
	CAUSE_REPLACED, // RFC 3891
	CAUSE_NO_ACK,
	CAUSE_SESSION_TIMER, // RFC 4028
	CAUSE_MAX_AGE,
	CAUSE_MEDIA_SILENCE, // RTP was seen and stopped
	CAUSE_CANCELLED,     // an early dialog ended
	CAUSE_OPERATOR,      // offhookctl clear
	CAUSE_STOPPED,       // the engine stops and takes its publications back
	CAUSE_COUNT,
};
const char *person_cause_name(enum person_cause cause); // "answered", "bye-timeout"

// One change of one person's presence.
struct person_change {
	struct person *person;
	bool busy;
	enum person_cause cause;
	const char *call_id; // the call that caused it; for people
	uint64_t event_ns;   // when the message that caused it was on the wire; monotonic
};

typedef void person_sink(void *ctx, const struct person_change *change);

struct persons *persons_new(person_sink *sink, void *ctx);
void persons_free(struct persons *persons);
struct person *person_find(struct persons *persons, const char *aor);
struct person *person_get(struct persons *persons, const char *aor, const char *display);
// Frees the person if nothing holds it any more.
void person_release(struct persons *persons, struct person *person);
// What happened to a call.
struct person_event {
	enum person_cause cause;
	const char *call_id;
	uint64_t event_ns;
};

// The straight way: a part in a call came up or went; then the person may be gone. counts: as one
// more of the distinct Call-IDs.
void person_apply(struct persons *persons, struct person *person, bool up, bool counts,
		  const struct person_event *event);
size_t persons_count(const struct persons *persons);
size_t persons_busy(const struct persons *persons);
size_t persons_bytes(const struct persons *persons); // memory of the table and its persons
void persons_each(struct persons *persons, void (*each)(void *ctx, struct person *person),
		  void *ctx);
