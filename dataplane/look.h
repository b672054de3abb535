// SPDX-License-Identifier: Apache-2.0
// From a UDP payload to a call event: gate, parser, and the few things presence needs of a message.
// Shared by poll cores and replay; one struct look for each, no locks, no allocation.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sip/gate.h"
#include "sip/siphash.h"

struct call_event;
struct defrag;
struct frame;
struct wire_counters;

struct look {
	struct gate_policy policy;
	struct siphash_key key;
	struct wire_counters *counters;
	uint8_t lcore;
	bool early; // 18x make events
	bool ack;   // ACKs make events
};

// What makes events; everything: all SIP is parsed, so that it is counted (replay).
void look_follow(struct look *look, bool early, bool ack, bool everything);

// One frame after its walk: counts why it is let go, gathers fragments, looks at the payload. data
// is what the walk saw.
bool look_frame(struct look *look, struct defrag *defrag, struct frame *frame, const uint8_t *data,
		uint64_t now_ns, struct call_event *event);
// The len octets at payload, of the datagram that frame describes. true: *event is to be told to
// presence. now_ns: when it was received.
bool look_payload(struct look *look, const struct frame *frame, const char *payload, size_t len,
		  uint64_t now_ns, struct call_event *event);
