// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/traffic.h"

#include "bench/sample_calls.h"
#include "config/settings.h"
#include "dataplane/frame.h"
#include "dataplane/look.h"
#include "link/counters.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ETHERNET_BYTES = 14,
	RTP_HEADER_BYTES = 12,
	// Longer ones would come in fragments; net_pcap keeps each frame in one buffer.
	FRAME_MAX_BYTES = 1514,
	RTP_STREAMS = 1000,
	STAGE_FRAMES = 4096,
};

static void put_be(uint8_t *p, uint32_t value, unsigned int bytes)
{
	while (bytes-- > 0) {
		p[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

static void put_ipv4_checksum(uint8_t *ip)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put_be(ip + 10, ~sum & 0xffff, 2);
}

// Ethernet, IPv4, UDP without a checksum, and room for the payload, which is returned.
static uint8_t *add_frame(struct traffic *traffic, uint32_t host, uint16_t port, uint32_t len)
{
	struct traffic_frame *frame = &traffic->frame[traffic->count];
	uint8_t *p = calloc(1, TRAFFIC_HEADER_BYTES + len);

	if (!p)
		abort();
	memcpy(p, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0", ETHERNET_BYTES);
	p[14] = 0x45;
	put_be(p + 16, 20 + 8 + len, 2);
	p[22] = 64;
	p[23] = 17;
	put_be(p + 26, 0x0a000000 + host, 4);
	put_be(p + 30, 0x0a010001, 4);
	put_ipv4_checksum(p + 14);
	put_be(p + 34, port, 2);
	put_be(p + 36, port, 2);
	put_be(p + 38, 8 + len, 2);
	*frame = (struct traffic_frame){.data = p, .len = TRAFFIC_HEADER_BYTES + len};
	traffic->bytes += frame->len;
	traffic->count++;
	return p + TRAFFIC_HEADER_BYTES;
}

struct traffic_frame *traffic_add(struct traffic *traffic, uint32_t host, uint16_t port,
				  const void *payload, uint32_t len)
{
	memcpy(add_frame(traffic, host, port, len), payload, len);
	return &traffic->frame[traffic->count - 1];
}

static void add_message(struct traffic *traffic, const struct sample *sample, size_t number)
{
	traffic_add(traffic, 1 + (uint32_t)number / 16 % 64, 5060, sample->text, sample->len);
}

// RFC 3550 5.1: version 2, PCMA, of one of many streams, whose 20 ms come in turn.
static void add_rtp(struct traffic *traffic, size_t number, uint32_t frame_bytes)
{
	uint32_t stream = (uint32_t)(number % RTP_STREAMS), at = (uint32_t)(number / RTP_STREAMS);
	uint32_t len = frame_bytes - TRAFFIC_HEADER_BYTES;
	uint8_t *rtp = add_frame(traffic, 256 + stream, (uint16_t)(10000 + stream * 2), len);

	rtp[0] = 0x80;
	rtp[1] = 8;
	put_be(rtp + 2, at, 2);
	put_be(rtp + 4, at * 160, 4);
	put_be(rtp + 8, 0x5eed0000 + stream, 4);
	for (uint32_t i = RTP_HEADER_BYTES; i < len; i++)
		rtp[i] = (uint8_t)(0xd5 ^ (i * 7 + stream + at)); // silence and noise
}

// Methods and status codes as in "INVITE,200": the first word, or the second of a response.
static bool is_of_kind(const struct sample *sample, const char *kinds)
{
	const char *text = sample->text, *space = memchr(text, ' ', sample->len);
	size_t len;

	if (!kinds)
		return true;
	if (!space)
		return false;
	if (memcmp(text, "SIP/", 4) == 0) {
		text = space + 1;
		space = memchr(text, ' ', (size_t)(sample->text + sample->len - text));
		if (!space)
			return false;
	}
	len = (size_t)(space - text);
	for (const char *at = kinds; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncasecmp(at, text, len) == 0 && (at[len] == ',' || at[len] == '\0'))
			return true;
	}
	return false;
}

static bool is_wanted(const struct sample *sample, const struct traffic_mix *mix)
{
	return sample->len + TRAFFIC_HEADER_BYTES <= FRAME_MAX_BYTES &&
	       sample->len >= mix->sip_bytes_min && sample->len <= mix->sip_bytes_max &&
	       is_of_kind(sample, mix->kinds);
}

static const struct sample *next_wanted(const struct sample_set *set, const struct traffic_mix *mix,
					size_t *at)
{
	for (size_t tried = 0; tried < set->count; tried++) {
		const struct sample *sample = &set->samples[(*at)++ % set->count];
		if (is_wanted(sample, mix))
			return sample;
	}
	return NULL;
}

static size_t count_wanted(const struct sample_set *set, const struct traffic_mix *mix)
{
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++)
		count += is_wanted(&set->samples[i], mix);
	return count;
}

static void on_event(void *ctx, const struct call_event *event)
{
	(void)ctx;
	(void)event;
}

// By the engine's own functions, with the settings as they are by default.
static void count_expected(struct traffic *traffic)
{
	static struct wire_counters counters;
	static struct settings settings;
	struct look look = {.key = {{1, 2}}, .counters = &counters, .tell = on_event, .lcore = 0};

	memset(&counters, 0, sizeof(counters));
	settings_default(&settings);
	tunnel_port_set(&look.ports, &settings.wire);
	look_follow(&look, settings.calls.early_is_busy, settings.calls.ack_timeout_ns != 0, false);
	for (size_t i = 0; i < traffic->count; i++) {
		struct traffic_frame *at = &traffic->frame[i];
		struct frame frame;
		frame_walk(at->data, at->len, &frame);
		look_frame(&look, &frame, at->data, i);
		at->messages = (uint32_t)counters.value[WIRE_SIP_MESSAGES];
		at->events = (uint32_t)counters.value[WIRE_EVENTS];
	}
}

int traffic_init(struct traffic *traffic, size_t frames)
{
	*traffic = (struct traffic){0};
	traffic->frame = calloc(frames, sizeof(*traffic->frame));
	return traffic->frame ? 0 : -ENOMEM;
}

int traffic_make(struct traffic *traffic, const struct sample_set *set,
		 const struct traffic_mix *mix)
{
	size_t messages = count_wanted(set, mix), at = 0;
	size_t frames = mix->rtp_percent > 0 ? mix->frames : messages;
	double share = 0;

	if (messages == 0 && mix->rtp_percent < 100) {
		fprintf(stderr, "bench-wire: no message of that kind and size\n");
		return -ENODATA;
	}
	if (traffic_init(traffic, frames) < 0)
		return -ENOMEM;
	if (mix->rtp_percent > 0)
		snprintf(traffic->name, sizeof(traffic->name), "rtp%g", mix->rtp_percent);
	else
		strcpy(traffic->name, "sip");
	// The SIP frames stand as evenly as their share allows.
	while (traffic->count < frames) {
		share += 100 - mix->rtp_percent;
		if (share < 100) {
			add_rtp(traffic, traffic->count, mix->rtp_bytes);
			continue;
		}
		share -= 100;
		const struct sample *sample = next_wanted(set, mix, &at);
		add_message(traffic, sample, at);
	}
	count_expected(traffic);
	return 0;
}

static void alter(struct traffic_frame *frame, enum traffic_stage stage)
{
	uint8_t *payload = frame->data + TRAFFIC_HEADER_BYTES;
	uint8_t *method = memmem(payload, frame->len - TRAFFIC_HEADER_BYTES, " INVITE\r\n", 9);

	switch (stage) {
	case STAGE_FRAME: put_be(frame->data + 12, 0x88b5, 2); break; // IEEE 802: experiments
	case STAGE_RTP: payload[0] = 0x80; break;
	case STAGE_GATE: memcpy(payload + 8, "100", 3); break;
	case STAGE_PARSE:
		if (method)
			memcpy(method + 1, "CANCEL", 6);
		break;
	default: break;
	}
}

int traffic_make_stage(struct traffic *traffic, const struct sample_set *set,
		       enum traffic_stage stage, uint32_t rtp_bytes)
{
	const struct traffic_mix all = {.kinds = "200", .sip_bytes_max = UINT32_MAX};
	size_t at = 0;

	if (traffic_init(traffic, STAGE_FRAMES) < 0)
		return -ENOMEM;
	snprintf(traffic->name, sizeof(traffic->name), "%s-%d", set ? "answers" : "rtp", stage);
	while (traffic->count < STAGE_FRAMES) {
		const struct sample *sample;
		if (!set) {
			add_rtp(traffic, traffic->count, rtp_bytes);
		} else {
			sample = next_wanted(set, &all, &at);
			if (!sample || at > set->count * STAGE_FRAMES)
				return -ENODATA;
			if (!memmem(sample->text, sample->len, " INVITE\r\n", 9))
				continue;
			add_message(traffic, sample, at);
		}
		alter(&traffic->frame[traffic->count - 1], stage);
	}
	count_expected(traffic);
	return 0;
}

int traffic_write_pcap(const struct traffic *traffic, const char *path)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *file = pcap ? pcap_dump_open(pcap, path) : NULL;
	int err = 0;

	if (!file) {
		fprintf(stderr, "bench-wire: %s can't be written\n", path);
		err = -EIO;
	}
	for (size_t i = 0; i < traffic->count && !err; i++) {
		struct pcap_pkthdr header = {.caplen = traffic->frame[i].len,
					     .len = traffic->frame[i].len};
		header.ts.tv_sec = (time_t)(i / 1000000);
		header.ts.tv_usec = (suseconds_t)(i % 1000000);
		pcap_dump((u_char *)file, &header, traffic->frame[i].data);
	}
	if (file && pcap_dump_flush(file) < 0)
		err = -EIO;
	if (file)
		pcap_dump_close(file);
	if (pcap)
		pcap_close(pcap);
	return err;
}

uint64_t traffic_messages(const struct traffic *traffic, uint64_t frames)
{
	const struct traffic_frame *last = &traffic->frame[traffic->count - 1];
	uint64_t rest = frames % traffic->count;

	return frames / traffic->count * last->messages +
	       (rest ? traffic->frame[rest - 1].messages : 0);
}

uint64_t traffic_events(const struct traffic *traffic, uint64_t frames)
{
	const struct traffic_frame *last = &traffic->frame[traffic->count - 1];
	uint64_t rest = frames % traffic->count;

	return frames / traffic->count * last->events +
	       (rest ? traffic->frame[rest - 1].events : 0);
}

void traffic_fini(struct traffic *traffic)
{
	for (size_t i = 0; i < traffic->count; i++)
		free(traffic->frame[i].data);
	free(traffic->frame);
	memset(traffic, 0, sizeof(*traffic));
}
