// SPDX-License-Identifier: Apache-2.0
// What the wire says of a run: from captures of the calls and of the PUBLISH requests, in order of
// time, to latencies (the 200 to an INVITE, then the PUBLISH that says on the phone, the later one
// of the two parties; the BYE, then the one that says not any more) and to what is wrong about the
// order: states that go backwards, persons with more than one initial PUBLISH.
// Usage: peer-story CAPTURE ... Prints key=value pairs. Calls are known by their number: caller aN,
// called bN; retransmissions count once.
#include "bench/figure.h"

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CALLS = 1 << 20, // numbers from 1
	CAPTURES = 4,
	TEXT_BYTES = 4096,
	ETHERNET_BYTES = 14,
	UDP_BYTES = 8,
};

// What a PUBLISH says, in the order in which a call goes.
enum state { STATE_NONE, STATE_TRYING, STATE_EARLY, STATE_ON, STATE_OFF };

struct person {
	uint64_t on_ns, off_ns; // first PUBLISH that says so; 0: none
	uint32_t branch;        // hash of the last one's, so that a retransmission is known
	uint8_t state;
	uint8_t initials;
	bool backwards;
};

struct call {
	uint64_t answered_ns, bye_ns;
	struct person person[2]; // caller, called
};

struct totals {
	unsigned long publish, initial, remove;
};

static struct call *calls;
static struct totals totals;

static const char *after(const char *text, const char *what)
{
	const char *at = strstr(text, what);

	return at != NULL ? at + strlen(what) : NULL;
}

// From `sip:a12@` to the call and its party.
static struct call *call_of(const char *uri, int *party)
{
	unsigned long number;

	if (uri == NULL || (*uri != 'a' && *uri != 'b'))
		return NULL;
	*party = *uri == 'b';
	number = strtoul(uri + 1, NULL, 10);
	return number < CALLS ? &calls[number] : NULL;
}

static uint32_t branch_hash(const char *text)
{
	const char *at = after(text, "branch=");
	uint32_t hash = 2166136261u; // FNV-1a

	for (; at != NULL && *at > ' ' && *at != ';'; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619u;
	return hash;
}

// RFC 4235 from Kamailio, presence from offhook, where a refresh has nothing to say.
static enum state state_of(const char *text)
{
	const char *body = after(text, "\r\n\r\n"), *expires = after(text, "\r\nExpires: ");

	if (expires != NULL && strtoul(expires, NULL, 10) == 0)
		return STATE_OFF;
	if (body == NULL || *body == '\0')
		return STATE_NONE;
	if (strstr(body, "terminated") != NULL)
		return STATE_OFF;
	if (strstr(body, "confirmed") != NULL || strstr(body, "on-the-phone") != NULL)
		return STATE_ON;
	return strstr(body, "early") != NULL ? STATE_EARLY : STATE_TRYING;
}

static void publish_read(const char *text, uint64_t at_ns)
{
	int party;
	struct call *call = call_of(after(text, "PUBLISH sip:"), &party);
	struct person *person = call != NULL ? &call->person[party] : NULL;
	uint32_t branch = branch_hash(text);
	enum state state = state_of(text);

	if (person == NULL || branch == person->branch)
		return;
	person->branch = branch;
	totals.publish++;
	if (strstr(text, "\r\nSIP-If-Match:") == NULL) {
		totals.initial++;
		person->initials++;
	}
	if (state == STATE_NONE)
		return;
	if (state < person->state)
		person->backwards = true;
	else
		person->state = (uint8_t)state;
	if (state == STATE_ON && person->on_ns == 0)
		person->on_ns = at_ns;
	if (state == STATE_OFF && person->off_ns == 0) {
		person->off_ns = at_ns;
		totals.remove++;
	}
}

static void message_read(const char *text, uint64_t at_ns)
{
	const char *cseq = after(text, "\r\nCSeq: ");
	int party;
	struct call *call = call_of(after(text, "\r\nFrom: <sip:"), &party);

	if (strncmp(text, "PUBLISH ", 8) == 0) {
		publish_read(text, at_ns);
		return;
	}
	if (call == NULL || cseq == NULL)
		return;
	cseq += strspn(cseq, "0123456789 ");
	if (strncmp(text, "SIP/2.0 200", 11) == 0 && strncmp(cseq, "INVITE", 6) == 0 &&
	    call->answered_ns == 0)
		call->answered_ns = at_ns;
	if (strncmp(text, "BYE ", 4) == 0 && call->bye_ns == 0)
		call->bye_ns = at_ns;
}

// Ethernet, IPv4 without fragments, UDP: what the stage's proxies and phones send.
static void frame_read(const struct pcap_pkthdr *header, const unsigned char *frame)
{
	char text[TEXT_BYTES];
	size_t start, len;

	if (header->caplen < ETHERNET_BYTES + 20 + UDP_BYTES || frame[12] != 8 || frame[13] != 0)
		return;
	start = ETHERNET_BYTES + 4 * (frame[ETHERNET_BYTES] & 15u) + UDP_BYTES;
	if (start >= header->caplen)
		return;
	len = header->caplen - start;
	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	memcpy(text, frame + start, len);
	text[len] = '\0';
	message_read(text,
		     (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec);
}

struct capture {
	pcap_t *pcap;
	struct pcap_pkthdr *header;
	const unsigned char *frame;
	bool has;
};

static void capture_next(struct capture *capture)
{
	capture->has = pcap_next_ex(capture->pcap, &capture->header, &capture->frame) == 1;
}

static bool earlier(const struct capture *a, const struct capture *b)
{
	const struct timeval *left = &a->header->ts, *right = &b->header->ts;

	return left->tv_sec != right->tv_sec ? left->tv_sec < right->tv_sec
					     : left->tv_usec < right->tv_usec;
}

static bool captures_read(char **names, int count)
{
	struct capture capture[CAPTURES] = {{0}};
	char error[PCAP_ERRBUF_SIZE];

	for (int i = 0; i < count; i++) {
		capture[i].pcap = pcap_open_offline_with_tstamp_precision(
			names[i], PCAP_TSTAMP_PRECISION_NANO, error);
		if (capture[i].pcap == NULL) {
			fprintf(stderr, "peer-story: %s\n", error);
			return false;
		}
		capture_next(&capture[i]);
	}
	for (;;) {
		struct capture *next = NULL;

		for (int i = 0; i < count; i++)
			if (capture[i].has && (next == NULL || earlier(&capture[i], next)))
				next = &capture[i];
		if (next == NULL)
			break;
		frame_read(next->header, next->frame);
		capture_next(next);
	}
	for (int i = 0; i < count; i++)
		pcap_close(capture[i].pcap);
	return true;
}

// From the event to the later one of the two parties' requests; 0: not both of them were sent.
static double delay_us(uint64_t event_ns, uint64_t a_ns, uint64_t b_ns)
{
	uint64_t later = a_ns > b_ns ? a_ns : b_ns;

	return a_ns == 0 || b_ns == 0 ? 0 : ((double)later - (double)event_ns) / 1e3;
}

static void latencies_print(const char *name, double *us, size_t count)
{
	static const struct {
		const char *key;
		double share;
	} quantile[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"max", 1}};

	for (size_t i = 0; count > 0 && i < sizeof(quantile) / sizeof(quantile[0]); i++)
		printf("%s_us_%s=%.1f ", name, quantile[i].key,
		       figure_quantile(us, count, quantile[i].share));
}

int main(int argc, char **argv)
{
	double *on = calloc(CALLS, sizeof(*on)), *off = calloc(CALLS, sizeof(*off));
	unsigned long answered = 0, unlit = 0, twice = 0, backwards = 0;
	size_t ons = 0, offs = 0;

	calls = calloc(CALLS, sizeof(*calls));
	if (argc < 2 || argc - 1 > CAPTURES || calls == NULL || on == NULL || off == NULL ||
	    !captures_read(argv + 1, argc - 1))
		return EXIT_FAILURE;
	for (const struct call *call = calls; call < calls + CALLS; call++) {
		const struct person *a = &call->person[0], *b = &call->person[1];
		double us;

		if (call->answered_ns != 0) {
			answered++;
			us = delay_us(call->answered_ns, a->on_ns, b->on_ns);
			if (us != 0)
				on[ons++] = us;
			unlit += (a->on_ns == 0) + (b->on_ns == 0);
		}
		us = call->bye_ns != 0 ? delay_us(call->bye_ns, a->off_ns, b->off_ns) : 0;
		if (us != 0)
			off[offs++] = us;
		twice += (a->initials > 1) + (b->initials > 1);
		backwards += a->backwards + b->backwards;
	}
	printf("answered=%lu publish=%lu never_published=%lu second_initials=%lu "
	       "out_of_order=%lu ",
	       answered, totals.publish, unlit, twice, backwards);
	latencies_print("answer_to_publish", on, ons);
	latencies_print("bye_to_publish", off, offs);
	putchar('\n');
	free(on);
	free(off);
	free(calls);
	return EXIT_SUCCESS;
}
