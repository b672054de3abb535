// SPDX-License-Identifier: Apache-2.0
// TCP as an observer sees it: segments in any order, twice, or never, of connections met at their
// start or in their middle, become SIP messages in the order of their stream (RFC 9293, RFC 3261
// 18.3). One table for each poll core, all memory taken at start, no locks; replay has one, too, in
// packet time. What arrives in order is read where it lies; only unfinished ends are copied.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct frame;
struct siphash_key;
struct tcp_flows;
struct wire_counters;

// One message, of the connection and direction that frame's addresses say. Valid for the call.
typedef void tcp_message_fn(void *ctx, const struct frame *frame, const char *text, size_t len,
			    uint64_t now_ns);

enum {
	// How long a hole may stay open: a retransmission after the first time-out of RFC 6298
	// still comes in time.
	TCP_PATIENCE_MS = 1000,
	// The receiver has it, so nobody sends it again; what a mirror puts out of order is late by
	// less.
	TCP_PATIENCE_ACKED_MS = 50,
	// Keep-alives of RFC 5626 and OPTIONS come every few minutes.
	TCP_IDLE_S = 3600,
};

// connections: followed at a time (rounded up); tails: directions with something unfinished or out
// of order. NULL: no memory.
struct tcp_flows *tcp_flows_new(uint64_t connections, uint64_t tails, const struct siphash_key *key,
				struct wire_counters *counters, tcp_message_fn *message, void *ctx);
void tcp_flows_free(struct tcp_flows *flows);

// A segment (FRAME_SEGMENT); payload: its frame->payload_len octets.
void tcp_flows_segment(struct tcp_flows *flows, const struct frame *frame, const char *payload,
		       uint64_t now_ns);
// Gives up what did not come in time: messages behind a hole are told then. Often.
void tcp_flows_expire(struct tcp_flows *flows, uint64_t now_ns);
// When there is the next to give up; UINT64_MAX: nothing waits.
uint64_t tcp_flows_due_ns(const struct tcp_flows *flows);
// Whatever waits is told or given up (the end of a capture).
void tcp_flows_finish(struct tcp_flows *flows, uint64_t now_ns);
