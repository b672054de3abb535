// SPDX-License-Identifier: Apache-2.0
// Whether a message of a known dialog is news and to be believed. A tap sees what anybody sends:
// what is repeated, late or forged must not end a call or bring it back (RFC 3261 12.2.2, 15.1).
#include "config/clock.h"
#include "config/metric.h"
#include "link/call_event.h"
#include "presence/calls_inside.h"

// Events of one call from two poll cores may be this far out of order.
#define REORDER_NS (50 * NS_PER_MS)

METRIC_COUNTER(doubtful, "offhook_calls_doubtful", NULL,
	       "BYEs and their answers that did not fit their dialog and were not believed")
METRIC_COUNTER(reopened, "offhook_calls_reopened", NULL, "Dialogs that went on after a BYE")

// 0 is "not known".
static uint32_t address_hash(const struct calls *calls, const uint8_t *address)
{
	return (uint32_t)siphash64(&calls->key, address, 16) | 1;
}

// The same for an answer, whose addresses are the other way round.
static uint32_t way_hash(uint32_t source, uint32_t target)
{
	return source ^ (target << 16 | target >> 16);
}

static bool address_known(const struct call *call, uint32_t address)
{
	return call->address[0] == 0 || call->address[0] == address || call->address[1] == address;
}

void call_judge_addresses(struct call *call, const struct call_event *event)
{
	if (call->address[0] != 0)
		return;
	call->address[0] = address_hash(calls_of(call), event->source);
	call->address[1] = address_hash(calls_of(call), event->target);
}

// A sign of life by a request that was answered inside the dialog: is it newer than all before,
// and, after a BYE, newer than that?
static bool alive_is_news(struct call *call, enum call_role role, const struct call_event *event,
			  uint64_t now_ns)
{
	if (event->cseq <= call->cseq[role])
		return false;
	call->cseq[role] = event->cseq;
	if (call->state != CALL_ENDING)
		return true;
	bool newer = role == call->bye_role ? event->cseq > call->bye.cseq
					    : now_ns > call->changed_ns + REORDER_NS;
	if (newer)
		metric_add(&reopened, 1);
	return newer;
}

// A BYE starts the 32 s only if it may well be from one of the two ends. Any other is just
// remembered, to be recognised in its answer.
static bool bye_is_believed(struct call *call, enum call_role role, const struct call_event *event)
{
	uint32_t source = address_hash(calls_of(call), event->source);
	bool believed = address_known(call, source);

	if (call->state != CALL_UP)
		return false; // repeated or crossed
	if (event->cseq <= call->cseq[role])
		return false;
	call->flags |= CALL_BYE_SEEN;
	call->bye_role = role;
	call->bye.cseq = event->cseq;
	call->bye.way = way_hash(source, address_hash(calls_of(call), event->target));
	if (!believed)
		metric_add(&doubtful, 1);
	return believed;
}

static bool bye_answer_is_believed(const struct call *call, enum call_role role,
				   const struct call_event *event)
{
	uint32_t source = address_hash(calls_of(call), event->source);
	uint32_t target = address_hash(calls_of(call), event->target);
	bool of_bye = call->flags & CALL_BYE_SEEN && call->bye_role == role &&
		      call->bye.cseq == event->cseq;

	// A BYE that was believed may be answered on another hop, of which no 2xx was seen.
	if (address_known(call, source) || (of_bye && call->state == CALL_ENDING))
		return true;
	if (of_bye)
		return call->bye.way == way_hash(target, source);
	return address_known(call, target);
}

static bool challenge_is_news(struct call *call, enum call_role role,
			      const struct call_event *event)
{
	// The BYE that it belongs to may come later: then it is old.
	if (event->cseq > call->cseq[role])
		call->cseq[role] = event->cseq;
	return call->state == CALL_ENDING && call->bye_role == role &&
	       call->bye.cseq == event->cseq;
}

bool call_judge(struct call *call, enum call_role role, const struct call_event *event,
		enum call_message message, uint64_t now_ns)
{
	switch (message) {
	case CALL_MSG_ANSWER:
		if (call->state == CALL_EARLY)
			return true;
		call->flags |= CALL_SAW_ANSWER;
		return alive_is_news(call, role, event, now_ns);
	case CALL_MSG_INSIDE:
	case CALL_MSG_ALIVE: return alive_is_news(call, role, event, now_ns);
	case CALL_MSG_GONE: return call->state != CALL_EARLY && event->cseq > call->cseq[role];
	case CALL_MSG_BYE: return bye_is_believed(call, role, event);
	case CALL_MSG_BYE_DONE:
		if (bye_answer_is_believed(call, role, event))
			return true;
		metric_add(&doubtful, 1);
		return false;
	case CALL_MSG_BYE_CHALLENGE: return challenge_is_news(call, role, event);
	case CALL_MSG_CHALLENGE:
	case CALL_MSG_REFUSE: return false; // early dialogs: early_end()
	default: return true;
	}
}
