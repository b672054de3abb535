// SPDX-License-Identifier: Apache-2.0
// A call event made of a parsed message and the frame it came in.
#pragma once

#include <stdbool.h>

#include "link/call_event.h"

struct frame;
struct known_calls;
struct sdp;
struct siphash_key;
struct sip_msg;

// The session description of a message that can be an offer or an answer (RFC 3264, RFC 3262,
// RFC 3311). false: it has none, or none that counts.
bool event_media(const char *buf, const struct sip_msg *msg, struct sdp *sdp);
// All of *event but its time and poll core. sdp: NULL: none.
void event_fill(struct call_event *event, const struct siphash_key *key, const struct frame *frame,
		const char *buf, const struct sip_msg *msg, const struct sdp *sdp);

// Whether presence would show somebody on the phone for too long if it never got this event. When
// there is no room these go last.
bool event_ends_call(const struct call_event *event);
// Whether a call comes up by it.
bool event_starts_call(const struct call_event *event);
// Marks its call as known when it comes up, and when it is over.
void event_mark_call(const struct call_event *event, struct known_calls *known);
