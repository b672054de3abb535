// SPDX-License-Identifier: Apache-2.0
// A capture file, packet by packet: pcap or pcapng, in either byte order, micro- or nanoseconds.
// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html, -pcapng-02.html
#pragma once

#include <stddef.h>
#include <stdint.h>

struct capture_file;

struct capture_packet {
	uint64_t time_ns;    // since 1970; 0: the file doesn't say
	int link;            // see dataplane/link_type.h; always a known one
	uint32_t len;        // octets that are in the file
	uint32_t wire_len;   // as they were on the wire
	const uint8_t *data; // borrowed until the next call
};

// path: "-" is standard input. NULL: *err is a -errno, and error says what is wrong.
struct capture_file *capture_file_open(const char *path, int *err, char *error, size_t size);
void capture_file_close(struct capture_file *capture);
// 1: a packet. 0: the end; when it lies in the middle of a packet, or packets of some interfaces
// could not be read, error says so. -errno with the reason in error.
int capture_file_next(struct capture_file *capture, struct capture_packet *packet, char *error,
		      size_t size);
