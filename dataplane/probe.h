// SPDX-License-Identifier: Apache-2.0
// A capture's part on a poll core: while one runs, looks at each frame beside the core's own work,
// and copies what matches into a ring that the main thread (capture.c) empties into a file. While
// none runs a poll core has no probe, which is one branch a frame.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/record_ring.h"
#include "link/counters.h"
#include "sip/msg.h"

struct capture_filter;
struct frame;

enum {
	PROBE_SOCKET = 0xff,   // no port: came by a socket of the kernel
	PROBE_REJECTIONS = 48, // counters that tell of something not understood, at most
};

enum probe_kind {
	PROBE_NONE,
	PROBE_FRAME,   // as it came
	PROBE_MESSAGE, // SIP out of a stream, of fragments or of HEP by a socket: without its frame
	PROBE_HEP,     // a message that came by a socket, as it came
};

// What goes through the ring; `len` octets follow.
struct probe_record {
	uint64_t mono_ns;
	uint32_t len;
	uint8_t kind;    // enum probe_kind
	uint8_t port;    // index in wire.ports, or PROBE_SOCKET
	uint8_t reject;  // enum sip_reject
	uint8_t counter; // enum wire_counter; WIRE_RX_FRAMES: none
	// PROBE_MESSAGE
	uint8_t version;
	bool stream; // TCP
	uint16_t source_port, target_port;
	uint8_t source[16], target[16];
	uint32_t missing; // octets of its body that did not come
};

// What all probes follow.
struct probe_order {
	// main thread: wo, poll cores: ro. One more with each change; odd: a capture runs.
	uint64_t generation;
	// main thread: wo, while each poll core has seen an even generation.
	const struct capture_filter *filter;
};

struct probe {
	const struct probe_order *order;
	struct wire_counters *counters;
	struct record_ring ring;
	uint64_t seen; // poll core: wo, main thread: ro; the generation it goes by
	// Of the frame in view.
	const uint8_t *data; // NULL: none
	size_t len;
	uint64_t now_ns;
	uint8_t port;
	bool written;
	uint64_t before[PROBE_REJECTIONS];
};

// 0 or -ENOMEM.
int probe_init(struct probe *probe, const struct probe_order *order,
	       struct wire_counters *counters);
void probe_fini(struct probe *probe);
// At each housekeeping. Whether there is something to look for.
bool probe_follow(struct probe *probe);

// A frame, or a message of HEP from a socket, is about to be looked at; and was.
void probe_begin(struct probe *probe, uint8_t port, const void *data, size_t len, uint64_t now_ns);
void probe_end(struct probe *probe);
// The len octets at text, which look like SIP, of the datagram or connection that frame describes.
// reject, msg: what the parser said of them.
void probe_message(struct probe *probe, const struct frame *frame, const char *text, size_t len,
		   enum sip_reject reject, const struct sip_msg *msg, uint64_t now_ns);
// The same of a message that the gate let go, unparsed.
void probe_ignored(struct probe *probe, const struct frame *frame, const char *text, size_t len,
		   uint64_t now_ns);
