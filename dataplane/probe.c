// SPDX-License-Identifier: Apache-2.0
// Every way out of the poll core's work is a counter, so a frame was not understood when one of
// those counters moved while it was in view; the counter also says why.
#include "dataplane/probe.h"

#include "dataplane/capture_filter.h"
#include "dataplane/frame.h"

#include <string.h>

// Not among them: what is none of ours (RTP, other protocols, TLS), what only ran out of time, of
// which no frame is at hand, and malformed SIP, which probe_message() sees.
static const uint8_t rejections[] = {
	WIRE_SHORT_FRAME,      WIRE_TOO_MANY_TAGS,  WIRE_IPV4_HEADER,   WIRE_IPV6_HEADER,
	WIRE_IPV6_EXTENSIONS,  WIRE_UDP_LENGTH,     WIRE_TCP_HEADER,    WIRE_CUT_DATAGRAM,
	WIRE_TOO_DEEP,         WIRE_MPLS_LABELS,    WIRE_MPLS_PAYLOAD,  WIRE_GRE_HEADER,
	WIRE_GRE_PROTOCOL,     WIRE_ERSPAN_HEADER,  WIRE_VXLAN_HEADER,  WIRE_GENEVE_HEADER,
	WIRE_GENEVE_PROTOCOL,  WIRE_HEP_OLD,        WIRE_HEP_HEADER,    WIRE_HEP_CHUNK,
	WIRE_HEP_COMPRESSED,   WIRE_HEP_NO_PAYLOAD, WIRE_HEP_ADDRESSES, WIRE_FRAGMENT_INVALID,
	WIRE_FRAGMENT_NO_ROOM, WIRE_TCP_LOST,       WIRE_TCP_CUT_BODY,  WIRE_TCP_NO_LENGTH,
	WIRE_TCP_BAD_LENGTH,   WIRE_TCP_TOO_LONG,   WIRE_TCP_GARBAGE,   WIRE_TCP_NO_ROOM,
	WIRE_TCP_EVICTED,      WIRE_TCP_GAPS,
};

#define REJECTIONS (sizeof(rejections) / sizeof(rejections[0]))

_Static_assert(REJECTIONS <= PROBE_REJECTIONS, "room for what they were");
_Static_assert(WIRE_COUNTER_COUNT <= 256, "a counter fits a record");

int probe_init(struct probe *probe, const struct probe_order *order, struct wire_counters *counters)
{
	*probe = (struct probe){.order = order, .counters = counters};
	return record_ring_init(&probe->ring);
}

void probe_fini(struct probe *probe)
{
	record_ring_fini(&probe->ring);
}

bool probe_follow(struct probe *probe)
{
	uint64_t generation = __atomic_load_n(&probe->order->generation, __ATOMIC_ACQUIRE);

	if (generation != probe->seen)
		__atomic_store_n(&probe->seen, generation, __ATOMIC_RELEASE);
	return generation & 1;
}

static bool looks_for_rejected(const struct probe *probe)
{
	return probe->order->filter->kind == CAPTURE_REJECTED;
}

// The record's header is filled in behind; NULL: no room, which is counted.
static struct probe_record *reserve(struct probe *probe, const void *data, size_t len)
{
	struct probe_record *record = record_ring_reserve(&probe->ring, sizeof(*record) + len);

	if (!record) {
		probe->counters->value[WIRE_CAPTURE_LOST]++;
		return NULL;
	}
	memcpy(record + 1, data, len);
	probe->counters->value[WIRE_CAPTURED]++;
	return record;
}

static void push(struct probe *probe, size_t len)
{
	record_ring_push(&probe->ring, sizeof(struct probe_record) + len);
}

static void push_view(struct probe *probe, enum wire_counter counter, enum sip_reject reject)
{
	struct probe_record *record = reserve(probe, probe->data, probe->len);

	probe->written = true;
	if (!record)
		return;
	*record = (struct probe_record){
		.mono_ns = probe->now_ns,
		.len = (uint32_t)probe->len,
		.kind = probe->port == PROBE_SOCKET ? PROBE_HEP : PROBE_FRAME,
		.port = probe->port,
		.counter = (uint8_t)counter,
		.reject = (uint8_t)reject,
	};
	push(probe, probe->len);
}

static uint32_t missing(const struct sip_msg *msg)
{
	return msg->flags & SIP_CUT_BODY ? msg->content_length - msg->body_len : 0;
}

static void push_message(struct probe *probe, const struct frame *frame, const char *text,
			 size_t len, enum sip_reject reject, const struct sip_msg *msg,
			 uint64_t now_ns)
{
	struct probe_record *record = reserve(probe, text, len);

	if (!record)
		return;
	*record = (struct probe_record){
		.mono_ns = now_ns,
		.len = (uint32_t)len,
		.kind = PROBE_MESSAGE,
		.port = probe->data ? probe->port : PROBE_SOCKET,
		.reject = (uint8_t)reject,
		.version = frame->version,
		.stream = frame->verdict == FRAME_SEGMENT,
		.source_port = frame->source_port,
		.target_port = frame->target_port,
		.missing = reject == SIP_REJECT_NONE ? missing(msg) : 0,
	};
	memcpy(record->source, frame->source, sizeof(record->source));
	memcpy(record->target, frame->target, sizeof(record->target));
	push(probe, len);
}

void probe_begin(struct probe *probe, uint8_t port, const void *data, size_t len, uint64_t now_ns)
{
	probe->data = data;
	probe->len = len;
	probe->port = port;
	probe->now_ns = now_ns;
	probe->written = false;
	if (looks_for_rejected(probe))
		for (unsigned int i = 0; i < REJECTIONS; i++)
			probe->before[i] = probe->counters->value[rejections[i]];
}

void probe_end(struct probe *probe)
{
	for (unsigned int i = 0; i < REJECTIONS && looks_for_rejected(probe); i++) {
		if (probe->written)
			break;
		if (probe->before[i] != probe->counters->value[rejections[i]])
			push_view(probe, rejections[i], SIP_REJECT_NONE);
	}
	probe->data = NULL;
}

// Whether the frame in view has all of the message, and is it that should be written. A frame of
// TCP may have other calls in it, and none before it, and few programs read HEP: there only the
// rejected are shown as they came.
static bool is_in_view(const struct probe *probe, const struct frame *frame, const char *text,
		       size_t len)
{
	uintptr_t first = (uintptr_t)probe->data, at = (uintptr_t)text;

	if (!probe->data || probe->port == PROBE_SOCKET)
		return false;
	bool as_it_came = frame->verdict == FRAME_DATAGRAM && !(frame->tunnels & 1 << TUNNEL_HEP);
	if (!as_it_came && !looks_for_rejected(probe))
		return false;
	return at >= first && at + len <= first + probe->len;
}

void probe_message(struct probe *probe, const struct frame *frame, const char *text, size_t len,
		   enum sip_reject reject, const struct sip_msg *msg, uint64_t now_ns)
{
	if (!capture_filter_wants(probe->order->filter, text, len, reject, msg))
		return;
	if (!is_in_view(probe, frame, text, len))
		push_message(probe, frame, text, len, reject, msg, now_ns);
	else if (!probe->written)
		push_view(probe, WIRE_RX_FRAMES, reject);
}

void probe_ignored(struct probe *probe, const struct frame *frame, const char *text, size_t len,
		   uint64_t now_ns)
{
	struct sip_msg msg;

	if (looks_for_rejected(probe))
		return; // nobody read it, so nobody failed to
	enum sip_reject reject = sip_msg_parse(text, len, &msg);
	probe_message(probe, frame, text, len, reject, &msg, now_ns);
}
