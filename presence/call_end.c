// SPDX-License-Identifier: Apache-2.0
// When a call is given up, and what happens when it is over. A lost BYE must not leave a lamp on:
// each call has a deadline, from its session timer (RFC 4028), its age, its missing ACK or its
// unanswered BYE, whichever comes first.
#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/settings.h"
#include "presence/calls_inside.h"
#include "presence/recent.h"

// How long an INVITE may come behind its 2xx, when two poll cores see them: the bursts of a core
// that sleeps are looked at well within this.
#define INVITE_WAIT_NS (50 * NS_PER_MS)
// RFC 3261 16.6 item 11: timer C, more than three minutes after the last 1xx.
#define EARLY_NS       (180 * NS_PER_S)

#define ENDED(cause, word)                         \
	[cause] = {METRIC_IS_COUNTER,              \
		   "offhook_calls_ended",          \
		   "cause=\"" word "\"",           \
		   "Dialogs that ended, by cause", \
		   0,                              \
		   NULL,                           \
		   NULL}

static struct metric ended[CAUSE_COUNT] = {
	ENDED(CAUSE_BYE, "bye"),           ENDED(CAUSE_BYE_TIMEOUT, "bye-timeout"),
	ENDED(CAUSE_GONE, "gone"),         ENDED(CAUSE_REPLACED, "replaced"),
	ENDED(CAUSE_NO_ACK, "no-ack"),     ENDED(CAUSE_SESSION_TIMER, "session-timer"),
	ENDED(CAUSE_MAX_AGE, "max-age"),   ENDED(CAUSE_CANCELLED, "cancelled"),
	ENDED(CAUSE_OPERATOR, "operator"), ENDED(CAUSE_MEDIA_SILENCE, "media-silence"),
};

__attribute__((constructor)) static void ended_register(void)
{
	for (int cause = 0; cause < CAUSE_COUNT; cause++) {
		if (ended[cause].name != NULL)
			metric_register(&ended[cause]);
	}
}

// from_ns may lie before the clock's zero (a call that is older than the machine is up), or a
// little behind now_ns (a message from another poll core). What is overdue is due now.
static uint64_t after(uint64_t from_ns, uint64_t span_ns, uint64_t now_ns)
{
	int64_t age_ns = (int64_t)(now_ns - from_ns);

	return age_ns >= (int64_t)span_ns ? now_ns : from_ns + span_ns;
}

static void sooner(uint64_t *deadline_ns, enum person_cause *cause, uint64_t other_ns,
		   enum person_cause other_cause)
{
	if (other_ns >= *deadline_ns)
		return;
	*deadline_ns = other_ns;
	*cause = other_cause;
}

uint64_t call_alive_ns(const struct call *call)
{
	bool by_media = call->flags & CALL_MEDIA_SEEN && call->media_ns > call->changed_ns;

	return by_media ? call->media_ns : call->changed_ns;
}

uint64_t call_deadline(const struct call *call, uint64_t now_ns, enum person_cause *cause)
{
	const struct settings_calls *settings = &calls_of(call)->settings->calls;
	uint64_t deadline_ns = UINT64_MAX;

	*cause = CAUSE_NONE;
	switch (call->state) {
	case CALL_EARLY: *cause = CAUSE_CANCELLED; return after(call->changed_ns, EARLY_NS, now_ns);
	case CALL_ENDING:
		*cause = CAUSE_BYE_TIMEOUT;
		return after(call->changed_ns, settings->bye_timeout_ns, now_ns);
	case CALL_OVER:
		*cause = call->end_cause;
		return after(call->changed_ns, settings->clear_delay_ns, now_ns);
	default: break;
	}
	if (settings->ack_timeout_ns > 0 && !(call->flags & CALL_ACKED))
		sooner(&deadline_ns, cause, after(call->start_ns, settings->ack_timeout_ns, now_ns),
		       CAUSE_NO_ACK);
	if (call->session_ns > 0)
		sooner(&deadline_ns, cause, call->session_ns, CAUSE_SESSION_TIMER);
	if (settings->max_call_age_ns > 0)
		sooner(&deadline_ns, cause,
		       after(call_alive_ns(call), settings->max_call_age_ns, now_ns),
		       CAUSE_MAX_AGE);
	sooner(&deadline_ns, cause, call_media_deadline(call), CAUSE_MEDIA_SILENCE);
	return deadline_ns;
}

void call_release(struct call *call, uint64_t now_ns)
{
	struct person_event event = {call->end_cause, call->call_id, now_ns};

	call_party_go(call, &event);
	call_forget(call);
}

static void call_fire(struct timer *timer)
{
	struct call *call = (struct call *)((char *)timer - offsetof(struct call, timer));
	enum person_cause cause;
	uint64_t now_ns = clock_mono_ns();

	if (call->flags & CALL_WAITS) {
		call_parties_settle(call, NULL, now_ns); // arms, or the call is gone
		return;
	}
	call_media_look(call, now_ns);
	if (now_ns < call_deadline(call, now_ns, &cause)) {
		call_arm(call, now_ns);
		return;
	}
	if (call->state == CALL_OVER) {
		call_release(call, now_ns);
		return;
	}
	enum call_message message = call->state == CALL_ENDING ? CALL_MSG_BYE_TIMEOUT
							       : CALL_MSG_LOST;
	if (call_step(call->state, message).event == CALL_ENDS)
		call_end(call, cause, now_ns);
}

void call_arm(struct call *call, uint64_t now_ns)
{
	enum person_cause cause;
	uint64_t due_ns = call_deadline(call, now_ns, &cause);

	sooner(&due_ns, &cause, call_media_due(call), cause);
	if (call->flags & CALL_WAITS)
		due_ns = call->start_ns + INVITE_WAIT_NS;
	if (due_ns == UINT64_MAX)
		timer_cancel(calls_of(call)->wheel, &call->timer);
	else
		timer_set(calls_of(call)->wheel, &call->timer, due_ns, call_fire);
}

void call_forget(struct call *call)
{
	timer_cancel(calls_of(call)->wheel, &call->timer);
	call_media_drop(call);
	call_table_remove(&calls_of(call)->table, call);
}

void call_end(struct call *call, enum person_cause cause, uint64_t now_ns)
{
	struct calls *calls = calls_of(call);
	bool rang_only = call->state == CALL_EARLY;

	log_debug("call", "end", "call_id=%s cause=%s", log_quote(call->call_id),
		  person_cause_name(cause));
	metric_add(&ended[cause], 1);
	// Another 2xx to the same INVITE may still come to a dialog that only rang.
	recent_mark(calls->recent, call->key, call->tag[CALL_CALLER], call->tag[CALL_CALLEE],
		    cause == CAUSE_CANCELLED ? RECENT_SETTLED : RECENT_OVER, now_ns);
	if (!rang_only)
		calls->up--;
	if (call->flags & CALL_WAITS && !rang_only)
		call_parties_count(call); // over before anybody was told
	call->flags &= (uint8_t)~CALL_WAITS;
	call->state = CALL_OVER;
	call->end_cause = (uint8_t)cause;
	call->changed_ns = now_ns;
	call_media_drop(call);
	call_record_drop(call);
	bool lingers = calls->settings->calls.clear_delay_ns > 0 && cause != CAUSE_OPERATOR &&
		       (call->party[CALL_CALLER].person != NULL ||
			call->party[CALL_CALLEE].person != NULL);
	if (lingers)
		call_arm(call, now_ns);
	else
		call_release(call, now_ns);
}
