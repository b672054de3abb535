// SPDX-License-Identifier: Apache-2.0
// One look at a datagram or segment. Every way out is a counter.
#include "dataplane/look.h"

#include "dataplane/defrag.h"
#include "dataplane/event.h"
#include "dataplane/frame.h"
#include "dataplane/hep.h"
#include "dataplane/probe.h"
#include "dataplane/tcp_flow.h"
#include "link/counters.h"
#include "sip/call.h"

#include <string.h>

static const uint8_t gate_counter[GATE_VERDICT_COUNT] = {
	[GATE_NOT_SIP] = WIRE_NOT_SIP,    [GATE_KEEPALIVE] = WIRE_KEEPALIVE,
	[GATE_STUN] = WIRE_STUN,          [GATE_TLS] = WIRE_TLS,
	[GATE_IGNORE] = WIRE_SIP_IGNORED, [GATE_PARSE] = WIRE_SIP_MESSAGES,
};

static const uint8_t tunnel_counter[TUNNEL_KIND_COUNT] = {
	[TUNNEL_MPLS] = WIRE_MPLS,     [TUNNEL_GRE] = WIRE_GRE,
	[TUNNEL_ERSPAN] = WIRE_ERSPAN, [TUNNEL_IP_IN_IP] = WIRE_IP_IN_IP,
	[TUNNEL_VXLAN] = WIRE_VXLAN,   [TUNNEL_GENEVE] = WIRE_GENEVE,
	[TUNNEL_HEP] = WIRE_HEP,
};

void look_follow(struct look *look, bool early, bool ack, bool everything)
{
	look->early = early;
	look->ack = ack;
	look->policy = gate_policy_calls(early, ack);
	look->policy.everything = everything;
}

static bool matters(const struct look *look, const struct sip_msg *msg, bool has_media)
{
	switch (call_classify(msg->flags & SIP_IS_RESPONSE, msg->method, msg->cseq_method,
			      msg->status, msg->flags & SIP_HAS_TO_TAG)) {
	case CALL_MSG_NONE: return has_media && msg->method != SIP_NONE;
	case CALL_MSG_PROGRESS: return look->early || has_media;
	case CALL_MSG_ACK: return look->ack || has_media;
	default: return true;
	}
}

bool look_payload(struct look *look, const struct frame *frame, const char *payload, size_t len,
		  uint64_t now_ns, struct call_event *event)
{
	uint64_t *value = look->counters->value;
	struct sip_msg msg;

	if (len == 0) {
		value[WIRE_EMPTY_DATAGRAM]++;
		return false;
	}
	if (len > SIP_MAX_BYTES)
		len = SIP_MAX_BYTES;
	enum gate_verdict verdict = gate_classify(&look->policy, payload, len);
	value[gate_counter[verdict]]++;
	if (verdict == GATE_NOT_SIP || verdict == GATE_STUN)
		media_see(&look->media, frame, payload, len, now_ns, look->counters);
	if (verdict == GATE_IGNORE) {
		value[WIRE_SIP_MESSAGES]++;
		if (__builtin_expect(look->probe != NULL, 0))
			probe_ignored(look->probe, frame, payload, len, now_ns);
	}
	if (verdict != GATE_PARSE)
		return false;
	enum sip_reject reject = sip_msg_parse(payload, len, &msg);
	if (__builtin_expect(look->probe != NULL, 0))
		probe_message(look->probe, frame, payload, len, reject, &msg, now_ns);
	if (reject != SIP_REJECT_NONE) {
		value[WIRE_SIP_REJECTED]++;
		look->counters->reject[reject]++;
		return false;
	}
	value[WIRE_SIP_PARSED]++;
	value[WIRE_SIP_REFERENCE] += (msg.flags & SIP_BY_REFERENCE) != 0;
	struct sdp sdp;
	bool has_media = event_media(payload, &msg, &sdp);
	if (!matters(look, &msg, has_media)) {
		value[WIRE_SIP_NO_EVENT]++;
		return false;
	}
	event_fill(event, &look->key, frame, payload, &msg, has_media ? &sdp : NULL);
	event->mono_ns = now_ns;
	event->lcore = look->lcore;
	value[WIRE_EVENTS]++;
	value[WIRE_EVENT_TEXT_CUT] += (event->flags & EVENT_CUT_TEXT) != 0;
	return true;
}

void look_message(void *ctx, const struct frame *frame, const char *text, size_t len,
		  uint64_t now_ns)
{
	struct look *look = ctx;

	if (look_payload(look, frame, text, len, now_ns, &look->event))
		look->tell(look->ctx, &look->event);
}

static void look_datagram(struct look *look, const struct frame *frame, const uint8_t *data,
			  uint64_t now_ns)
{
	if (!look_payload(look, frame, (const char *)data + frame->payload_off, frame->payload_len,
			  now_ns, &look->event))
		return;
	if (!(frame->tunnels & 1 << TUNNEL_HEP))
		look->counters->value[WIRE_UNFINISHED_CHECKSUM] += frame_checksum_unfinished(data,
											     frame);
	look->tell(look->ctx, &look->event);
}

// To the innermost datagram. Ends, because each way round is one encapsulation deeper, of which
// there are FRAME_DEPTH at most. false: a fragment that waits for the others.
static bool unwrap(struct look *look, struct frame *frame, const uint8_t **data, uint64_t now_ns)
{
	for (;;) {
		if (frame->verdict == FRAME_FRAGMENT) {
			size_t len;
			if (!defrag_add(look->defrag, frame, data, &len, now_ns))
				return false;
			frame_walk_reassembled(*data, len, frame);
			continue;
		}
		if (frame->verdict != FRAME_DATAGRAM)
			return true;
		enum tunnel_kind kind = tunnel_port_kind(&look->ports, frame->target_port);
		if (kind == TUNNEL_HEP) {
			frame->tunnels |= 1 << TUNNEL_HEP;
			hep_walk(*data, frame);
			return true;
		}
		if (kind == TUNNEL_NONE)
			return true;
		frame_walk_tunnel(*data, kind, frame);
	}
}

void look_hep(struct look *look, const uint8_t *message, size_t len, uint64_t now_ns)
{
	struct frame frame = {
		.verdict = FRAME_DATAGRAM,
		.tunnels = 1 << TUNNEL_HEP,
		.payload_len = (uint32_t)len,
	};
	uint64_t *value = look->counters->value;

	value[WIRE_RX_FRAMES]++;
	value[WIRE_RX_BYTES] += len;
	value[WIRE_HEP]++;
	if (look->probe)
		probe_begin(look->probe, PROBE_SOCKET, message, len, now_ns);
	if (hep_walk(message, &frame) == FRAME_DATAGRAM)
		look_datagram(look, &frame, message, now_ns);
	else
		value[frame.reason]++;
	if (look->probe)
		probe_end(look->probe);
}

static void count_tunnels(const struct frame *frame, uint64_t *value)
{
	for (unsigned int left = frame->tunnels; left; left &= left - 1)
		value[tunnel_counter[__builtin_ctz(left)]]++;
}

void look_frame(struct look *look, struct frame *frame, const uint8_t *data, uint64_t now_ns)
{
	uint64_t *value = look->counters->value;
	bool whole = unwrap(look, frame, &data, now_ns);

	count_tunnels(frame, value);
	if (!whole)
		return;
	value[WIRE_CUT_DATAGRAM] += frame->cut;
	switch (frame->verdict) {
	case FRAME_DATAGRAM: look_datagram(look, frame, data, now_ns); break;
	case FRAME_SEGMENT:
		tcp_flows_segment(look->flows, frame, (const char *)data + frame->payload_off,
				  now_ns);
		break;
	default: value[frame->reason]++; break;
	}
}
