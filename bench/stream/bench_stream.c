// SPDX-License-Identifier: Apache-2.0
// What SIP in TCP costs against the same SIP in UDP: frames through the frame walk and all behind
// it, as a poll core has them, in one interleaved run. The streams are cut into segments of 1460
// octets; in order, and with one segment in a hundred behind its successor. Before anything is
// timed all of them must tell the same number of events.
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/figure.h"
#include "bench/sample_calls.h"
#include "dataplane/frame.h"
#include "dataplane/look.h"
#include "dataplane/tcp_flow.h"
#include "link/counters.h"
#include "sip/line_index.h"

enum {
	CALLS = 700,
	CONNECTIONS = 64, // a message goes into one of them; of a few trunks and some phones
	SEGMENT_BYTES = 1460,
	HEADER_BYTES = 14 + 20 + 20,
	MAX_ROUNDS = 1001,
	CONNECTION_TABLE = 65536,
	TAILS = 1024,
};

struct wire_frame {
	uint8_t *data;
	size_t len;
	uint64_t connection;
};

struct frames {
	struct wire_frame *frame;
	size_t count, room;
};

struct way {
	const char *name;
	bool is_tcp;
	bool everything; // all is parsed, else what a call needs
	struct frames *frames;
	double ns[MAX_ROUNDS]; // a message, of each round
	uint64_t events;
};

static struct frames udp, in_order, disordered, resets;
static struct way ways[] = {
	{.name = "udp", .frames = &udp},
	{.name = "tcp", .is_tcp = true, .frames = &in_order},
	{.name = "tcp-1%", .is_tcp = true, .frames = &disordered},
	{.name = "udp-all", .everything = true, .frames = &udp},
	{.name = "tcp-all", .is_tcp = true, .everything = true, .frames = &in_order},
	{.name = "tcp-all-1%", .is_tcp = true, .everything = true, .frames = &disordered},
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static void put_be(uint8_t *p, uint32_t value, unsigned int bytes)
{
	while (bytes-- > 0) {
		p[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

// Ethernet, IPv4, TCP with these flags or else UDP, and the payload.
static void add_frame(struct frames *frames, uint8_t flags, unsigned int connection,
		      uint32_t sequence, const char *payload, size_t len)
{
	bool is_tcp = flags != 0;
	size_t transport = is_tcp ? 20 : 8;
	uint8_t *p = calloc(1, HEADER_BYTES + len);

	if (frames->count == frames->room) {
		frames->room = frames->room ? frames->room * 2 : 1024;
		frames->frame = realloc(frames->frame, frames->room * sizeof(*frames->frame));
	}
	if (!p || !frames->frame)
		abort();
	put_be(p + 12, 0x0800, 2);
	p[14] = 0x45;
	put_be(p + 16, (uint32_t)(20 + transport + len), 2);
	p[23] = is_tcp ? 6 : 17;
	put_be(p + 26, 0x0a000000 + connection, 4);
	put_be(p + 30, 0x0a010001, 4);
	put_be(p + 34, 5060, 2);
	put_be(p + 36, 5060, 2);
	if (is_tcp) {
		put_be(p + 38, sequence, 4);
		p[46] = 5 << 4;
		p[47] = flags;
	} else {
		put_be(p + 38, (uint32_t)(8 + len), 2);
	}
	memcpy(p + 34 + transport, payload, len);
	frames->frame[frames->count++] = (struct wire_frame){
		.data = p, .len = 34 + transport + len, .connection = connection};
}

struct stream {
	char pending[SEGMENT_BYTES];
	size_t len;
	uint32_t sequence;
};

static void flush(struct stream *stream, unsigned int connection)
{
	add_frame(&in_order, FRAME_TCP_ACK, connection, stream->sequence, stream->pending,
		  stream->len);
	stream->sequence += (uint32_t)stream->len;
	stream->len = 0;
}

static void add_to_stream(struct stream *stream, unsigned int connection, const char *text,
			  size_t len)
{
	while (len > 0) {
		size_t room = SEGMENT_BYTES - stream->len, part = len < room ? len : room;
		memcpy(stream->pending + stream->len, text, part);
		stream->len += part;
		text += part;
		len -= part;
		if (stream->len == SEGMENT_BYTES)
			flush(stream, connection);
	}
}

// One segment in a hundred changes places with the next one of its connection.
static void make_disorder(void)
{
	unsigned int seed = 1;

	disordered.count = disordered.room = in_order.count;
	disordered.frame = malloc(in_order.count * sizeof(*in_order.frame));
	if (!disordered.frame)
		abort();
	memcpy(disordered.frame, in_order.frame, in_order.count * sizeof(*in_order.frame));
	for (size_t i = CONNECTIONS; i < disordered.count; i++) { // behind the SYNs
		size_t next = i + 1;
		if (rand_r(&seed) % 100 != 0)
			continue;
		while (next < disordered.count &&
		       disordered.frame[next].connection != disordered.frame[i].connection)
			next++;
		if (next == disordered.count)
			continue;
		struct wire_frame first = disordered.frame[i];
		disordered.frame[i] = disordered.frame[next];
		disordered.frame[next] = first;
	}
}

static void make_frames(const struct sample_set *set)
{
	static struct stream streams[CONNECTIONS];

	for (unsigned int i = 0; i < CONNECTIONS; i++)
		add_frame(&in_order, FRAME_TCP_SYN, i, UINT32_MAX, "", 0);
	for (size_t i = 0; i < set->count; i++) {
		const struct sample *sample = &set->samples[i];
		unsigned int connection = (unsigned int)(i / 16 % CONNECTIONS);
		add_frame(&udp, 0, connection, 0, sample->text, sample->len);
		add_to_stream(&streams[connection], connection, sample->text, sample->len);
	}
	for (unsigned int i = 0; i < CONNECTIONS; i++)
		if (streams[i].len > 0)
			flush(&streams[i], i);
	for (unsigned int i = 0; i < CONNECTIONS; i++)
		add_frame(&resets, FRAME_TCP_RST, i, streams[i].sequence, "", 0);
	make_disorder();
}

static void on_event(void *ctx, const struct call_event *event)
{
	uint64_t *events = ctx;

	(*events)++;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void look_at(struct look *look, const struct wire_frame *at, uint64_t at_ns)
{
	struct frame frame;

	frame_walk(at->data, at->len, &frame);
	look_frame(look, &frame, at->data, at_ns);
}

static void run_round(struct way *way, size_t messages, int round)
{
	static struct wire_counters counters;
	static struct look look;
	const struct siphash_key key = {{1, 2}};

	memset(&counters, 0, sizeof(counters));
	way->events = 0;
	look = (struct look){
		.key = key, .counters = &counters, .tell = on_event, .ctx = &way->events};
	look_follow(&look, false, true, way->everything);
	look.flows = tcp_flows_new(CONNECTION_TABLE, TAILS, &key, &counters, look_message, &look);
	if (!look.flows)
		abort();
	// Once before, so that no memory is touched for the first time; then all begins anew.
	for (size_t i = 0; i < way->frames->count; i++)
		look_at(&look, &way->frames->frame[i], i);
	for (size_t i = 0; i < resets.count; i++)
		look_at(&look, &resets.frame[i], i);
	memset(&counters, 0, sizeof(counters));
	way->events = 0;
	double start = now_ns();
	for (size_t i = 0; i < way->frames->count; i++)
		look_at(&look, &way->frames->frame[i], i);
	way->ns[round] = (now_ns() - start) / (double)messages;
	tcp_flows_free(look.flows);
	if (counters.value[WIRE_SIP_MESSAGES] != messages) {
		fprintf(stderr, "%s: %llu of %zu messages\n", way->name,
			(unsigned long long)counters.value[WIRE_SIP_MESSAGES], messages);
		exit(1);
	}
}

// The ratio is of the same round: what else the machine did falls on both.
static void report(size_t rounds)
{
	double ratio[WAYS][MAX_ROUNDS];

	for (int i = 0, base = 0; i < WAYS; i++) {
		if (!ways[i].is_tcp)
			base = i; // the datagrams of what follows
		for (size_t round = 0; round < rounds; round++)
			ratio[i][round] = ways[i].ns[round] / ways[base].ns[round];
	}
	for (int i = 0; i < WAYS; i++) {
		figure_begin("bench-stream");
		figure_word("way", ways[i].name);
		figure_of("ratio_to_udp", ratio[i], rounds);
		figure_of("ns_per_message", ways[i].ns, rounds);
		figure_end();
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {"rounds", required_argument, NULL, 'r'}, {0}};
	struct sample_set set;
	bool json = false;
	int rounds = 51, option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j')
			json = true;
		else if (option == 'r')
			rounds = atoi(optarg);
		else
			rounds = 0;
	}
	if (rounds < 1 || rounds > MAX_ROUNDS || argc != optind) {
		fprintf(stderr, "usage: %s [--json] [--rounds N]\n", argv[0]);
		return 2;
	}
	if (sample_calls_make(&set, CALLS) != 0 || line_index_select(LINE_KERNEL_AUTO) != 0)
		return 1;
	make_frames(&set);
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < WAYS; i++)
			run_round(&ways[i], set.count, round);
	for (int i = 0; i < WAYS; i++) {
		if (ways[i].events != ways[0].events) {
			fprintf(stderr, "%s tells %llu events, udp %llu\n", ways[i].name,
				(unsigned long long)ways[i].events,
				(unsigned long long)ways[0].events);
			return 1;
		}
	}
	if (!json)
		printf("%zu messages, mean %.1f bytes, %llu events, %zu datagrams, %zu segments\n",
		       set.count, (double)set.bytes / (double)set.count,
		       (unsigned long long)ways[0].events, udp.count, in_order.count);
	figure_init(json);
	report((size_t)rounds);
	sample_set_fini(&set);
	return 0;
}
