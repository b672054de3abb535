// SPDX-License-Identifier: Apache-2.0
// From what poll cores copied to packets in a capture's file: frames as they came, messages put
// together anew, each with a comment that says why it is there. The main thread's.
#pragma once

#include <stdint.h>

#include "dataplane/envelope.h"
#include "dataplane/pcapng_writer.h"
#include "sip/siphash.h"

struct capture_request;
struct probe_record;
struct settings;

enum { CAPTURE_STREAMS = 1024 }; // a power of two

// One direction of a connection, whose messages follow one another in the file. Where two meet in
// one place they begin anew in turn.
struct capture_stream {
	uint64_t key;
	uint32_t next;
};

struct capture_sink {
	struct pcapng_writer writer;
	struct siphash_key key;
	unsigned int ports; // interfaces before the one of what has none
	uint64_t wall_ns;   // of the monotonic clock's 0; one for all, so that their order stays
	struct capture_stream stream[CAPTURE_STREAMS];
	uint8_t packet[ENVELOPE_BYTES + ENVELOPE_PAYLOAD_BYTES];
};

// Makes the file that request says. 0 or -errno: there is none then. Else writer is to be flushed
// and closed by the caller.
int capture_sink_open(struct capture_sink *sink, const struct settings *settings,
		      const struct siphash_key *key, const struct capture_request *request);
// -EFBIG: no more fits.
int capture_sink_write(struct capture_sink *sink, const struct probe_record *record);
