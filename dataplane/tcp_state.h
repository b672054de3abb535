// SPDX-License-Identifier: Apache-2.0
// What the three files of TCP share, and nobody else: tcp_flow.c has the table of connections,
// tcp_order.c puts the octets of a direction in order, tcp_read.c makes messages of them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "dataplane/tcp_flow.h"
#include "sip/siphash.h"
#include "sip/stream.h"

struct tcp_window;

enum tcp_kind {
	TCP_UNDECIDED,
	TCP_SIP,
	TCP_FOREIGN, // left alone
};

// Where a window is, in the order in which they give way to others. All but STALE have deadlines,
// which ascend in each list.
enum tcp_list {
	TCP_LIST_FREE,
	TCP_LIST_STALE, // an unfinished message that nothing was added to for long
	TCP_LIST_TAIL,  // an unfinished message
	TCP_LIST_HOLE,  // something waits behind a hole
	TCP_LIST_ACKED, // the same, and the receiver has what is missing
	TCP_LISTS,
};

struct tcp_direction {
	struct sip_stream stream;
	uint32_t next;  // sequence number behind all that came in order
	uint32_t first; // of the connection's first octet
	uint32_t end;   // behind the last one
	uint32_t stray; // where a segment far from all others is believed; 0: nowhere
	bool known : 1, has_first : 1, has_end : 1, ended : 1;
	bool begins_at_stray : 1;  // a SYN was there
	struct tcp_window *window; // NULL: nothing unfinished
};

struct tcp_flow {
	uint64_t seen_ns;
	uint8_t kind; // enum tcp_kind
	struct tcp_direction way[2];
};

TAILQ_HEAD(tcp_window_head, tcp_window);

struct tcp_flows {
	uint64_t *key; // of each connection; 0: none
	struct tcp_flow *flow;
	struct tcp_window *window;
	uint32_t buckets; // a power of two
	uint32_t idle_bucket;
	struct tcp_window_head list[TCP_LISTS];
	struct siphash_key hash_key;
	struct wire_counters *counters;
	tcp_message_fn *message;
	void *ctx;
};

// Tells all messages that are whole in `text`, which is what comes next. How many octets are done
// with; the rest is unfinished.
size_t tcp_read_messages(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
			 const struct frame *frame, const char *text, size_t len, uint64_t now_ns);
// What is unfinished is given up, and `missing` octets behind it. What there is of a message with
// whole headers is told: a body is no matter.
void tcp_read_give_up(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
		      const struct frame *frame, const char *text, size_t len, uint32_t missing,
		      uint64_t now_ns);

// The payload of a segment, wherever in the stream it belongs.
void tcp_order_data(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
		    const struct frame *frame, const char *text, uint32_t sequence,
		    uint64_t now_ns);
// Who has received what we lack will not get it again.
void tcp_order_acknowledged(struct tcp_flows *flows, const struct tcp_direction *other,
			    const struct frame *frame, uint64_t now_ns);
// Reads what can be read of what waits and gives the window back. missing: octets behind all of it.
void tcp_order_finish(struct tcp_flows *flows, struct tcp_direction *way, uint32_t missing,
		      uint64_t now_ns);
// Gives up what waits for too long; all of it, in the order of the lists, which is the same in each
// run.
void tcp_order_expire(struct tcp_flows *flows, uint64_t now_ns);
void tcp_order_finish_all(struct tcp_flows *flows, uint64_t now_ns);
// Forgets what waits.
void tcp_order_release(struct tcp_flows *flows, struct tcp_direction *way);
// Once both directions are at their end, so is the connection, which is freed.
void tcp_flow_check_end(struct tcp_flows *flows, struct tcp_flow *flow, unsigned int side,
			uint64_t now_ns);
