// SPDX-License-Identifier: Apache-2.0
// HEP version 3: SIP that a proxy, an SBC or an agent copied to us, in chunks, with the addresses
// it had on the wire.
// https://github.com/sipcapture/HEP/blob/master/docs/HEP3NetworkProtocolSpecification_REV26.pdf
#pragma once

#include <stdint.h>

#include "dataplane/frame.h"

enum { HEP_CHUNKS = 64 }; // looked through; senders use a dozen

// frame: a datagram, data: what its walk saw. FRAME_DATAGRAM: frame->payload_off and payload_len
// are now those of the SIP message, addresses and ports those that the sender saw it with (a port
// it did not tell is 0). FRAME_LET_GO: reason; the addresses are unchanged.
enum frame_verdict hep_walk(const uint8_t *data, struct frame *frame);
