// SPDX-License-Identifier: Apache-2.0
// The events of a made-up call as a poll core would push them: INVITE, 200, ACK, BYE, 200. For the
// benchmarks of presence.
#pragma once

#include "link/call_event.h"

enum {
	CALL_MESSAGES = 5,
	CALL_MESSAGES_UP = 3, // messages until both parties are on the phone and acknowledged
};

// Message `step` (0..4) of call `number`; both of its parties are number % persons.
void call_message(struct call_event *event, uint64_t number, int step, uint64_t persons);
