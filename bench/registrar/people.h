// SPDX-License-Identifier: Apache-2.0
// The registrar's persons: numbered as they come, found by Request-URI, each with a light that is
// on while one of their publications says so, and an account of when it was.
#pragma once

#include "bench/registrar/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PEOPLE_NOBODY = UINT32_MAX };

enum busy_end { BUSY_STILL, BUSY_REMOVED, BUSY_MODIFIED, BUSY_EXPIRED, BUSY_END_COUNT };

// A stretch of time with the light on, over all publications of a person.
struct busy {
	uint32_t person;
	enum busy_end end;
	uint64_t from_ns, to_ns; // BUSY_STILL: to_ns is when it was asked
};

struct presentity {
	uint32_t name; // offset
	uint16_t name_len;
	uint16_t owed;                   // answers that have not left
	uint32_t publications, lights;   // lights: of these, the ones that say busy
	uint32_t stretches;              // begun
	uint64_t busy_since_ns, busy_ns; // busy_ns: of the stretches that have ended
};

// A person's light goes on or off.
typedef void people_changed_fn(void *ctx, uint32_t person, bool busy, uint64_t at_ns);

struct people {
	struct presentity *person;
	uint32_t count, room;
	uint64_t busy;              // persons now
	people_changed_fn *changed; // NULL: nobody asks
	void *ctx;
	uint32_t *index; // by hash of the name: person + 1
	uint32_t index_mask;
	char *names;
	size_t names_len, names_room;
	struct busy *ended;
	size_t ended_count, ended_room;
};

int people_init(struct people *people); // 0 or -ENOMEM
void people_fini(struct people *people);
uint32_t people_find(struct people *people, struct part name); // new, if need be
struct part people_name(const struct people *people, uint32_t person);
void people_light_on(struct people *people, uint32_t person, uint64_t now_ns);
void people_light_off(struct people *people, uint32_t person, uint64_t at_ns, enum busy_end end);
// How long all stretches of a person are together, up to now.
uint64_t people_busy_ns(const struct people *people, uint32_t person, uint64_t now_ns);
// Stretches that have ended, in order of their end, then those that have not; one of nobody is to
// be passed over. False: no more.
bool people_stretch(const struct people *people, size_t index, uint64_t now_ns, struct busy *busy);
const char *busy_end_name(enum busy_end end);

// Memory, or the end: a bench registrar without it has nothing to tell.
void *people_grow(void *array, size_t count, size_t size);
