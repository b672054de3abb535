// SPDX-License-Identifier: Apache-2.0
// The table of sip/call.h: RFC 3261 12, 13 and 15 as somebody sees them who stands beside the wire.
// Whatever is not in the table leaves the state as it is and makes no event.
#include "sip/call.h"

#include <stddef.h>

#include "sip/msg.h"

static enum call_message classify_request(uint8_t method, bool has_to_tag)
{
	switch (method) {
	case SIP_INVITE: return has_to_tag ? CALL_MSG_REINVITE : CALL_MSG_INVITE;
	case SIP_ACK: return CALL_MSG_ACK;
	case SIP_CANCEL: return CALL_MSG_CANCEL;
	case SIP_BYE: return CALL_MSG_BYE;
	default: return CALL_MSG_NONE; // only its answer says that the other side took it
	}
}

static enum call_message classify_invite_answer(uint16_t status, bool has_to_tag)
{
	if (status < 200)
		return status > 100 && has_to_tag ? CALL_MSG_PROGRESS : CALL_MSG_NONE;
	if (status < 300)
		return CALL_MSG_ANSWER;
	if (status == 401 || status == 407)
		return CALL_MSG_CHALLENGE;
	// RFC 3261 12.2.1.2: these two, and no other failure, end a dialog.
	if (status == 481 || status == 408)
		return CALL_MSG_GONE;
	return CALL_MSG_REFUSE;
}

static enum call_message classify_bye_answer(uint16_t status)
{
	if (status < 200)
		return CALL_MSG_NONE;
	// RFC 3261 15.1.1: with 481, 408 or no answer at all the session is over just the same.
	if (status < 300 || status == 481 || status == 408)
		return CALL_MSG_BYE_DONE;
	if (status == 401 || status == 407)
		return CALL_MSG_BYE_CHALLENGE;
	return CALL_MSG_BYE_REFUSE;
}

enum call_message call_classify(bool is_response, uint8_t method, uint8_t cseq_method,
				uint16_t status, bool has_to_tag)
{
	if (!is_response)
		return classify_request(method, has_to_tag);
	bool success = status >= 200 && status < 300;
	switch (cseq_method) {
	case SIP_INVITE: return classify_invite_answer(status, has_to_tag);
	case SIP_BYE: return classify_bye_answer(status);
	case SIP_UPDATE:
		if (status == 481 || status == 408)
			return CALL_MSG_GONE;
		return success && has_to_tag ? CALL_MSG_INSIDE : CALL_MSG_NONE;
	case SIP_INFO:
		if (status == 481)
			return CALL_MSG_GONE;
		return success && has_to_tag ? CALL_MSG_INSIDE : CALL_MSG_NONE;
	// Often sent just to ask whether the other side still knows the dialog (RFC 3261 11).
	case SIP_OPTIONS:
		if (status == 481)
			return CALL_MSG_GONE;
		return success && has_to_tag ? CALL_MSG_ALIVE : CALL_MSG_NONE;
	case SIP_PRACK:
	case SIP_REFER:
	case SIP_NOTIFY:
	case SIP_SUBSCRIBE:
	case SIP_MESSAGE: return success && has_to_tag ? CALL_MSG_ALIVE : CALL_MSG_NONE;
	default: return CALL_MSG_NONE;
	}
}

// A row that is not there is all zero, and no message leads back to CALL_NONE.
static const struct call_change table[CALL_STATE_COUNT][CALL_MSG_COUNT] =
	{
		[CALL_NONE] =
			{
				[CALL_MSG_PROGRESS] = {CALL_EARLY, CALL_RINGS},
				[CALL_MSG_ANSWER] = {CALL_UP, CALL_STARTS},
				// It was up before we looked.
				[CALL_MSG_INSIDE] = {CALL_UP, CALL_STARTS},
				// The end may overtake the beginning between two poll cores.
				[CALL_MSG_BYE_DONE] = {CALL_OVER, CALL_NO_EVENT},
			},
		[CALL_EARLY] =
			{
				[CALL_MSG_PROGRESS] = {CALL_EARLY, CALL_ALIVE},
				// UPDATE and PRACK of a call that rings confirm nothing.
				[CALL_MSG_INSIDE] = {CALL_EARLY, CALL_ALIVE},
				[CALL_MSG_ALIVE] = {CALL_EARLY, CALL_ALIVE},
				[CALL_MSG_ANSWER] = {CALL_UP, CALL_STARTS},
				// Overtook its 2xx.
				[CALL_MSG_ACK] = {CALL_EARLY, CALL_ALIVE},
				[CALL_MSG_CHALLENGE] = {CALL_OVER, CALL_ENDS},
				[CALL_MSG_GONE] = {CALL_OVER, CALL_ENDS},
				[CALL_MSG_REFUSE] = {CALL_OVER, CALL_ENDS},
				// RFC 3261 15: the caller may send a BYE already.
				[CALL_MSG_BYE_DONE] = {CALL_OVER, CALL_ENDS},
				[CALL_MSG_LOST] = {CALL_OVER, CALL_ENDS},
				[CALL_MSG_REPLACED] = {CALL_OVER, CALL_ENDS},
			},
		[CALL_UP] =
			{
				// To a re-INVITE, hold or not.
				[CALL_MSG_ANSWER] = {CALL_UP, CALL_ALIVE},
				[CALL_MSG_INSIDE] = {CALL_UP, CALL_ALIVE},
				[CALL_MSG_ALIVE] = {CALL_UP, CALL_ALIVE},
				[CALL_MSG_ACK] = {CALL_UP, CALL_ALIVE},
				[CALL_MSG_GONE] = {CALL_OVER, CALL_ENDS},
				[CALL_MSG_BYE] = {CALL_ENDING, CALL_NO_EVENT},
				[CALL_MSG_BYE_DONE] = {CALL_OVER, CALL_ENDS},
				[CALL_MSG_LOST] = {CALL_OVER, CALL_ENDS},
				[CALL_MSG_REPLACED] = {CALL_OVER, CALL_ENDS},
			},
		[CALL_ENDING] =
			{
				// Newer than the BYE: it did not end the call.
				[CALL_MSG_ANSWER] = {CALL_UP, CALL_ALIVE},
				[CALL_MSG_INSIDE] = {CALL_UP, CALL_ALIVE},
				[CALL_MSG_ALIVE] = {CALL_UP, CALL_ALIVE},
				[CALL_MSG_BYE_CHALLENGE] = {CALL_UP, CALL_ALIVE},
				[CALL_MSG_GONE] = {CALL_OVER, CALL_ENDS},
				[CALL_MSG_BYE_DONE] = {CALL_OVER, CALL_ENDS},
				[CALL_MSG_BYE_TIMEOUT] = {CALL_OVER, CALL_ENDS},
				[CALL_MSG_LOST] = {CALL_OVER, CALL_ENDS},
				[CALL_MSG_REPLACED] = {CALL_OVER, CALL_ENDS},
			},
		// CALL_OVER: nothing brings a dialog back.
};

struct call_change call_step(enum call_state state, enum call_message message)
{
	struct call_change change = table[state][message];

	if (change.state == CALL_NONE)
		change.state = (uint8_t)state;
	return change;
}

static const char *const state_names[CALL_STATE_COUNT] = {
	[CALL_NONE] = "none",     [CALL_EARLY] = "early", [CALL_UP] = "up",
	[CALL_ENDING] = "ending", [CALL_OVER] = "over",
};

static const char *const message_names[CALL_MSG_COUNT] = {
	[CALL_MSG_NONE] = "none",
	[CALL_MSG_INVITE] = "invite",
	[CALL_MSG_REINVITE] = "re-invite",
	[CALL_MSG_PROGRESS] = "progress",
	[CALL_MSG_ANSWER] = "answer",
	[CALL_MSG_CHALLENGE] = "challenge",
	[CALL_MSG_GONE] = "gone",
	[CALL_MSG_REFUSE] = "refuse",
	[CALL_MSG_ACK] = "ack",
	[CALL_MSG_CANCEL] = "cancel",
	[CALL_MSG_BYE] = "bye",
	[CALL_MSG_BYE_DONE] = "bye-done",
	[CALL_MSG_BYE_CHALLENGE] = "bye-challenge",
	[CALL_MSG_BYE_REFUSE] = "bye-refuse",
	[CALL_MSG_INSIDE] = "inside",
	[CALL_MSG_ALIVE] = "alive",
	[CALL_MSG_BYE_TIMEOUT] = "bye-timeout",
	[CALL_MSG_LOST] = "lost",
	[CALL_MSG_REPLACED] = "replaced",
};

const char *call_state_name(enum call_state state)
{
	return (unsigned int)state < CALL_STATE_COUNT ? state_names[state] : "?";
}

const char *call_message_name(enum call_message message)
{
	return (unsigned int)message < CALL_MSG_COUNT ? message_names[message] : "?";
}
