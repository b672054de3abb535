// SPDX-License-Identifier: Apache-2.0
// A table of buckets with eight connections each: a look-up reads one line of keys, and where a
// bucket is full its least recently used connection gives way, those that are not SIP first, then
// those that have shown nothing yet. A connection is known by a keyed hash of its addresses, ports,
// VLAN, and the network that they belong to: tenants of one overlay may have the same.
#include "dataplane/tcp_state.h"

#include "dataplane/frame.h"
#include "dataplane/tcp_window.h"
#include "link/counters.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

enum {
	WAYS = 8,
	IDLE_BUCKETS = 8,     // looked at for idle connections, each time
	WINDOW_BYTES = 65535, // what each has without options; RFC 5961 3.2
};

struct tcp_flows *tcp_flows_new(uint64_t connections, uint64_t tails, const struct siphash_key *key,
				struct wire_counters *counters, tcp_message_fn *message, void *ctx)
{
	struct tcp_flows *flows = calloc(1, sizeof(*flows));

	if (!flows)
		return NULL;
	for (flows->buckets = 1; flows->buckets * (uint64_t)WAYS < connections;)
		flows->buckets *= 2;
	flows->key = calloc(flows->buckets, WAYS * sizeof(*flows->key));
	flows->flow = calloc(flows->buckets, WAYS * sizeof(*flows->flow));
	flows->window = calloc(tails, sizeof(*flows->window));
	flows->hash_key = *key;
	flows->counters = counters;
	flows->message = message;
	flows->ctx = ctx;
	for (unsigned int i = 0; i < TCP_LISTS; i++)
		TAILQ_INIT(&flows->list[i]);
	if (!flows->key || !flows->flow || !flows->window) {
		tcp_flows_free(flows);
		return NULL;
	}
	for (uint64_t i = 0; i < tails; i++)
		TAILQ_INSERT_TAIL(&flows->list[TCP_LIST_FREE], &flows->window[i], link);
	return flows;
}

void tcp_flows_free(struct tcp_flows *flows)
{
	if (!flows)
		return;
	free(flows->key);
	free(flows->flow);
	free(flows->window);
	free(flows);
}

static void flow_free(struct tcp_flows *flows, struct tcp_flow *flow, uint64_t now_ns)
{
	tcp_order_finish(flows, &flow->way[0], UINT32_MAX, now_ns);
	tcp_order_finish(flows, &flow->way[1], UINT32_MAX, now_ns);
	flows->key[flow - flows->flow] = 0;
}

static void flow_begin(struct tcp_flows *flows, struct tcp_flow *flow)
{
	memset(flow, 0, sizeof(*flow));
	flows->counters->value[WIRE_TCP_FLOWS]++;
}

// The same for both directions; *side says which one it is.
static uint64_t flow_key(const struct tcp_flows *flows, const struct frame *frame,
			 unsigned int *side)
{
	struct {
		uint8_t address[2][16];
		uint16_t port[2], vlan, version;
		uint32_t network;
	} both;
	int order = memcmp(frame->source, frame->target, 16);

	if (order == 0)
		order = frame->source_port < frame->target_port ? -1 : 1;
	*side = order > 0;
	memcpy(both.address[*side], frame->source, 16);
	memcpy(both.address[!*side], frame->target, 16);
	both.port[*side] = frame->source_port;
	both.port[!*side] = frame->target_port;
	both.vlan = frame->tag_count ? frame->tag[frame->tag_count - 1] : 0;
	both.version = frame->version;
	both.network = frame->network;
	uint64_t key = siphash64(&flows->hash_key, &both, sizeof(both));
	return key ? key : 1;
}

static struct tcp_flow *flow_find(struct tcp_flows *flows, uint64_t key)
{
	uint32_t first = (uint32_t)(key & (flows->buckets - 1)) * WAYS;

	for (uint32_t i = first; i < first + WAYS; i++)
		if (flows->key[i] == key)
			return &flows->flow[i];
	return NULL;
}

// Whether `flow` gives way before `other`: a flood of connections that are not SIP, or that never
// say anything, takes no room from those that are.
static bool goes_before(const struct tcp_flow *flow, const struct tcp_flow *other)
{
	static const uint8_t worth[] = {[TCP_FOREIGN] = 0, [TCP_UNDECIDED] = 1, [TCP_SIP] = 2};

	if (worth[flow->kind] != worth[other->kind])
		return worth[flow->kind] < worth[other->kind];
	return flow->seen_ns < other->seen_ns;
}

// An unused place in the bucket of the key, or one that is made.
static struct tcp_flow *flow_add(struct tcp_flows *flows, uint64_t key, uint64_t now_ns)
{
	uint32_t first = (uint32_t)(key & (flows->buckets - 1)) * WAYS, best = first;

	for (uint32_t i = first; i < first + WAYS && flows->key[best]; i++)
		if (!flows->key[i] || goes_before(&flows->flow[i], &flows->flow[best]))
			best = i;
	if (flows->key[best]) {
		struct tcp_flow *victim = &flows->flow[best];
		flows->counters->value[WIRE_TCP_EVICTED] += victim->kind != TCP_FOREIGN;
		flow_free(flows, victim, now_ns);
	}
	flows->key[best] = key;
	flow_begin(flows, &flows->flow[best]);
	return &flows->flow[best];
}

// A connection begins, or its second half, or this was seen before.
static void take_syn(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
		     const struct frame *frame, uint64_t now_ns)
{
	struct tcp_direction *way = &flow->way[side], *other = &flow->way[!side];
	uint32_t first = frame->sequence + 1;
	// More than the SYN, where it carried octets (RFC 7413).
	bool answers = (frame->tcp_flags & FRAME_TCP_ACK) && other->has_first &&
		       frame->acknowledged - other->first <= WINDOW_BYTES;

	if (way->has_first && way->first == first)
		return;
	// The octets behind it were faster.
	if (way->known && !way->has_first && way->next - first <= WINDOW_BYTES) {
		way->has_first = true;
		way->first = first;
		return;
	}
	if (flow->kind == TCP_FOREIGN && (way->known || (other->known && !answers))) {
		flow_begin(flows, flow);
		flow->seen_ns = now_ns;
	}
	if (way->known) {
		// The port pair is used again, or somebody says so: what follows it tells.
		if (!(frame->tcp_flags & FRAME_TCP_ACK) && way->stray != first)
			flows->counters->value[WIRE_TCP_FLOWS]++;
		way->stray = first;
		way->begins_at_stray = true;
		return;
	}
	way->known = true;
	way->has_first = true;
	way->first = way->next = first;
	stream_init(&way->stream, true);
	way->stream.proven = flow->kind == TCP_SIP;
}

void tcp_flow_check_end(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
			uint64_t now_ns)
{
	struct tcp_direction *way = &flow->way[side];

	if (!way->has_end || way->ended || (int32_t)(way->end - way->next) > 0)
		return;
	tcp_order_finish(flows, way, UINT32_MAX, now_ns);
	way->ended = true;
	if (flow->way[!side].ended)
		flow_free(flows, flow, now_ns);
}

// Anybody can send an end; who doesn't know the sequence numbers ends nothing.
static bool fits(const struct tcp_direction *way, uint32_t sequence)
{
	return way->known && sequence - way->next <= WINDOW_BYTES;
}

static void take_segment(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
			 const struct frame *frame, const char *payload, uint64_t now_ns)
{
	struct tcp_direction *way = &flow->way[side];
	uint32_t sequence = frame->sequence + ((frame->tcp_flags & FRAME_TCP_SYN) != 0);

	if (flow->kind == TCP_FOREIGN)
		return;
	if (frame->tcp_flags & FRAME_TCP_ACK)
		tcp_order_acknowledged(flows, &flow->way[!side], frame, now_ns);
	if (frame->payload_len > 0)
		tcp_order_data(flows, flow, side, frame, payload, sequence, now_ns);
	// Of a segment that was cut the end is not known.
	if ((frame->tcp_flags & FRAME_TCP_FIN) && !frame->cut &&
	    fits(way, sequence + frame->payload_len)) {
		way->has_end = true;
		way->end = sequence + frame->payload_len;
	}
	tcp_flow_check_end(flows, flow, side, now_ns);
}

void tcp_flows_segment(struct tcp_flows *flows, const struct frame *frame, const char *payload,
		       uint64_t now_ns)
{
	const unsigned int marks = FRAME_TCP_SYN | FRAME_TCP_FIN | FRAME_TCP_RST;
	unsigned int side;

	// Most segments without octets say nothing but that others have arrived.
	if (frame->payload_len == 0 && !(frame->tcp_flags & marks))
		return;
	flows->counters->value[WIRE_TCP_SEGMENTS] += frame->payload_len > 0;
	uint64_t key = flow_key(flows, frame, &side);
	struct tcp_flow *flow = flow_find(flows, key);
	if (frame->tcp_flags & FRAME_TCP_RST) {
		if (flow && (!flow->way[side].known || fits(&flow->way[side], frame->sequence)))
			flow_free(flows, flow, now_ns);
		return;
	}
	if (!flow) {
		if (frame->payload_len == 0 && !(frame->tcp_flags & FRAME_TCP_SYN))
			return;
		flow = flow_add(flows, key, now_ns);
	}
	flow->seen_ns = now_ns;
	if (frame->tcp_flags & FRAME_TCP_SYN)
		take_syn(flows, flow, side, frame, now_ns);
	take_segment(flows, flow, side, frame, payload, now_ns);
}

static void expire_idle(struct tcp_flows *flows, uint64_t now_ns)
{
	const uint64_t idle_ns = TCP_IDLE_S * UINT64_C(1000) * NS_PER_MS;
	uint32_t first = flows->idle_bucket * WAYS;

	for (uint32_t i = first; i < first + WAYS; i++) {
		if (!flows->key[i] || now_ns - flows->flow[i].seen_ns < idle_ns)
			continue;
		flows->counters->value[WIRE_TCP_IDLE]++;
		flow_free(flows, &flows->flow[i], now_ns);
	}
	flows->idle_bucket = (flows->idle_bucket + 1) & (flows->buckets - 1);
}

void tcp_flows_expire(struct tcp_flows *flows, uint64_t now_ns)
{
	tcp_order_expire(flows, now_ns);
	for (int i = 0; i < IDLE_BUCKETS; i++)
		expire_idle(flows, now_ns);
}

void tcp_flows_finish(struct tcp_flows *flows, uint64_t now_ns)
{
	tcp_order_finish_all(flows, now_ns);
}
