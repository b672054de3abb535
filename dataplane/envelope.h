// SPDX-License-Identifier: Apache-2.0
// A packet put together anew around a message whose own frames are gone: Ethernet, IP, UDP or TCP,
// with checksums. RFC 791, RFC 8200, RFC 768, RFC 9293.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ENVELOPE_BYTES = 14 + 40 + 20, // at most, in front of the message
	// As much as one packet can carry, whatever the version and the protocol.
	ENVELOPE_PAYLOAD_BYTES = 65535 - 40 - 20,
};

struct envelope {
	uint8_t version; // 4 or 6
	bool stream;     // TCP
	uint16_t source_port, target_port;
	uint8_t source[16], target[16];  // IPv4 in the first four octets; network order
	uint32_t sequence, acknowledged; // of TCP
};

// out: len and ENVELOPE_BYTES; len: at most ENVELOPE_PAYLOAD_BYTES. The octets of the packet.
size_t envelope_write(const struct envelope *envelope, const void *message, size_t len,
		      uint8_t *out);
