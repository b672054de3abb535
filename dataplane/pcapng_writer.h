// SPDX-License-Identifier: Apache-2.0
// Writes a pcapng file: one section, Ethernet interfaces, packets in nanoseconds with a comment
// each. Bounded: what does not fit is refused, and the file stays whole.
// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pcapng_writer {
	int fd;
	uint64_t max_bytes;
	uint64_t bytes, packets; // with those in the buffer
	uint64_t flushed, flushed_packets;
	size_t used;
	uint8_t *buffer;
};

struct pcapng_packet {
	uint64_t wall_ns;
	uint32_t interface;
	uint32_t len;      // octets at data
	uint32_t wire_len; // as they were on the wire
	const uint8_t *data;
	const char *comment; // NULL: none
};

// fd: of an empty file; taken, also on failure. Each returns 0 or -errno; -EFBIG: beyond max_bytes,
// and nothing was written.
int pcapng_writer_init(struct pcapng_writer *writer, int fd, uint64_t max_bytes);
int pcapng_writer_interface(struct pcapng_writer *writer, const char *name);
int pcapng_writer_packet(struct pcapng_writer *writer, const struct pcapng_packet *packet);
// After an error the file is cut behind its last whole block.
int pcapng_writer_flush(struct pcapng_writer *writer);
int pcapng_writer_close(struct pcapng_writer *writer);
