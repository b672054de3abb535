// SPDX-License-Identifier: Apache-2.0
// The life of one dialog as an observer sees it, as a table: (state, message) -> (state, event).
// Busy from a 2xx to INVITE until BYE is answered or its transaction would have timed out. No
// storage, no time, no identities here: presence/calls.c keeps those and asks this table.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sip_msg;

enum call_state {
	CALL_NONE,   // not known: INVITE alone allocates nothing
	CALL_EARLY,  // 1xx with a To tag; kept only where early dialogs count as busy
	CALL_UP,     // a 2xx to INVITE was seen, or learned from a 2xx inside a dialog
	CALL_ENDING, // BYE was seen, its answer not yet
	CALL_OVER,
	CALL_STATE_COUNT,
};

// What a message means to a dialog. Classified from the message alone (call_classify). Whether it
// is of this dialog, newer than what was seen, and to be believed is for the caller to decide
// first.
enum call_message {
	CALL_MSG_NONE,      // changes nothing
	CALL_MSG_INVITE,    // without a To tag: an attempt
	CALL_MSG_REINVITE,  // with a To tag
	CALL_MSG_PROGRESS,  // 101..199 to INVITE with a To tag
	CALL_MSG_ANSWER,    // 2xx to INVITE
	CALL_MSG_CHALLENGE, // 401, 407 to INVITE: the same call comes again with a higher CSeq
	CALL_MSG_GONE,      // 481, 408 to INVITE or UPDATE; 481 to INFO or OPTIONS
	CALL_MSG_REFUSE,    // any other 3xx..6xx to INVITE
	CALL_MSG_ACK,
	CALL_MSG_CANCEL,
	CALL_MSG_BYE,
	CALL_MSG_BYE_DONE,      // 2xx, 481, 408 to BYE
	CALL_MSG_BYE_CHALLENGE, // 401, 407 to BYE
	CALL_MSG_BYE_REFUSE,    // other finals to BYE
	CALL_MSG_INSIDE,        // 2xx to UPDATE or INFO, which exist only inside a call
	CALL_MSG_ALIVE,       // 2xx to PRACK, REFER, NOTIFY ...: a sign of life, if of this dialog
	CALL_MSG_BYE_TIMEOUT, // not a message: the BYE's transaction would be over
	CALL_MSG_LOST,        // not a message: session timer, maximum age, missing ACK
	CALL_MSG_REPLACED,    // a 2xx to an INVITE with Replaces that names this dialog
	CALL_MSG_COUNT,
};

enum call_event_kind {
	CALL_NO_EVENT,
	CALL_RINGS,  // early dialog came up
	CALL_STARTS, // on the phone
	CALL_ALIVE,  // deadlines move
	CALL_ENDS,   // not any more
	CALL_EVENT_COUNT,
};

struct call_change {
	uint8_t state; // enum call_state
	uint8_t event; // enum call_event_kind
};

enum call_message call_classify(bool is_response, uint8_t method, uint8_t cseq_method,
				uint16_t status, bool has_to_tag);
struct call_change call_step(enum call_state state, enum call_message message);

const char *call_state_name(enum call_state state);
const char *call_message_name(enum call_message message);
