// SPDX-License-Identifier: Apache-2.0
// INVITEs and BYEs that nobody answers, each another one, and real calls between them.
#pragma once

#include <stdint.h>

struct traffic;

enum { FLOOD_MESSAGES_PER_CALL = 5 }; // INVITE, 200, ACK, BYE, 200

// Of so many frames in all; each call lasts a third of it. Call i is from sip:callerI to
// sip:calleeI@bench.example. 0 or -errno.
int flood_traffic_make(struct traffic *traffic, unsigned int calls, uint64_t frames);
