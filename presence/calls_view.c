// SPDX-License-Identifier: Apache-2.0
// Calls as people see them, and what the operator may do to them.
#include "presence/calls_inside.h"

#include "config/clock.h"
#include "presence/invites.h"
#include "presence/media_claims.h"
#include "presence/recent.h"

static const char *const why[CAUSE_COUNT] = {
	[CAUSE_SESSION_TIMER] = "session timer", [CAUSE_MAX_AGE] = "maximum age",
	[CAUSE_MEDIA_SILENCE] = "media silence", [CAUSE_NO_ACK] = "no ACK",
	[CAUSE_BYE_TIMEOUT] = "BYE unanswered",  [CAUSE_CANCELLED] = "still ringing",
};

static const char *party_aor(const struct call *call, enum call_role role)
{
	return call->party[role].person != NULL ? call->party[role].person->aor : NULL;
}

static struct call_view view_of(struct call *call)
{
	uint64_t now_ns = clock_mono_ns();
	enum person_cause cause;

	call_media_look(call, now_ns);
	uint64_t deadline_ns = call_deadline(call, now_ns, &cause);

	return (struct call_view){
		.call_id = call->call_id,
		.caller = party_aor(call, CALL_CALLER),
		.callee = party_aor(call, CALL_CALLEE),
		.state = call->state,
		.start_ns = call->start_ns,
		.deadline_ns = deadline_ns != UINT64_MAX ? deadline_ns : 0,
		.deadline_why = call->state == CALL_OVER ? "clear delay"
				: why[cause] != NULL     ? why[cause]
							 : "none",
		.cause = call->cause,
		.has_media = call->media != 0,
		.on_hold = call->flags & CALL_ON_HOLD,
		.media_ns = call_media_seen(call),
	};
}

struct view_each {
	void (*each)(void *ctx, const struct call_view *call);
	void *ctx;
};

static void view_one(void *ctx, struct call *call)
{
	struct view_each *each = ctx;
	struct call_view view = view_of(call);

	if (call->state != CALL_OVER)
		each->each(each->ctx, &view);
}

void calls_each(struct calls *calls, void (*each)(void *ctx, const struct call_view *call),
		void *ctx)
{
	struct view_each view = {each, ctx};

	call_table_each(&calls->table, view_one, &view);
}

void calls_of_person(struct calls *calls, const struct person *person,
		     void (*each)(void *ctx, const struct call_view *call), void *ctx)
{
	for (uint32_t number = person->first_party; number != 0;) {
		enum call_role role;
		struct call *call = call_party_at(calls, number, &role);

		number = call->party[role].next;
		// Both ends the same person: once is enough.
		if (role == CALL_CALLEE && call->party[CALL_CALLER].person == person)
			continue;
		struct call_view view = view_of(call);
		each(ctx, &view);
	}
}

unsigned int calls_clear(struct calls *calls, struct person *person)
{
	unsigned int cleared = 0;
	uint64_t now_ns = clock_mono_ns();

	person->held = true;
	for (; person->first_party != 0; cleared++) {
		enum call_role role;
		struct call *call = call_party_at(calls, person->first_party, &role);
		if (call->state == CALL_OVER) { // kept by clear_delay
			call->end_cause = CAUSE_OPERATOR;
			call_release(call, now_ns);
		} else {
			call_end(call, CAUSE_OPERATOR, now_ns);
		}
	}
	person->held = false;
	person_release(calls->persons, person);
	return cleared;
}

void calls_totals(const struct calls *calls, struct calls_totals *totals)
{
	*totals = (struct calls_totals){
		.attempts = calls->attempts,
		.confirmed = calls->confirmed,
		.learned = calls->learned,
		.up = calls->up,
		.bytes = sizeof(*calls) + call_table_bytes(&calls->table) +
			 invites_bytes(calls->invites) + recent_bytes() +
			 media_claims_bytes(calls->media),
	};
}
