// SPDX-License-Identifier: Apache-2.0
// Who takes part in a call. Asks the directory for one identity after the other, in the order of
// the settings, until one is known; it may answer now or later, or when the call is over.
#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/settings.h"
#include "link/call_event.h"
#include "presence/calls_inside.h"
#include "presence/directory/directory.h"
#include "presence/identity.h"
#include "presence/invites.h"

METRIC_COUNTER(answered, "offhook_calls_answered", NULL, "Dialogs that came up by a 2xx to INVITE")
METRIC_COUNTER(learned, "offhook_calls_learned", NULL,
	       "Dialogs that were up before they were first seen")
METRIC_COUNTER(unmapped_caller, "offhook_calls_unmapped_parties", "role=\"caller\"",
	       "Parties of calls who are nobody in the directory")
METRIC_COUNTER(unmapped_callee, "offhook_calls_unmapped_parties", "role=\"callee\"",
	       "Parties of calls who are nobody in the directory")
METRIC_COUNTER(invite_missing, "offhook_calls_invite_missing", NULL,
	       "Calls that came up without their INVITE: not seen, or overwritten by newer ones")
METRIC_COUNTER(found_late, "offhook_calls_directory_late", NULL,
	       "Answers of the directory for calls that were over")

#define IGNORED(reason, word)                                                   \
	[reason] = {METRIC_IS_COUNTER,                                          \
		    "offhook_calls_ignored",                                    \
		    "reason=\"" word "\"",                                      \
		    "Parties of calls whose presence is left alone, by reason", \
		    0,                                                          \
		    NULL,                                                       \
		    NULL}

static struct metric ignored[IGNORE_COUNT] = {
	IGNORED(IGNORE_NUMBER, "number"),
	IGNORED(IGNORE_SOURCE, "source"),
	IGNORED(IGNORE_USER_AGENT, "user-agent"),
	IGNORED(IGNORE_CUT, "cut-text"),
	IGNORED(IGNORE_ROLE, "role"),
};

__attribute__((constructor)) static void ignored_register(void)
{
	for (int reason = 0; reason < IGNORE_COUNT; reason++) {
		if (ignored[reason].name != NULL)
			metric_register(&ignored[reason]);
	}
}

// A ticket finds its call again, or that it is gone.
static uint64_t ticket_of(const struct call *call, enum call_role role)
{
	return (uint64_t)call_table_number(call) << 32 | call->generation << 1 | role;
}

static struct call *ticket_call(struct calls *calls, uint64_t ticket)
{
	struct call *call = call_table_at(&calls->table, (uint32_t)(ticket >> 32),
					  (uint32_t)ticket >> 1);

	return call != NULL && call->state != CALL_OVER ? call : NULL;
}

static directory_found_fn party_found;

// Asks for the next identity, or gives up.
static void party_look(struct call *call, enum call_role role)
{
	struct calls *calls = calls_of(call);
	const struct call_event *words = call_words_find(call);
	unsigned int order = call->order[role];
	struct identity identity;

	if (words == NULL ||
	    !identity_next(calls->rules, words, role == CALL_CALLER, &order, &identity)) {
		metric_add(role == CALL_CALLER ? &unmapped_caller : &unmapped_callee, 1);
		return;
	}
	call->order[role] = (uint8_t)order;
	directory_find(calls->directory, identity.text, identity.len, party_found, calls,
		       ticket_of(call, role));
}

static void party_found(void *ctx, uint64_t ticket, const struct directory_person *found)
{
	struct calls *calls = ctx;
	enum call_role role = ticket & 1 ? CALL_CALLEE : CALL_CALLER;
	struct call *call = ticket_call(calls, ticket);

	if (call == NULL || call->party[role].person != NULL) {
		metric_add(&found_late, 1);
		return;
	}
	if (found == NULL) {
		party_look(call, role);
		return;
	}
	struct person *person = person_get(calls->persons, found->aor, found->display);
	if (person == NULL)
		return;
	struct person_event event = {call->cause, call->call_id, call->start_ns};
	call_party_put(call, role, person, &event);
	if (!(call->flags & CALL_SETTLING))
		call_record_save_soon(call);
}

static enum identity_ignore party_ignore(const struct call *call, enum call_role role,
					 const struct call_event *words,
					 const struct call_event *answer)
{
	const struct call_event *own = role == CALL_CALLER ? words : answer;

	if (identity_ignore_role(calls_of(call)->rules, role == CALL_CALLER))
		return IGNORE_ROLE;
	// A response carries the User-Agent of the callee, a request that of the caller.
	bool own_words = own != NULL && !(own->flags & EVENT_IS_RESPONSE) == (role == CALL_CALLER);
	if (own_words && identity_ignore_agent(calls_of(call)->rules, own))
		return IGNORE_USER_AGENT;
	return words != NULL ? identity_ignore_call(calls_of(call)->rules, words) : IGNORE_NOT;
}

static void parties_look(struct call *call, const struct call_event *answer)
{
	const struct call_event *words = call_words_find(call);

	for (int role = 0; role < CALL_ROLES; role++) {
		enum identity_ignore reason = party_ignore(call, role, words, answer);
		if (reason == IGNORE_NOT)
			party_look(call, role);
		else
			metric_add(&ignored[reason], 1);
	}
}

void call_parties_replace(struct call *call)
{
	struct calls *calls = calls_of(call);
	const struct call_event *invite = call_words_request(call, false, INVITES_BRANCH);
	enum call_role role;

	if (invite == NULL)
		invite = call_words_request(call, false, INVITES_CSEQ);
	if (invite == NULL || !(invite->flags & EVENT_HAS_REPLACES))
		return;
	struct call *replaced = call_table_find(&calls->table, invite->replaces_key,
						invite->replaces_to_tag, invite->replaces_from_tag,
						&role);
	if (replaced != NULL && replaced != call &&
	    call_step(replaced->state, CALL_MSG_REPLACED).event == CALL_ENDS)
		call_end(replaced, CAUSE_REPLACED, call->start_ns);
}

// How the call came up, as far as the messages seen until now say.
static enum person_cause cause_of(const struct call *call)
{
	if (call->state == CALL_EARLY)
		return CAUSE_RINGING;
	if (call_words_request(call, false, INVITES_CSEQ) != NULL)
		return CAUSE_ANSWERED;
	if (call->flags & CALL_SAW_ANSWER)
		return call_words_request(call, true, INVITES_CSEQ) != NULL ? CAUSE_LEARNED
									    : CAUSE_ANSWERED;
	return CAUSE_LEARNED;
}

void call_parties_settle(struct call *call, const struct call_event *answer, uint64_t now_ns)
{
	struct calls *calls = calls_of(call);
	bool ringing = call_words_ring(calls, call->key, call->tag[CALL_CALLER], call->start_ns) ||
		       call_words_ring(calls, call->key, call->tag[CALL_CALLEE], call->start_ns);

	call->flags &= (uint8_t)~CALL_WAITS;
	if (!(call->flags & CALL_SAW_ANSWER) && call->state == CALL_UP && ringing) {
		// An UPDATE of a call that rings: its INVITE came late, its 2xx did not come at
		// all.
		calls->up--;
		call_forget(call);
		return;
	}
	call->cause = (uint8_t)cause_of(call);
	call_parties_count(call);
	if (answer == NULL)
		answer = call_words_answer(call);
	call->flags |= CALL_SETTLING;
	parties_look(call, answer);
	call->flags &= (uint8_t)~CALL_SETTLING;
	if (call->state == CALL_UP) {
		call_parties_replace(call);
		call_record_save_soon(call);
	}
	call_arm(call, now_ns);
}

void call_parties_count(struct call *call)
{
	if (call->cause == CAUSE_ANSWERED) {
		calls_of(call)->confirmed++;
		metric_add(&answered, 1);
	} else if (call->cause == CAUSE_LEARNED) {
		calls_of(call)->learned++;
		metric_add(&learned, 1);
	}
}

void call_parties_find(struct call *call, const struct call_event *answer, uint64_t now_ns)
{
	bool is_here = call_words_request(call, false, INVITES_CSEQ) != NULL ||
		       (call->state == CALL_UP &&
			call_words_request(call, true, INVITES_CSEQ) != NULL);

	if (is_here && call->flags & CALL_SAW_ANSWER) {
		call_parties_settle(call, answer, now_ns);
		return;
	}
	metric_add(&invite_missing, 1);
	invites_add(calls_of(call)->invites, answer);
	call->flags |= CALL_WAITS;
	call_arm(call, now_ns);
}
