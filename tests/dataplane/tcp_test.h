// SPDX-License-Identifier: Apache-2.0
// Segments into one table of connections, and what it told of: Call-IDs and their directions.
#pragma once

#include "dataplane/frame.h"
#include "dataplane/tcp_flow.h"
#include "link/counters.h"
#include "sip/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	FLOWS = 64,
	TAILS = 16,
	FIN = FRAME_TCP_FIN,
	SYN = FRAME_TCP_SYN,
	RST = FRAME_TCP_RST,
	ACK = FRAME_TCP_ACK,
};

#define MS UINT64_C(1000000)

static const struct siphash_key key = {{1, 2}};
static struct wire_counters counters;
static struct tcp_flows *flows;
static char told[1 << 20]; // Call-IDs, each with its direction: "c1> c2< "
static size_t told_len, told_bytes;
static unsigned int told_messages;
static uint64_t now_ns;

static void on_message(void *ctx, const struct frame *frame, const char *text, size_t len,
		       uint64_t told_ns)
{
	const char *id = memmem(text, len, "Call-ID: ", 9);

	assert_ptr_equal(ctx, &told);
	assert_int_equal(told_ns, now_ns);
	assert_non_null(id);
	size_t id_len = strcspn(id + 9, "\r");
	memcpy(told + told_len, id + 9, id_len);
	told_len += id_len;
	told[told_len++] = frame->source_port < frame->target_port ? '>' : '<';
	told[told_len++] = ' ';
	told[told_len] = '\0';
	told_messages++;
	told_bytes += len;
}

static void forget(void)
{
	told_len = told_bytes = told_messages = 0;
	told[0] = '\0';
}

static void prepare_sized(unsigned int connections, unsigned int tails)
{
	tcp_flows_free(flows);
	memset(&counters, 0, sizeof(counters));
	flows = tcp_flows_new(connections, tails, &key, &counters, on_message, told);
	assert_non_null(flows);
	forget();
	now_ns = 1000 * MS;
}

static void prepare(void)
{
	prepare_sized(FLOWS, TAILS);
}

struct segment {
	uint16_t port; // of the client; server: 5060
	bool back;     // from the server
	bool ipv6;
	bool alone;       // both ends have the same address
	bool cut;         // by a capture, behind text
	uint16_t vlan;    // 0: none
	uint32_t network; // GRE key or VNI
	unsigned int flags;
	uint32_t sequence, acknowledged;
	const char *text;
	size_t len;
};

// In a buffer of exactly its size, that is gone afterwards.
static void send_segment(struct segment segment)
{
	struct frame frame = {
		.verdict = FRAME_SEGMENT,
		.version = segment.ipv6 ? 6 : 4,
		.next = 6,
		.source_port = segment.back ? 50600 : 5060,
		.target_port = segment.back ? 5060 : 50600,
		.cut = segment.cut,
		.tag_count = segment.vlan != 0,
		.tag = {segment.vlan},
		.network = segment.network,
		.sequence = segment.sequence,
		.acknowledged = segment.acknowledged,
		.tcp_flags = (uint8_t)segment.flags,
		.payload_len = (uint32_t)segment.len,
	};
	char *exact = malloc(segment.len ? segment.len : 1);

	frame.source[0] = frame.target[0] = 10;
	frame.source[segment.ipv6 ? 15 : 3] = segment.back && !segment.alone ? 2 : 1;
	frame.target[segment.ipv6 ? 15 : 3] = segment.back || segment.alone ? 1 : 2;
	frame.source[1] = frame.target[1] = (uint8_t)segment.port;
	frame.source[2] = frame.target[2] = (uint8_t)(segment.port >> 8);
	memcpy(exact, segment.text ? segment.text : "", segment.len);
	tcp_flows_segment(flows, &frame, exact, now_ns);
	free(exact);
}

static void data(uint32_t sequence, const char *text, size_t len)
{
	send_segment(
		(struct segment){.flags = ACK, .sequence = sequence, .text = text, .len = len});
}

static void mark(unsigned int flags, uint32_t sequence)
{
	send_segment((struct segment){.flags = flags, .sequence = sequence});
}

static size_t put_message(char *to, const char *call_id, size_t body)
{
	size_t len = (size_t)sprintf(to,
				     "INVITE sip:b@x SIP/2.0\r\n"
				     "Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\n"
				     "From: <sip:a@x>;tag=a1\r\n"
				     "To: <sip:b@x>\r\n"
				     "Call-ID: %s\r\n"
				     "CSeq: 1 INVITE\r\n"
				     "Content-Length: %zu\r\n\r\n",
				     call_id, body);

	memset(to + len, 'b', body);
	if (body > 0)
		to[len + body - 1] = '\n'; // as SDP ends
	to[len + body] = '\0';
	return len + body;
}

// Three messages, about 700 octets.
static size_t put_call(char *to)
{
	size_t len = put_message(to, "c1", 100);

	len += put_message(to + len, "c2", 0);
	return len + put_message(to + len, "c3", 20);
}

static const char all[] = "c1> c2> c3> ";

static void assert_told(const char *expect, const char *what, size_t which)
{
	if (strcmp(told, expect) != 0)
		fail_msg("%s %zu: \"%s\" instead of \"%s\"", what, which, told, expect);
}
