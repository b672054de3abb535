// SPDX-License-Identifier: Apache-2.0
// The parts that a person has in calls, as a list that begins with the person. A person counts once
// for each Call-ID, however many dialogs of it there are (forks, both ends the same).
#include "presence/calls_inside.h"

static uint32_t party_number(const struct call *call, enum call_role role)
{
	return call_table_number(call) << 1 | role;
}

struct call *call_party_at(const struct calls *calls, uint32_t number, enum call_role *role)
{
	*role = number & 1 ? CALL_CALLEE : CALL_CALLER;
	return call_table_numbered(&calls->table, number >> 1);
}

static struct call_party *party_at(const struct calls *calls, uint32_t number)
{
	return &call_table_numbered(&calls->table, number >> 1)->party[number & 1];
}

static void party_link(struct call *call, enum call_role role)
{
	struct call_party *party = &call->party[role];
	uint32_t number = party_number(call, role);

	party->next = party->person->first_party;
	party->prev = 0;
	if (party->next != 0)
		party_at(calls_of(call), party->next)->prev = number;
	party->person->first_party = number;
}

static void party_unlink(struct call *call, enum call_role role)
{
	struct call_party *party = &call->party[role];

	if (party->prev != 0)
		party_at(calls_of(call), party->prev)->next = party->next;
	else
		party->person->first_party = party->next;
	if (party->next != 0)
		party_at(calls_of(call), party->next)->prev = party->prev;
	*party = (struct call_party){0};
}

static bool party_counts(const struct call *call, enum call_role role)
{
	return call->counts >> role & 1;
}

static void party_count(struct call *call, enum call_role role, bool counts)
{
	call->counts = (uint8_t)((call->counts & ~(1u << role)) | (unsigned int)counts << role);
}

// The other call, or the other side, of the same Call-ID and person, by whether it is the one that
// counts, which this one is not or is.
static struct call *twin_find(const struct call *call, enum call_role role, bool counts,
			      enum call_role *twin_role)
{
	const struct person *person = call->party[role].person;
	struct call *twin = call_table_first(&calls_of(call)->table, call->key);

	for (; twin != NULL; twin = call_table_next(twin)) {
		for (*twin_role = CALL_CALLER; *twin_role < CALL_ROLES; ++*twin_role) {
			if (twin->party[*twin_role].person == person &&
			    party_counts(twin, *twin_role) == counts)
				return twin;
		}
	}
	return NULL;
}

void call_party_put(struct call *call, enum call_role role, struct person *person,
		    const struct person_event *event)
{
	enum call_role twin_role;

	call->party[role].person = person;
	party_link(call, role);
	bool counts = twin_find(call, role, true, &twin_role) == NULL;
	party_count(call, role, counts);
	person_apply(calls_of(call)->persons, person, true, counts, event);
}

void call_party_go(struct call *call, const struct person_event *event)
{
	for (int i = 0; i < CALL_ROLES; i++) {
		enum call_role role = (enum call_role)i, twin_role;
		struct person *person = call->party[role].person;
		bool counts = party_counts(call, role);

		if (person == NULL)
			continue;
		struct call *twin = counts ? twin_find(call, role, false, &twin_role) : NULL;
		if (twin != NULL) {
			party_count(twin, twin_role, true);
			counts = false;
		}
		party_count(call, role, false);
		party_unlink(call, role);
		person_apply(calls_of(call)->persons, person, false, counts, event);
	}
}
