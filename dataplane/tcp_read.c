// SPDX-License-Identifier: Apache-2.0
// From octets in order to messages, with sip/stream.c: what each piece of a stream is, counted, and
// what a connection carries, decided by the first of them.
#include "dataplane/tcp_state.h"

#include "dataplane/frame.h"
#include "link/counters.h"
#include "sip/msg.h"

// The connection is none of ours from now on.
static void leave(struct tcp_flows *flows, struct tcp_flow *flow, enum stream_verdict verdict)
{
	uint64_t *value = flows->counters->value;

	value[WIRE_TCP_FOREIGN]++;
	value[WIRE_TCP_TLS] += verdict == STREAM_TLS;
	value[WIRE_TCP_WEBSOCKET] += verdict == STREAM_WEBSOCKET;
	flow->kind = TCP_FOREIGN;
	tcp_order_release(flows, &flow->way[0]);
	tcp_order_release(flows, &flow->way[1]);
}

static void prove(struct tcp_flow *flow)
{
	flow->kind = TCP_SIP;
	flow->way[0].stream.proven = true;
	flow->way[1].stream.proven = true;
}

// A message whose end nobody can tell.
static void reject(struct wire_counters *counters, enum wire_counter counter,
		   enum sip_reject reason)
{
	counters->value[counter]++;
	counters->value[WIRE_SIP_MESSAGES]++;
	counters->value[WIRE_SIP_REJECTED]++;
	counters->reject[reason]++;
}

static void count(struct wire_counters *counters, enum stream_verdict verdict, size_t used)
{
	uint64_t *value = counters->value;

	switch (verdict) {
	case STREAM_KEEPALIVE: value[WIRE_KEEPALIVE]++; break;
	case STREAM_STUN: value[WIRE_STUN]++; break;
	case STREAM_BAD_LENGTH:
		reject(counters, WIRE_TCP_BAD_LENGTH, SIP_REJECT_CONTENT_LENGTH);
		break;
	case STREAM_TOO_LONG: reject(counters, WIRE_TCP_TOO_LONG, SIP_REJECT_TOO_LONG); break;
	case STREAM_GARBAGE:
		value[WIRE_TCP_GARBAGE]++;
		value[WIRE_TCP_SKIPPED_BYTES] += used;
		break;
	case STREAM_SKIPPED: value[WIRE_TCP_SKIPPED_BYTES] += used; break;
	default: break;
	}
}

size_t tcp_read_messages(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
			 const struct frame *frame, const char *text, size_t len, uint64_t now_ns)
{
	struct sip_stream *stream = &flow->way[side].stream;
	size_t done = 0, used;

	while (done < len) {
		enum stream_verdict verdict = stream_next(stream, text + done, len - done, &used);
		switch (verdict) {
		case STREAM_MORE: return done;
		case STREAM_NO_LENGTH:
		case STREAM_MESSAGE:
			flows->counters->value[WIRE_TCP_NO_LENGTH] += verdict == STREAM_NO_LENGTH;
			if (flow->kind != TCP_SIP)
				prove(flow);
			flows->message(flows->ctx, frame, text + done, used, now_ns);
			break;
		case STREAM_TLS:
		case STREAM_WEBSOCKET:
		case STREAM_FOREIGN: leave(flows, flow, verdict); return len;
		default: count(flows->counters, verdict, used); break;
		}
		done += used;
	}
	return done;
}

void tcp_read_give_up(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
		      const struct frame *frame, const char *text, size_t len, uint32_t missing,
		      uint64_t now_ns)
{
	struct sip_stream *stream = &flow->way[side].stream;
	uint64_t *value = flows->counters->value;

	switch (stream_give_up(stream, len, missing)) {
	case STREAM_LOSS_BODY:
	case STREAM_LOSS_REST:
		if (flow->kind != TCP_SIP)
			prove(flow);
		value[WIRE_TCP_CUT_BODY]++;
		flows->message(flows->ctx, frame, text, len, now_ns);
		break;
	case STREAM_LOSS_HEADER: value[WIRE_TCP_LOST] += stream->proven; break;
	default: break;
	}
}
