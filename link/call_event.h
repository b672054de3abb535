// SPDX-License-Identifier: Apache-2.0
// What a poll core tells the presence worker about one SIP message: by value, no pointers, so that
// it can cross a process boundary in shared memory. Written by dataplane/look.c, read by
// presence/calls.c. Over-long text is cut for people only: identity goes by the keyed hashes, and a
// cut URI is flagged so that it never becomes somebody else.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sip/sdp.h"
#include "sip/siphash.h"
#include "sip/slice.h"

enum call_event_flag {
	EVENT_IS_RESPONSE = 1 << 0,
	EVENT_HAS_TO_TAG = 1 << 1,
	EVENT_HAS_REPLACES = 1 << 2,
	EVENT_IPV6 = 1 << 3,
	EVENT_CUT_TEXT = 1 << 4, // an identity did not fit and is absent
	EVENT_WIRE_RESTARTED =
		1 << 5, // no message: the wire process came back, some may be missing
};

// Texts of an event, in one arena. Absent: len 0. All but the Call-ID only where presence may look
// for the parties: in INVITEs, their 1xx and 2xx, and a 2xx to UPDATE or INFO.
enum event_text {
	EVENT_TEXT_CALL_ID, // cut to EVENT_CALL_ID_BYTES
	EVENT_TEXT_REQUEST_URI,
	EVENT_TEXT_FROM,
	EVENT_TEXT_TO,
	EVENT_TEXT_ASSERTED,
	EVENT_TEXT_ASSERTED_2,
	EVENT_TEXT_REMOTE_PARTY,
	EVENT_TEXT_CALLED_PARTY,
	EVENT_TEXT_USER_AGENT, // cut to EVENT_USER_AGENT_BYTES
	EVENT_TEXT_COUNT,
};

enum {
	EVENT_TEXT_BYTES = 840,
	EVENT_URI_BYTES = 255, // longer without port and parameters: absent and EVENT_CUT_TEXT
	EVENT_CALL_ID_BYTES = 96,
	EVENT_USER_AGENT_BYTES = 64,
};

struct call_event {
	uint64_t mono_ns;           // when the frame was received; replay: the packet's time
	struct siphash128 call_key; // keyed hash of the whole Call-ID
	uint64_t from_tag;          // keyed hashes; 0: no tag
	uint64_t to_tag;
	uint64_t branch; // of the topmost Via
	struct siphash128
		replaces_key; // RFC 3891: Call-ID, to-tag and from-tag of the dialog replaced
	uint64_t replaces_to_tag, replaces_from_tag;
	uint32_t cseq;
	uint32_t session_expires_s;
	uint16_t flags; // enum call_event_flag
	uint16_t status;
	uint8_t method;      // enum sip_method of a request
	uint8_t cseq_method; // enum sip_method
	uint8_t lcore;       // index of the poll core, for statistics
	uint8_t reserved;
	uint16_t source_port, target_port;
	uint8_t source[16], target[16];          // IPv4 in the first four octets; network order
	struct sip_slice text[EVENT_TEXT_COUNT]; // into bytes[]
	struct sip_slice media; // into bytes[]: a struct sdp without the addresses that it lacks
	uint16_t text_bytes;    // used of bytes[]
	char bytes[EVENT_TEXT_BYTES];
};

_Static_assert(sizeof(struct call_event) <= 1024, "an event is at most one kilobyte");

// Octets of an event that carry something: what a ring copies.
static inline uint32_t call_event_bytes(const struct call_event *event)
{
	return (uint32_t)offsetof(struct call_event, bytes) + event->text_bytes;
}

// What the message's session description said. false: it had none.
static inline bool call_event_media(const struct call_event *event, struct sdp *sdp)
{
	*sdp = (struct sdp){0};
	if (event->media.len < offsetof(struct sdp, address) || event->media.len > sizeof(*sdp))
		return false;
	memcpy(sdp, event->bytes + event->media.off, event->media.len);
	// Neither count nor switch is more than the wire's word.
	size_t there = (event->media.len - offsetof(struct sdp, address)) / sizeof(sdp->address[0]);
	sdp->count = (uint8_t)(sdp->count < there ? sdp->count : there);
	return true;
}
