// SPDX-License-Identifier: Apache-2.0
// From what UDP or TCP carries to call events: gate, parser, and the few things presence needs of a
// message. Shared by poll cores and replay; one struct look for each, no locks, no allocation.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/media.h"
#include "dataplane/tunnel_port.h"
#include "link/call_event.h"
#include "sip/gate.h"
#include "sip/siphash.h"

struct defrag;
struct frame;
struct probe;
struct tcp_flows;
struct wire_counters;

// One call event, valid for the call.
typedef void look_tell_fn(void *ctx, const struct call_event *event);

struct look {
	struct gate_policy policy;
	struct siphash_key key;
	struct tunnel_port ports;
	struct wire_counters *counters;
	uint8_t lcore;
	bool early; // 18x make events
	bool ack;   // ACKs make events
	struct defrag *defrag;
	struct tcp_flows *flows;
	struct media media;
	struct probe *probe; // NULL: no capture runs
	look_tell_fn *tell;
	void *ctx;
	struct call_event event;
};

// What makes events; everything: all SIP is parsed, so that it is counted (replay).
void look_follow(struct look *look, bool early, bool ack, bool everything);

// One frame after its walk: counts why it is let go, gathers fragments and segments, opens what UDP
// ports wrap, looks at each message that this makes whole, and tells its event. data is what the
// walk saw.
void look_frame(struct look *look, struct frame *frame, const uint8_t *data, uint64_t now_ns);
// A HEP message that came by a socket.
void look_hep(struct look *look, const uint8_t *message, size_t len, uint64_t now_ns);
// One message of a stream; a tcp_message_fn, whose ctx is the struct look.
void look_message(void *ctx, const struct frame *frame, const char *text, size_t len,
		  uint64_t now_ns);
// The len octets at payload, of the datagram or connection that frame describes. true: *event is to
// be told to presence. now_ns: when it was received.
bool look_payload(struct look *look, const struct frame *frame, const char *payload, size_t len,
		  uint64_t now_ns, struct call_event *event);
