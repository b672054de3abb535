// SPDX-License-Identifier: Apache-2.0
// Frames to measure with: SIP messages in UDP and RTP between them, the same on every machine, and
// what the engine has to make of them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sample_set;

enum {
	TRAFFIC_STAMPS = 4,
	TRAFFIC_HEADER_BYTES = 14 + 20 + 8, // Ethernet, IPv4, UDP
};

struct traffic_frame {
	uint8_t *data;
	uint32_t len;
	// Up to and with this frame, counted by the engine's own look at each.
	uint32_t messages, events;
	// With traffic->round: where eight hexadecimal digits of a running number go each time it
	// is sent; 0: no more.
	uint32_t stamp_off[TRAFFIC_STAMPS];
};

struct traffic {
	char name[32];
	struct traffic_frame *frame;
	size_t count;
	size_t bytes;
	// The first so many are sent round and round; then each of the others is sent once, one
	// after `apart` of those. 0: all go round.
	size_t round;
	uint64_t apart;
};

struct traffic_mix {
	double rtp_percent;
	const char *kinds;      // methods and status codes, with commas; NULL: all there are
	uint32_t rtp_bytes;     // of a frame
	uint32_t sip_bytes_min; // of a message
	uint32_t sip_bytes_max;
	size_t frames; // when there is RTP; without, each message is there once
};

// What stands in the way of a frame, so that it leaves the engine's path there.
enum traffic_stage {
	STAGE_RTP,   // payload begins like RTP: leaves at the look for that
	STAGE_FRAME, // Ethernet type of experiments: leaves at the first step of the frame walk
	STAGE_GATE,  // a 100: SIP, ignored by the gate
	STAGE_PARSE, // answers CANCEL: parsed, but nothing for presence
	STAGE_EVENT, // goes all the way
	STAGE_COUNT,
};

// Room for so many frames, which are then added. 0 or -ENOMEM.
int traffic_init(struct traffic *traffic, size_t frames);
// A datagram from 10.x.x.x (host) between the same ports. The payload starts TRAFFIC_HEADER_BYTES
// into it.
struct traffic_frame *traffic_add(struct traffic *traffic, uint32_t host, uint16_t port,
				  const void *payload, uint32_t len);

// 0 or -errno; the reason is on stderr.
int traffic_make(struct traffic *traffic, const struct sample_set *set,
		 const struct traffic_mix *mix);
// RTP alone (messages NULL), or the 200 answers to INVITE, each altered so that it leaves there.
int traffic_make_stage(struct traffic *traffic, const struct sample_set *set,
		       enum traffic_stage stage, uint32_t rtp_bytes);
int traffic_write_pcap(const struct traffic *traffic, const char *path);
// What must have been counted after so many frames, sent round and round.
uint64_t traffic_messages(const struct traffic *traffic, uint64_t frames);
uint64_t traffic_events(const struct traffic *traffic, uint64_t frames);
void traffic_fini(struct traffic *traffic);
