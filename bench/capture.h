// SPDX-License-Identifier: Apache-2.0
// The SIP messages of a capture file, as the engine would get to see them: any link type, VLAN
// tags, encapsulations and fragments that the dataplane knows, UDP and TCP, pcap and pcapng.
#pragma once

#include <stddef.h>

// One message, valid for the call. frame: the number, from 1, of the frame that made it whole.
// Anything but 0 ends the reading.
typedef int capture_message_fn(void *ctx, const char *text, size_t len, unsigned long frame);

// 0 at the end of the file; what message() returned; or -errno with a sentence in error. A file
// that is cut in its last packet is read up to there, with 0 and a sentence.
int capture_read(const char *path, capture_message_fn *message, void *ctx, char *error,
		 size_t error_size);
