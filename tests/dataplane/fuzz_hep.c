// SPDX-License-Identifier: Apache-2.0
// HEP from any octets in a copy of exactly their size: the payload is inside, or there is a reason.
#include "dataplane/hep.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frame = {.verdict = FRAME_DATAGRAM, .payload_len = (uint32_t)size};
	uint8_t *exact = malloc(size ? size : 1);

	memcpy(exact, data, size);
	enum frame_verdict verdict = hep_walk(exact, &frame);
	if (verdict != frame.verdict)
		abort();
	if (verdict == FRAME_DATAGRAM
		    ? (size_t)frame.payload_off + frame.payload_len > size || frame.version == 0
		    : frame.reason < WIRE_HEP_OLD || frame.reason > WIRE_HEP_ADDRESSES)
		abort();
	free(exact);
	return 0;
}
