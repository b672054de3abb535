// SPDX-License-Identifier: Apache-2.0
// A call event made of a parsed message and the frame it came in.
#pragma once

#include <stdbool.h>

#include "link/call_event.h"

struct frame;
struct siphash_key;
struct sip_msg;

// All of *event but its time and poll core.
void event_fill(struct call_event *event, const struct siphash_key *key, const struct frame *frame,
		const char *buf, const struct sip_msg *msg);

// Whether presence would show somebody on the phone for too long if it never got this event. When
// there is no room these go last.
bool event_ends_call(const struct call_event *event);
