// SPDX-License-Identifier: Apache-2.0
// What the store keeps of a call that makes somebody busy, and how it comes back after a start.
// Only written when the call comes up and when its deadline has moved far: not for each refresh.
#include <stddef.h>
#include <string.h>

#include "config/clock.h"
#include "config/settings.h"
#include "link/known_calls.h"
#include "presence/calls_inside.h"
#include "presence/recent.h"
#include "presence/store/store.h"

// Less than session_slack by default, so that a deadline that is this much too early ends no call
// whose refresh arrives.
enum { RECORD_MOVE_S = 30 };

// Without ACK and BYE: these are settled long before anybody reads the record.
static uint64_t record_deadline(const struct call *call)
{
	const struct settings_calls *settings = &calls_of(call)->settings->calls;
	uint64_t age_ns = settings->max_call_age_ns;

	uint64_t alive_ns = call_alive_ns(call);

	if (age_ns > 0 && (call->session_ns == 0 || alive_ns + age_ns < call->session_ns))
		return alive_ns + age_ns;
	return call->session_ns;
}

static void text_copy(char out[STORE_TEXT], const char *text)
{
	size_t len = strnlen(text, STORE_TEXT - 1);

	memcpy(out, text, len);
	out[len] = '\0';
}

static void aor_copy(char out[STORE_TEXT], const struct person *person)
{
	text_copy(out, person != NULL ? person->aor : "");
}

void call_record_save(struct call *call)
{
	struct store_call record = {
		.call_key = call->key,
		.caller_tag = call->tag[CALL_CALLER],
		.callee_tag = call->tag[CALL_CALLEE],
		.start_wall_ns = clock_mono_to_wall(call->start_ns),
		.cseq_caller = call->cseq[CALL_CALLER],
		.cseq_callee = call->cseq[CALL_CALLEE],
	};
	uint64_t deadline_ns = record_deadline(call);

	if (calls_of(call)->store == NULL || call->state != CALL_UP ||
	    (call->party[CALL_CALLER].person == NULL && call->party[CALL_CALLEE].person == NULL))
		return;
	if (deadline_ns > 0)
		record.deadline_wall_ns = clock_mono_to_wall(deadline_ns);
	text_copy(record.call_id, call->call_id);
	aor_copy(record.caller, call->party[CALL_CALLER].person);
	aor_copy(record.callee, call->party[CALL_CALLEE].person);
	call_media_record(call, &record);
	call->saved_s = (uint32_t)(deadline_ns / NS_PER_S);
	call->flags |= CALL_KEPT;
	store_save_call(calls_of(call)->store, &record);
}

static void save_unsaved(struct timer *timer)
{
	struct calls *calls = (struct calls *)((char *)timer - offsetof(struct calls, save));

	for (unsigned int i = 0; i < calls->unsaved_count; i++) {
		struct call *call = call_table_at(&calls->table, calls->unsaved[i].number,
						  calls->unsaved[i].generation);
		if (call != NULL) // not over meanwhile
			call_record_save(call);
	}
	calls->unsaved_count = 0;
}

// A worker killed in between reads the event again: it is held in its ring for longer.
void call_record_save_soon(struct call *call)
{
	struct calls *calls = calls_of(call);
	unsigned int count = calls->unsaved_count;

	if (calls->store == NULL)
		return;
	if (count == CALLS_UNSAVED_MOST) {
		call_record_save(call);
		return;
	}
	calls->unsaved[count].number = call_table_number(call);
	calls->unsaved[count].generation = call->generation;
	calls->unsaved_count++;
	if (count == 0)
		timer_set(calls->wheel, &calls->save, 0, save_unsaved);
}

// How far the deadline is from the one in the store.
static int64_t record_moved_s(const struct call *call)
{
	return (int64_t)(record_deadline(call) / NS_PER_S) - call->saved_s;
}

void call_record_refresh(struct call *call)
{
	int64_t moved_s = record_moved_s(call);

	if (call->flags & CALL_KEPT && (moved_s >= RECORD_MOVE_S || moved_s <= -RECORD_MOVE_S))
		call_record_save(call);
}

// They are seen each minute: the deadline that they move, if they do, is written when half of it is
// over.
void call_record_media(struct call *call, bool first)
{
	int64_t half_s = (int64_t)(calls_of(call)->settings->calls.max_call_age_ns / NS_PER_S / 2);

	if (call->flags & CALL_KEPT && (first || record_moved_s(call) > half_s))
		call_record_save(call);
}

void call_record_drop(struct call *call)
{
	if (call->flags & CALL_KEPT)
		store_drop_call(calls_of(call)->store, call->key, call->tag[CALL_CALLER],
				call->tag[CALL_CALLEE]);
}

static void record_again(void *ctx, struct call *call)
{
	(void)ctx;
	if (call->flags & CALL_KEPT)
		call_record_save(call);
}

void calls_reassert(struct calls *calls)
{
	call_table_each(&calls->table, record_again, NULL);
}

static void party_restore(struct call *call, enum call_role role, const char *aor, uint64_t now_ns)
{
	struct person_event event = {CAUSE_RESTORED, call->call_id, now_ns};
	struct person *person = aor[0] != '\0' ? person_get(calls_of(call)->persons, aor, "")
					       : NULL;

	if (person != NULL)
		call_party_put(call, role, person, &event);
}

// A deadline before the maximum age of a call that never gave a sign of life was the session
// timer's; any other says when the last sign was. One in the past is due at once.
static void deadline_restore(struct call *call, const struct store_call *record, uint64_t now_ns)
{
	uint64_t age_ns = calls_of(call)->settings->calls.max_call_age_ns;
	bool past = record->deadline_wall_ns <= clock_wall_ns();

	call->changed_ns = call->start_ns;
	if (record->deadline_wall_ns == 0)
		return;
	if (age_ns == 0 || record->deadline_wall_ns < record->start_wall_ns + age_ns)
		call->session_ns = past ? now_ns : clock_wall_to_mono(record->deadline_wall_ns);
	else
		call->changed_ns = clock_wall_to_mono(record->deadline_wall_ns - age_ns);
}

void calls_restore(struct calls *calls, const struct store_call *record)
{
	uint64_t now_ns = clock_mono_ns();
	enum call_role role;

	if (call_table_find(&calls->table, record->call_key, record->caller_tag, record->callee_tag,
			    &role) != NULL)
		return;
	// Its end may have been seen before the store was read; and who is not followed has no
	// record.
	bool over = recent_marks(calls->recent, record->call_key, record->caller_tag,
				 record->callee_tag, now_ns) &
		    RECENT_OVER;
	struct call *call = NULL;
	if (!over)
		call = call_new(calls, record->call_key, record->call_id,
				strnlen(record->call_id, sizeof(record->call_id)));
	if (call == NULL) {
		if (calls->store != NULL)
			store_drop_call(calls->store, record->call_key, record->caller_tag,
					record->callee_tag);
		return;
	}
	call->tag[CALL_CALLER] = record->caller_tag;
	call->tag[CALL_CALLEE] = record->callee_tag;
	call->cseq[CALL_CALLER] = record->cseq_caller;
	call->cseq[CALL_CALLEE] = record->cseq_callee;
	call->state = CALL_UP;
	if (calls->known != NULL)
		known_calls_up(calls->known, record->call_key, now_ns);
	call->cause = CAUSE_RESTORED;
	call->flags = CALL_ACKED | CALL_KEPT | CALL_SAW_ANSWER;
	call->start_ns = clock_wall_to_mono(record->start_wall_ns);
	if (record->start_wall_ns > clock_wall_ns())
		call->start_ns = now_ns; // the wall clock was set back
	deadline_restore(call, record, now_ns);
	call_media_restore(call, record, now_ns);
	call->saved_s = (uint32_t)(record_deadline(call) / NS_PER_S);
	calls->up++;
	party_restore(call, CALL_CALLER, record->caller, now_ns);
	party_restore(call, CALL_CALLEE, record->callee, now_ns);
	call_arm(call, now_ns);
}
