// SPDX-License-Identifier: Apache-2.0
#include "bench/flood/flood_traffic.h"

#include "bench/wire/traffic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROUND = 1024,   // frames of the flood; the generator makes each its own
	ATTACKER = 666, // host
	TEXT_BYTES = 1024,
};

static const char mark[] = "########"; // where the running number goes

static void add_attack(struct traffic *traffic, unsigned int index)
{
	bool is_bye = index % 2;
	char text[TEXT_BYTES];
	int len = snprintf(text, sizeof(text),
			   "%s sip:victim%u@bench.example SIP/2.0\r\n"
			   "Via: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bK%s\r\n"
			   "Max-Forwards: 70\r\n"
			   "From: <sip:nobody@attacker.example>;tag=%s\r\n"
			   "To: <sip:victim%u@bench.example>%s\r\n"
			   "Call-ID: %s-flood@203.0.113.9\r\n"
			   "CSeq: %u %s\r\n"
			   "Contact: <sip:nobody@203.0.113.9>\r\n"
			   "Content-Length: 0\r\n\r\n",
			   is_bye ? "BYE" : "INVITE", index, mark, mark, index,
			   is_bye ? ";tag=########" : "", mark, 1 + is_bye,
			   is_bye ? "BYE" : "INVITE");
	struct traffic_frame *frame = traffic_add(traffic, ATTACKER, 5060, text, (uint32_t)len);
	const char *at = text;

	for (int i = 0; i < TRAFFIC_STAMPS && (at = strstr(at, mark)); i++, at++)
		frame->stamp_off[i] = TRAFFIC_HEADER_BYTES + (uint32_t)(at - text);
}

static void add_real(struct traffic *traffic, unsigned int call, int step)
{
	static const char *const start[] = {"INVITE", "SIP/2.0 200 OK", "ACK", "BYE",
					    "SIP/2.0 200 OK"};
	static const char *const method[] = {"INVITE", "INVITE", "ACK", "BYE", "BYE"};
	bool is_answer = step == 1 || step == 4;
	char uri[96] = "", to_tag[32] = "", text[TEXT_BYTES];
	int branch = step == 1 ? 0 : step == 4 ? 3 : step; // an answer has its request's

	if (step > 0)
		snprintf(to_tag, sizeof(to_tag), ";tag=to%u", call);
	if (!is_answer)
		snprintf(uri, sizeof(uri), " sip:callee%u@bench.example SIP/2.0", call);
	int len = snprintf(text, sizeof(text),
			   "%s%s\r\n"
			   "Via: SIP/2.0/UDP 10.0.0.%u:5060;branch=z9hG4bK-%u-%d\r\n"
			   "Max-Forwards: 70\r\n"
			   "From: <sip:caller%u@bench.example>;tag=from%u\r\n"
			   "To: <sip:callee%u@bench.example>%s\r\n"
			   "Call-ID: real-%u@10.0.0.1\r\n"
			   "CSeq: %d %s\r\n"
			   "Contact: <sip:10.0.0.1>\r\n"
			   "Content-Length: 0\r\n\r\n",
			   start[step], uri, 1 + call % 200, call, branch, call, call, call, to_tag,
			   call, step < 3 ? 1 : 2, method[step]);

	traffic_add(traffic, 1 + call % 200, 5060, text, (uint32_t)len);
}

struct turn {
	unsigned int call;
	int step;
	uint64_t at;
};

static int compare(const void *a, const void *b)
{
	const struct turn *left = a, *right = b;

	return (left->at > right->at) - (left->at < right->at);
}

int flood_traffic_make(struct traffic *traffic, unsigned int calls, uint64_t frames)
{
	// When each message of a call comes, in units of the time between two calls' starts.
	const uint64_t off[] = {0, 2, 3, calls / 2 + 5, calls / 2 + 6};
	size_t messages = (size_t)calls * FLOOD_MESSAGES_PER_CALL;
	struct turn *turn = calloc(messages, sizeof(*turn));
	int err = traffic_init(traffic, ROUND + messages);

	if (!turn || err) {
		free(turn);
		return -ENOMEM;
	}
	for (size_t i = 0; i < messages; i++) {
		unsigned int call = (unsigned int)(i / FLOOD_MESSAGES_PER_CALL);
		int step = (int)(i % FLOOD_MESSAGES_PER_CALL);
		turn[i] = (struct turn){call, step, (call + off[step]) * 8 + (uint64_t)step};
	}
	qsort(turn, messages, sizeof(*turn), compare);
	strcpy(traffic->name, "flood");
	for (unsigned int i = 0; i < ROUND; i++)
		add_attack(traffic, i);
	for (size_t i = 0; i < messages; i++)
		add_real(traffic, turn[i].call, turn[i].step);
	free(turn);
	traffic->round = ROUND;
	traffic->apart = frames / (messages + 1);
	return 0;
}
