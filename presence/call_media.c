// SPDX-License-Identifier: Apache-2.0
// Where the media of a call go to (what each side said last, in an offer or an answer: RFC 3264),
// whether it is on hold, and when something of it was last on the wire. A lost BYE shows as silence
// after media; a call whose media never came by may be anywhere, so only what was seen is missed.
#include <string.h>

#include "config/clock.h"
#include "config/settings.h"
#include "link/call_event.h"
#include "link/media_table.h"
#include "presence/calls_inside.h"
#include "presence/media_claims.h"
#include "presence/store/store.h"

static const struct media_claim *first_of(const struct call *call)
{
	return media_claims_at(calls_of(call)->media, call->media);
}

static const struct media_claim *next_of(const struct call *call, const struct media_claim *claim)
{
	return media_claims_at(calls_of(call)->media, claim->next);
}

static bool is_at(const struct call *call, const struct media_claim *claim,
		  const struct sdp_address *address)
{
	struct sdp_address claimed;

	if (!media_claims_is_held(claim))
		return false;
	claimed = media_claims_address(calls_of(call)->media, claim);
	return memcmp(&claimed, address, sizeof(claimed)) == 0;
}

static bool claimed(const struct call *call, enum call_role side, const struct sdp_address *address)
{
	for (const struct media_claim *claim = first_of(call); claim != NULL;
	     claim = next_of(call, claim))
		if (claim->side == side && is_at(call, claim, address))
			return true;
	return false;
}

static bool described(const struct call *call, const struct sdp *sdp,
		      const struct media_claim *claim)
{
	for (int i = 0; i < sdp->count; i++)
		if (is_at(call, claim, &sdp->address[i]))
			return true;
	return false;
}

// From now on this side receives there and nowhere else. true: it did not before.
static bool side_set(struct call *call, enum call_role side, const struct sdp *sdp, uint64_t now_ns)
{
	struct media_claims *claims = calls_of(call)->media;
	uint32_t *link = &call->media;
	bool changed = false;

	while (*link != 0) {
		struct media_claim *claim = media_claims_at(claims, *link);

		if (claim->side == side && !described(call, sdp, claim)) {
			media_claims_remove(claims, link);
			changed = true;
		} else {
			link = &claim->next;
		}
	}
	for (int i = 0; i < sdp->count; i++) {
		if (claimed(call, side, &sdp->address[i]))
			continue;
		media_claims_add(claims, &call->media, &sdp->address[i], side, now_ns);
		changed = true;
	}
	return changed;
}

// One message of an exchange of offer and answer. more: not the first one. true: it has moved.
static bool side_says(struct call *call, enum call_role side, const struct call_event *event,
		      bool more, uint64_t now_ns)
{
	struct sdp sdp;
	bool moved;

	if (event == NULL || !call_event_media(event, &sdp))
		return false;
	if (!more)
		call->flags &= (uint8_t)~CALL_ON_HOLD;
	if (!sdp.two_way)
		call->flags |= CALL_ON_HOLD;
	// Elsewhere they may not pass by here any more.
	moved = side_set(call, side, &sdp, now_ns);
	if (moved)
		call->flags &= (uint8_t)~CALL_MEDIA_SEEN;
	call->media_ns = now_ns;
	return moved;
}

static enum call_role other(enum call_role role)
{
	return role == CALL_CALLER ? CALL_CALLEE : CALL_CALLER;
}

// What the side said last before the call was up, or in the request of this CSeq.
static const struct call_event *kept(const struct call *call, enum call_role side, uint32_t cseq)
{
	return invites_find_media(calls_of(call)->invites, call->key, call->tag[side],
				  call->tag[other(side)], cseq);
}

// 18x, ACK, PRACK and UPDATE, and what answers these while a call rings. An ACK that is not late is
// followed, too; to be kept it may as well.
static bool is_for_later(const struct call *call, enum call_message message)
{
	bool is_up = call != NULL && call->state != CALL_EARLY;

	switch (message) {
	case CALL_MSG_NONE:
	case CALL_MSG_ACK:
	case CALL_MSG_PROGRESS: return true;
	case CALL_MSG_INSIDE:
	case CALL_MSG_ALIVE: return !is_up;
	default: return false;
	}
}

static bool side_is_silent(const struct call *call, enum call_role side)
{
	for (const struct media_claim *claim = first_of(call); claim != NULL;
	     claim = next_of(call, claim))
		if (claim->side == side)
			return false;
	return true;
}

void call_media_keep(struct calls *calls, struct call *call, const struct call_event *event,
		     enum call_message message, uint64_t now_ns)
{
	bool response = event->flags & EVENT_IS_RESPONSE;
	uint64_t sender = response ? event->to_tag : event->from_tag;
	uint64_t peer = response ? event->from_tag : event->to_tag;
	const struct call_event *before;
	struct call_event words;

	if (calls->media == NULL || !is_for_later(call, message))
		return;
	before = invites_find_media(calls->invites, event->call_key, sender, peer, event->cseq);
	if (before != NULL && before->media.len == event->media.len &&
	    memcmp(before->bytes + before->media.off, event->bytes + event->media.off,
		   event->media.len) == 0)
		return; // repeated until its PRACK comes, or said by each 18x
	// Without its texts it takes a third of the room.
	memcpy(&words, event, offsetof(struct call_event, bytes));
	memset(words.text, 0, sizeof(words.text));
	memcpy(words.bytes, event->bytes + event->media.off, event->media.len);
	words.media.off = 0;
	words.text_bytes = event->media.len;
	invites_add(calls->invites, &words);
	// The 2xx that left the answer to it was faster.
	if (call != NULL && call->state == CALL_UP && message == CALL_MSG_PROGRESS &&
	    event->cseq == call->invite_cseq && side_is_silent(call, CALL_CALLEE)) {
		side_says(call, CALL_CALLEE, event, true, now_ns);
		call_arm(call, now_ns);
		if (call->flags & CALL_KEPT)
			call_record_save(call);
	}
}

void call_media_start(struct call *call, const struct call_event *answer, uint64_t now_ns)
{
	if (calls_of(call)->media == NULL)
		return;
	side_says(call, CALL_CALLER, kept(call, CALL_CALLER, 0), false, now_ns);
	// RFC 3262 5, RFC 6337 2: once a reliable provisional response has answered, the 2xx need
	// not.
	if (answer->media.len == 0)
		answer = kept(call, CALL_CALLEE, 0);
	side_says(call, CALL_CALLEE, answer, true, now_ns);
}

void call_media_follow(struct call *call, enum call_role role, const struct call_event *event,
		       uint64_t now_ns)
{
	uint8_t before = call->flags;
	bool moved = false;

	if (calls_of(call)->media == NULL)
		return;
	call_media_look(call, now_ns); // what was seen before they moved
	if (event->flags & EVENT_IS_RESPONSE) {
		const struct call_event *offer = kept(call, role, event->cseq);
		moved = side_says(call, role, offer, false, now_ns);
		moved |= side_says(call, other(role), event, offer != NULL, now_ns);
	} else if (event->cseq == call->cseq[role]) {
		// The answer to an offer in the 2xx, or an offer that its answer has overtaken.
		moved = side_says(call, role, event, true, now_ns);
	}
	if (call->flags & CALL_KEPT && (moved || call->flags != before))
		call_record_save(call);
}

void call_media_late(struct calls *calls, const struct call_event *invite, uint64_t now_ns)
{
	struct call *call = call_table_first(&calls->table, invite->call_key);

	for (; call != NULL; call = call_table_next(call)) {
		for (int role = 0; role < CALL_ROLES && call->state == CALL_UP; role++)
			if (call->tag[role] == invite->from_tag &&
			    (invite->to_tag == 0 || call->tag[!role] == invite->to_tag))
				call_media_follow(call, (enum call_role)role, invite, now_ns);
	}
}

void call_media_drop(struct call *call)
{
	while (call->media != 0)
		media_claims_remove(calls_of(call)->media, &call->media);
}

static bool is_followed(const struct call *call)
{
	return call->media != 0 && call->state == CALL_UP && !calls_of(call)->blind &&
	       calls_of(call)->settings->calls.media_silence_ns > 0;
}

uint64_t call_media_due(const struct call *call)
{
	uint64_t from_ns = call->media_ns > calls_of(call)->sight_ns ? call->media_ns
								     : calls_of(call)->sight_ns;

	if (!is_followed(call))
		return UINT64_MAX;
	return from_ns + calls_of(call)->settings->calls.media_silence_ns;
}

uint64_t call_media_seen(const struct call *call)
{
	uint64_t newest_ns = 0;

	for (const struct media_claim *claim = first_of(call); claim != NULL;
	     claim = next_of(call, claim)) {
		uint64_t seen_ns = media_claims_seen(calls_of(call)->media, claim);
		newest_ns = seen_ns > newest_ns ? seen_ns : newest_ns;
	}
	return newest_ns;
}

void call_media_look(struct call *call, uint64_t now_ns)
{
	uint64_t seen_ns = call_media_seen(call);

	if (seen_ns > call->media_ns) {
		bool first = !(call->flags & CALL_MEDIA_SEEN);
		call->media_ns = seen_ns;
		call->flags |= CALL_MEDIA_SEEN;
		call_record_media(call, first);
	}
	// Nothing to be missed: look again after the same time, so that nothing is missed late.
	if (call_media_due(call) <= now_ns && call_media_deadline(call) == UINT64_MAX)
		call->media_ns = now_ns;
}

uint64_t call_media_deadline(const struct call *call)
{
	bool on_hold = call->flags & CALL_ON_HOLD &&
		       !calls_of(call)->settings->calls.media_silence_on_hold;

	if (!(call->flags & CALL_MEDIA_SEEN) || on_hold)
		return UINT64_MAX;
	return call_media_due(call);
}

void call_media_restore(struct call *call, const struct store_call *record, uint64_t now_ns)
{
	if (calls_of(call)->media == NULL)
		return;
	for (int i = 0; i < record->media_count; i++)
		media_claims_add(calls_of(call)->media, &call->media, &record->media[i].address,
				 record->media[i].is_callees ? CALL_CALLEE : CALL_CALLER, now_ns);
	// If they flowed before the engine was started again, they are missed when they don't now.
	if (record->media_seen)
		call->flags |= CALL_MEDIA_SEEN;
	if (record->on_hold)
		call->flags |= CALL_ON_HOLD;
	call->media_ns = now_ns;
}

void call_media_record(const struct call *call, struct store_call *record)
{
	record->media_seen = call->flags & CALL_MEDIA_SEEN;
	record->on_hold = call->flags & CALL_ON_HOLD;
	for (const struct media_claim *claim = first_of(call);
	     claim != NULL && record->media_count < STORE_MEDIA; claim = next_of(call, claim)) {
		if (!media_claims_is_held(claim))
			continue;
		record->media[record->media_count++] = (struct store_media){
			.is_callees = claim->side == CALL_CALLEE,
			.address = media_claims_address(calls_of(call)->media, claim),
		};
	}
}
