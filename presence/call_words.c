// SPDX-License-Identifier: Apache-2.0
// The messages that say more about a call than its 2xx does, from the arena of INVITEs.
#include "config/clock.h"
#include "link/call_event.h"
#include "presence/calls_inside.h"

// RFC 3261 16.6 item 11: timer C. Nobody rings for longer without a 1xx; where little happens,
// INVITEs are kept for hours.
#define RINGING_NS (180 * NS_PER_S)

const struct call_event *call_words_request(const struct call *call, bool in_dialog,
					    enum invites_match match)
{
	struct invites_query query = {
		.call_key = call->key,
		.from_tag = call->tag[CALL_CALLER],
		.branch = call->branch,
		.cseq = call->invite_cseq,
		.in_dialog = in_dialog,
		.match = match,
	};

	return invites_find(calls_of(call)->invites, &query);
}

bool call_words_ring(const struct calls *calls, struct siphash128 call_key, uint64_t from_tag,
		     uint64_t now_ns)
{
	struct invites_query query = {
		.call_key = call_key,
		.from_tag = from_tag,
		.match = INVITES_CALL,
	};
	const struct call_event *invite = invites_find(calls->invites, &query);

	return invite != NULL && invite->mono_ns + RINGING_NS >= now_ns;
}

const struct call_event *call_words_answer(const struct call *call)
{
	struct invites_query query = {
		.call_key = call->key,
		.from_tag = call->tag[CALL_CALLER],
		.cseq = call->invite_cseq,
		.response = true,
		.match = INVITES_CSEQ,
	};

	return invites_find(calls_of(call)->invites, &query);
}

// The message that says who they are: the INVITE as it was on the hop of this 2xx, or on another,
// or when it came first; then the one inside the dialog; then the 2xx that was kept.
const struct call_event *call_words_find(const struct call *call)
{
	static const struct {
		bool in_dialog;
		enum invites_match match;
	} order[] = {
		{false, INVITES_BRANCH},
		{false, INVITES_CSEQ},
		{false, INVITES_CALL},
		{true, INVITES_CSEQ},
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const struct call_event *words = call_words_request(call, order[i].in_dialog,
								    order[i].match);
		if (words != NULL)
			return words;
	}
	return call_words_answer(call);
}
