// SPDX-License-Identifier: Apache-2.0
#include "bench/registrar/people.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_FIRST = 1 << 16 };

void *people_grow(void *array, size_t count, size_t size)
{
	array = reallocarray(array, count, size);
	if (array == NULL) {
		fprintf(stderr, "registrar: out of memory\n");
		abort();
	}
	return array;
}

int people_init(struct people *people)
{
	*people = (struct people){.index_mask = INDEX_FIRST - 1};
	people->index = calloc(INDEX_FIRST, sizeof(*people->index));
	return people->index != NULL ? 0 : -ENOMEM;
}

void people_fini(struct people *people)
{
	free(people->person);
	free(people->index);
	free(people->names);
	free(people->ended);
}

struct part people_name(const struct people *people, uint32_t person)
{
	const struct presentity *who = &people->person[person];

	return (struct part){people->names + who->name, who->name_len};
}

static void index_add(struct people *people, uint32_t person)
{
	uint64_t at = part_hash(people_name(people, person));

	while (people->index[at & people->index_mask] != 0)
		at++;
	people->index[at & people->index_mask] = person + 1;
}

// Twice as large, with everybody in it.
static void index_grow(struct people *people)
{
	size_t slots = 2 * ((size_t)people->index_mask + 1);

	people->index_mask = (uint32_t)(slots - 1);
	people->index = people_grow(people->index, slots, sizeof(*people->index));
	memset(people->index, 0, slots * sizeof(*people->index));
	for (uint32_t i = 0; i < people->count; i++)
		index_add(people, i);
}

static uint32_t person_add(struct people *people, struct part name)
{
	uint32_t person = people->count;

	if (person == people->room) {
		people->room = people->room > 0 ? people->room * 2 : 1024;
		people->person = people_grow(people->person, people->room, sizeof(*people->person));
	}
	while (people->names_len + name.len > people->names_room) {
		people->names_room = people->names_room > 0 ? people->names_room * 2 : 65536;
		people->names = people_grow(people->names, people->names_room, 1);
	}
	people->person[person] = (struct presentity){.name = (uint32_t)people->names_len,
						     .name_len = (uint16_t)name.len};
	memcpy(people->names + people->names_len, name.at, name.len);
	people->names_len += name.len;
	if (++people->count > people->index_mask / 2)
		index_grow(people);
	else
		index_add(people, person);
	return person;
}

uint32_t people_find(struct people *people, struct part name)
{
	uint64_t at = part_hash(name);
	uint32_t found;

	for (; (found = people->index[at & people->index_mask]) != 0; at++)
		if (part_equal(people_name(people, found - 1), name))
			return found - 1;
	return person_add(people, name);
}

void people_light_on(struct people *people, uint32_t person, uint64_t now_ns)
{
	struct presentity *who = &people->person[person];

	if (who->lights++ > 0)
		return;
	who->busy_since_ns = now_ns;
	who->stretches++;
	people->busy++;
	if (people->changed != NULL)
		people->changed(people->ctx, person, true, now_ns);
}

void people_light_off(struct people *people, uint32_t person, uint64_t at_ns, enum busy_end end)
{
	struct presentity *who = &people->person[person];

	if (--who->lights > 0)
		return;
	who->busy_ns += at_ns - who->busy_since_ns;
	people->busy--;
	if (people->ended_count == people->ended_room) {
		people->ended_room = people->ended_room > 0 ? people->ended_room * 2 : 4096;
		people->ended = people_grow(people->ended, people->ended_room,
					    sizeof(*people->ended));
	}
	people->ended[people->ended_count++] = (struct busy){
		.person = person, .end = end, .from_ns = who->busy_since_ns, .to_ns = at_ns};
	if (people->changed != NULL)
		people->changed(people->ctx, person, false, at_ns);
}

uint64_t people_busy_ns(const struct people *people, uint32_t person, uint64_t now_ns)
{
	const struct presentity *who = &people->person[person];

	return who->busy_ns + (who->lights > 0 ? now_ns - who->busy_since_ns : 0);
}

bool people_stretch(const struct people *people, size_t index, uint64_t now_ns, struct busy *busy)
{
	if (index < people->ended_count) {
		*busy = people->ended[index];
		return true;
	}
	index -= people->ended_count;
	if (index >= people->count)
		return false;
	*busy = (struct busy){.person = (uint32_t)index,
			      .from_ns = people->person[index].busy_since_ns,
			      .to_ns = now_ns};
	if (people->person[index].lights == 0)
		busy->person = PEOPLE_NOBODY;
	return true;
}

const char *busy_end_name(enum busy_end end)
{
	static const char *const names[BUSY_END_COUNT] = {"still", "removed", "modified",
							  "expired"};

	return end < BUSY_END_COUNT ? names[end] : "still";
}
