// SPDX-License-Identifier: Apache-2.0
// The event state compositor of RFC 3903 6: publications by entity-tag, persons by Request-URI, and
// who was busy from when to when. No sockets and no clock of its own: time comes with each call, so
// that the same requests give the same answers.
#pragma once

#include "bench/registrar/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a PUBLISH asks for (RFC 3903 4.1 table 1).
enum wish {
	WISH_NONE, // no PUBLISH
	WISH_INITIAL,
	WISH_REFRESH,
	WISH_MODIFY,
	WISH_REMOVE,
	WISH_COUNT,
};

enum busy_end { BUSY_STILL, BUSY_REMOVED, BUSY_MODIFIED, BUSY_EXPIRED, BUSY_END_COUNT };

enum { COMPOSITOR_NOBODY = UINT32_MAX };

struct compositor_options {
	uint32_t min_expires_s; // shorter ones are refused with 423; 0: none
	uint32_t max_expires_s; // longer ones are granted this
	const char *events;     // event packages served, by comma
	uint32_t epoch;         // first part of all entity-tags
	// A person's light goes on or off; NULL: nobody asks.
	void (*changed)(void *ctx, uint32_t person, bool busy, uint64_t at_ns);
	void *ctx;
};

struct verdict {
	enum complaint complaint;
	uint16_t status;
	enum wish wish;
	uint32_t person;       // COMPOSITOR_NOBODY: none was found
	uint32_t slot, serial; // of the tag given with a 2xx
	uint32_t expires_s;    // granted; with 423 the least
};

// A stretch of time with the light on, over all publications of a person.
struct busy {
	uint32_t person;
	enum busy_end end;
	uint64_t from_ns, to_ns; // BUSY_STILL: to_ns is when it was asked
};

struct compositor_counts {
	uint64_t requests; // PUBLISH and other, repeats too
	uint64_t taken[WISH_COUNT];
	uint64_t refused;
	uint64_t expired;
	uint64_t published; // publications now
	uint64_t busy;      // persons now
	uint64_t complaint[COMPLAINT_COUNT];
};

struct compositor;

struct compositor *compositor_new(const struct compositor_options *options);
void compositor_free(struct compositor *compositor);

enum wish wish_of(const struct message *message);
const char *wish_name(enum wish wish);
const char *busy_end_name(enum busy_end end);

// Judges and, when nothing speaks against it, applies a request that message_read() has found
// complete. expires_s: granted at most; NULL: as the options say.
void compositor_judge(struct compositor *compositor, const struct message *message,
		      const uint32_t *expires_s, uint64_t now_ns, struct verdict *verdict);
// Ends what has expired by now.
void compositor_expire(struct compositor *compositor, uint64_t now_ns);
// A person's answer is on its way later than at once, and then it has left: until that, a further
// request for the person is too early.
void compositor_owes(struct compositor *compositor, uint32_t person);
void compositor_paid(struct compositor *compositor, uint32_t person);

struct compositor_counts *compositor_counts(struct compositor *compositor);
uint32_t compositor_persons(const struct compositor *compositor);
struct part compositor_person_name(const struct compositor *compositor, uint32_t person);
bool compositor_person_busy(const struct compositor *compositor, uint32_t person);
// Number of stretches ever begun by a person, and how long they are together, up to now.
void compositor_person_total(const struct compositor *compositor, uint32_t person, uint64_t now_ns,
			     uint64_t *busy_ns, uint32_t *count);
// Stretches that have ended, in order of their end, then those that have not. false: no more.
bool compositor_busy(const struct compositor *compositor, size_t index, uint64_t now_ns,
		     struct busy *busy);
