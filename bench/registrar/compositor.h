// SPDX-License-Identifier: Apache-2.0
// The event state compositor of RFC 3903 6: publications by entity-tag, persons by Request-URI, and
// who was busy from when to when. No sockets and no clock of its own: time comes with each call, so
// that the same requests give the same answers.
#pragma once

#include "bench/registrar/message.h"
#include "bench/registrar/people.h"

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

struct compositor_options {
	uint32_t min_expires_s;     // shorter ones are refused with 423; 0: none
	uint32_t max_expires_s;     // longer ones are granted this
	const char *events;         // event packages served, by comma
	uint32_t epoch;             // first part of all entity-tags
	people_changed_fn *changed; // NULL: nobody asks
	void *ctx;
};

struct verdict {
	enum complaint complaint;
	uint16_t status;
	enum wish wish;
	uint32_t person;       // PEOPLE_NOBODY: none was found
	uint32_t slot, serial; // of the tag given with a 2xx
	uint32_t expires_s;    // granted; with 423 the least
};

struct compositor_counts {
	uint64_t requests; // PUBLISH and other, repeats too
	uint64_t taken[WISH_COUNT];
	uint64_t refused;
	uint64_t expired;
	uint64_t published; // publications now
	uint64_t complaint[COMPLAINT_COUNT];
};

struct compositor;

struct compositor *compositor_new(const struct compositor_options *options);
void compositor_free(struct compositor *compositor);

enum wish wish_of(const struct message *message);
const char *wish_name(enum wish wish);

// Judges and, when nothing speaks against it, applies a request that message_read() has found
// complete. expires_s: granted at most; NULL: as the options say.
void compositor_judge(struct compositor *compositor, const struct message *message,
		      const uint32_t *expires_s, uint64_t now_ns, struct verdict *verdict);
// Ends what has expired by now.
void compositor_expire(struct compositor *compositor, uint64_t now_ns);
struct people *compositor_people(struct compositor *compositor);
struct compositor_counts *compositor_counts(struct compositor *compositor);
