// SPDX-License-Identifier: Apache-2.0
// The straight way of an event: which dialog it is of, whether it is new and to be believed, what
// the table of sip/call.h makes of it. RFC 3261 12 and 15, seen from beside the wire: messages may
// be missing, come twice (retransmitted, or from two mirrors) and in any order within a few
// milliseconds (from different poll cores).
#include "presence/calls.h"

#include <stdlib.h>
#include <sys/random.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/metric.h"
#include "config/settings.h"
#include "link/call_event.h"
#include "presence/calls_inside.h"
#include "presence/identity.h"
#include "presence/invites.h"
#include "presence/media_claims.h"
#include "presence/recent.h"
#include "sip/msg.h"

enum {
	// Dialogs of one Call-ID: more branches than any proxy forks to.
	CALL_FORKS_MAX = 64,
	SESSION_MIN_S = 90, // RFC 4028 5: nobody may ask for less
};

METRIC_COUNTER(attempts, "offhook_calls_attempts", NULL, "INVITEs that began a call attempt")
METRIC_COUNTER(refused_limit, "offhook_calls_refused", "reason=\"max-calls\"",
	       "Dialogs that were not followed")
METRIC_COUNTER(refused_forks, "offhook_calls_refused", "reason=\"forks\"",
	       "Dialogs that were not followed")
METRIC_COUNTER(refused_memory, "offhook_calls_refused", "reason=\"no-memory\"",
	       "Dialogs that were not followed")
METRIC_COUNTER(duplicates, "offhook_calls_duplicates", NULL,
	       "Messages that were known already or came after the end")
METRIC_COUNTER(wire_restarts, "offhook_calls_wire_restarts", NULL,
	       "Times that the wire process came back, so that messages may be missing")

struct calls *calls_new(const struct calls_options *options)
{
	struct calls *calls = calloc(1, sizeof(*calls));

	if (calls == NULL)
		return NULL;
	calls->settings = options->settings;
	calls->wheel = options->wheel;
	calls->directory = options->directory;
	calls->persons = options->persons;
	calls->store = options->store;
	calls->known = options->known;
	calls->rules = identity_rules_new(options->settings);
	calls->invites = invites_new(INVITES_BYTES);
	calls->recent = recent_new();
	if (options->media != NULL)
		calls->media = media_claims_new(options->media, options->media_key);
	if (call_table_init(&calls->table, options->settings->calls.max_calls) < 0 ||
	    calls->rules == NULL || calls->invites == NULL || calls->recent == NULL ||
	    (options->media != NULL && calls->media == NULL) ||
	    getrandom(&calls->key, sizeof(calls->key), 0) != sizeof(calls->key)) {
		calls_free(calls);
		return NULL;
	}
	return calls;
}

static void call_unlink(void *ctx, struct call *call)
{
	struct calls *calls = ctx;

	timer_cancel(calls->wheel, &call->timer);
	call_media_drop(call);
}

void calls_free(struct calls *calls)
{
	if (calls == NULL)
		return;
	timer_cancel(calls->wheel, &calls->save);
	call_table_each(&calls->table, call_unlink, calls);
	call_table_fini(&calls->table);
	identity_rules_free(calls->rules);
	invites_free(calls->invites);
	recent_free(calls->recent);
	media_claims_free(calls->media);
	free(calls);
}

static void call_arm_anew(void *ctx, struct call *call)
{
	const uint64_t *now_ns = ctx;

	call_arm(call, *now_ns);
}

void calls_sight(struct calls *calls, bool sees)
{
	uint64_t now_ns = clock_mono_ns();

	if (sees != calls->blind)
		return;
	calls->blind = !sees;
	calls->sight_ns = now_ns;
	if (calls->up > 0)
		log_info("call", sees ? "sees-media" : "blind", "calls=%zu", calls->up);
	call_table_each(&calls->table, call_arm_anew, &now_ns);
}

void calls_settings(struct calls *calls, const struct settings *settings)
{
	struct identity_rules *rules = identity_rules_new(settings);
	uint64_t now_ns = clock_mono_ns();

	calls->settings = settings;
	// A shorter maximum age is for the calls that are up, too.
	call_table_each(&calls->table, call_arm_anew, &now_ns);
	if (rules == NULL)
		return; // the old ones stay
	identity_rules_free(calls->rules);
	calls->rules = rules;
}

// RFC 4028 7.2: a 2xx without Session-Expires ends the session timer.
static void session_follow(struct call *call, const struct call_event *event, uint64_t now_ns)
{
	uint64_t span_s = event->session_expires_s;

	if (event->cseq_method != SIP_INVITE && event->cseq_method != SIP_UPDATE)
		return;
	if (span_s == 0) {
		call->session_ns = 0;
		return;
	}
	if (span_s < SESSION_MIN_S)
		span_s = SESSION_MIN_S;
	call->session_ns = now_ns + span_s * NS_PER_S +
			   calls_of(call)->settings->calls.session_slack_ns;
}

struct call *call_new(struct calls *calls, struct siphash128 key, const char *call_id, size_t len)
{
	uint64_t max_calls = calls->settings->calls.max_calls;

	if (calls->table.count >= max_calls) {
		metric_add(&refused_limit, 1);
		log_warn("call", "limit", "max_calls=%lu call_id=%s", (unsigned long)max_calls,
			 log_quote_n(call_id, len));
		return NULL;
	}
	int forks = 0;
	for (struct call *call = call_table_first(&calls->table, key); call != NULL;
	     call = call_table_next(call))
		forks++;
	if (forks >= CALL_FORKS_MAX) {
		metric_add(&refused_forks, 1);
		log_warn("call", "forks", "call_id=%s", log_quote_n(call_id, len));
		return NULL;
	}
	struct call *call = call_table_add(&calls->table, key, call_id, len);
	if (call == NULL) {
		metric_add(&refused_memory, 1);
		log_warn("call", "no-memory", "calls=%zu", calls->table.count);
		return NULL;
	}
	return call;
}

static void call_start(struct calls *calls, const struct call_event *event,
		       enum call_message message, struct call_change change, unsigned int marks,
		       uint64_t now_ns)
{
	struct sip_slice text = event->text[EVENT_TEXT_CALL_ID];
	struct call *call = call_new(calls, event->call_key, event->bytes + text.off, text.len);

	if (call == NULL)
		return;
	call->tag[CALL_CALLER] = event->from_tag;
	call->tag[CALL_CALLEE] = event->to_tag;
	call->state = change.state;
	call->start_ns = call->changed_ns = now_ns;
	call->cseq[CALL_CALLER] = call->invite_cseq = event->cseq;
	call->branch = (uint32_t)event->branch;
	call->cause = message == CALL_MSG_INSIDE ? CAUSE_LEARNED : CAUSE_ANSWERED;
	if (message != CALL_MSG_INSIDE)
		call->flags |= CALL_SAW_ANSWER;
	if (message == CALL_MSG_INSIDE || marks & RECENT_ACKED)
		call->flags |= CALL_ACKED;
	call_judge_addresses(call, event);
	if (change.event == CALL_STARTS) {
		session_follow(call, event, now_ns);
		call_media_start(call, event, now_ns);
		calls->up++;
	}
	log_debug("call", "start", "call_id=%s by=%s", log_quote(call->call_id),
		  call_message_name(message));
	call_parties_find(call, event, now_ns);
}

// A message of a dialog that is not in the table.
static void unknown_apply(struct calls *calls, const struct call_event *event,
			  enum call_message message, uint64_t now_ns)
{
	unsigned int marks = recent_marks(calls->recent, event->call_key, event->from_tag,
					  event->to_tag, now_ns);
	struct call_change change = call_step(CALL_NONE, message);

	if (message == CALL_MSG_ACK || change.state == CALL_OVER) {
		recent_mark(calls->recent, event->call_key, event->from_tag, event->to_tag,
			    message == CALL_MSG_ACK ? RECENT_ACKED : RECENT_OVER, now_ns);
		return;
	}
	if (marks & RECENT_OVER) {
		metric_add(&duplicates, 1);
		return;
	}
	if (change.event == CALL_RINGS &&
	    (!calls->settings->calls.early_is_busy || marks & RECENT_SETTLED))
		return;
	if (message == CALL_MSG_INSIDE &&
	    (call_words_ring(calls, event->call_key, event->from_tag, now_ns) ||
	     call_words_ring(calls, event->call_key, event->to_tag, now_ns)))
		return; // an UPDATE by either side of a call that rings
	if (change.event == CALL_RINGS || change.event == CALL_STARTS)
		call_start(calls, event, message, change, marks, now_ns);
}

// Early dialogs of an INVITE that has its final response; `up` is the one that was answered.
static void early_end(struct calls *calls, const struct call_event *event, const struct call *up,
		      uint64_t now_ns)
{
	struct call *call = call_table_first(&calls->table, event->call_key), *next;

	for (; call != NULL; call = next) {
		next = call_table_next(call);
		if (call != up && call->state == CALL_EARLY &&
		    call->tag[CALL_CALLER] == event->from_tag && call->invite_cseq == event->cseq)
			call_end(call, CAUSE_CANCELLED, now_ns);
	}
}

static enum person_cause cause_of_end(enum call_state state, enum call_message message)
{
	if (state == CALL_EARLY && message != CALL_MSG_BYE_DONE)
		return CAUSE_CANCELLED;
	return message == CALL_MSG_GONE ? CAUSE_GONE : CAUSE_BYE;
}

static void call_alive(struct call *call, enum call_role role, const struct call_event *event,
		       enum call_message message, uint64_t now_ns)
{
	// An ACK belongs to the answer; what comes later says that the call goes on.
	if (message != CALL_MSG_ACK)
		call->changed_ns = now_ns;
	if (call->state == CALL_UP || message == CALL_MSG_ACK)
		call->flags |= CALL_ACKED;
	if (message == CALL_MSG_ANSWER || message == CALL_MSG_INSIDE)
		session_follow(call, event, now_ns);
	if (call->state == CALL_UP && event->media.len > 0)
		call_media_follow(call, role, event, now_ns);
	call_arm(call, now_ns);
	call_record_refresh(call);
}

// An early dialog is answered: its parties stay as they are.
static void early_answered(struct call *call, const struct call_event *event, uint64_t now_ns)
{
	call->start_ns = call->changed_ns = now_ns;
	call->invite_cseq = event->cseq;
	if (event->cseq > call->cseq[CALL_CALLER])
		call->cseq[CALL_CALLER] = event->cseq;
	calls_of(call)->up++;
	session_follow(call, event, now_ns);
	call_media_start(call, event, now_ns);
	if (!(call->flags & CALL_WAITS)) {
		call->cause = CAUSE_ANSWERED;
		call_parties_count(call);
		call_parties_replace(call);
		call_record_save_soon(call);
	}
	call_arm(call, now_ns);
}

static void known_apply(struct call *call, enum call_role role, const struct call_event *event,
			enum call_message message, uint64_t now_ns)
{
	enum call_state before = call->state;

	call_judge_addresses(call, event);
	// Should it turn out to be a call that rings, its ACK must not be forgotten with it.
	if (message == CALL_MSG_ACK && call->flags & CALL_WAITS)
		recent_mark(calls_of(call)->recent, call->key, event->from_tag, event->to_tag,
			    RECENT_ACKED, now_ns);
	if (!call_judge(call, role, event, message, now_ns)) {
		if (message == CALL_MSG_ANSWER || message == CALL_MSG_INSIDE ||
		    message == CALL_MSG_ALIVE)
			metric_add(&duplicates, 1);
		return;
	}
	struct call_change change = call_step(before, message);
	if (change.event == CALL_ENDS) {
		call_end(call, cause_of_end(before, message), now_ns);
		return;
	}
	call->state = change.state;
	if (change.event == CALL_STARTS) {
		early_answered(call, event, now_ns);
	} else if (change.event == CALL_ALIVE) {
		call_alive(call, role, event, message, now_ns);
	} else if (change.state != before) {
		call->changed_ns = now_ns; // BYE
		call_arm(call, now_ns);
	}
}

static struct call *waiting_find(const struct calls *calls, const struct call_event *invite)
{
	struct call *call = call_table_first(&calls->table, invite->call_key);

	while (call != NULL &&
	       !(call->flags & CALL_WAITS && call->tag[CALL_CALLER] == invite->from_tag))
		call = call_table_next(call);
	return call;
}

static void invite_apply(struct calls *calls, const struct call_event *event, uint64_t now_ns)
{
	struct invites_query query = {
		.call_key = event->call_key,
		.from_tag = event->from_tag,
		.cseq = event->cseq,
		.branch = (uint32_t)event->branch,
		.in_dialog = event->flags & EVENT_HAS_TO_TAG,
		.match = INVITES_BRANCH,
	};

	if (invites_find(calls->invites, &query) != NULL) {
		metric_add(&duplicates, 1);
		return;
	}
	query.match = INVITES_CALL;
	// With other credentials, or on its next hop, it is still the same attempt.
	if (!query.in_dialog && invites_find(calls->invites, &query) == NULL) {
		calls->attempts++;
		metric_add(&attempts, 1);
	}
	invites_add(calls->invites, event);
	if (event->media.len > 0)
		call_media_late(calls, event, now_ns);
	// Its 2xx was faster. Whoever is settled may end others, so look anew each time.
	struct call *call;
	while ((call = waiting_find(calls, event)) != NULL)
		call_parties_settle(call, NULL, now_ns);
}

void calls_apply(struct calls *calls, const struct call_event *event)
{
	enum call_message message = call_classify(event->flags & EVENT_IS_RESPONSE, event->method,
						  event->cseq_method, event->status,
						  event->flags & EVENT_HAS_TO_TAG);
	// The time comes from the other process: never in the future, where it would hold up all
	// deadlines.
	uint64_t now_ns = clock_mono_ns();
	enum call_role role;

	if (event->mono_ns < now_ns)
		now_ns = event->mono_ns;
	if (event->flags & EVENT_WIRE_RESTARTED) {
		metric_add(&wire_restarts, 1);
		return;
	}
	if (message == CALL_MSG_INVITE || message == CALL_MSG_REINVITE) {
		invite_apply(calls, event, now_ns);
		return;
	}
	struct call *call = call_table_find(&calls->table, event->call_key, event->from_tag,
					    event->to_tag, &role);
	if (event->media.len > 0)
		call_media_keep(calls, call, event, message, now_ns);
	if (call == NULL)
		unknown_apply(calls, event, message, now_ns);
	else
		known_apply(call, role, event, message, now_ns);
	// All early dialogs of an INVITE end by its one final response.
	if (message == CALL_MSG_ANSWER || message == CALL_MSG_CHALLENGE ||
	    message == CALL_MSG_GONE || message == CALL_MSG_REFUSE)
		early_end(calls, event, message == CALL_MSG_ANSWER ? call : NULL, now_ns);
}
