// SPDX-License-Identifier: Apache-2.0
// Any file as pcapng: each packet that comes out lies within its block, and the end is reached.
#include "dataplane/pcapng.h"

#include "dataplane/capture_file.h"

#include <stddef.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capture_packet packet;
	const char *reason = "";
	unsigned int sum = 0;

	if (size == 0)
		return 0;
	FILE *file = fmemopen((void *)data, size, "rb");
	struct pcapng *pcapng = file ? pcapng_new(file) : NULL;
	if (!pcapng)
		abort();
	while (pcapng_next(pcapng, &packet, &reason) > 0) {
		for (uint32_t i = 0; i < packet.len; i++)
			sum += packet.data[i];
	}
	pcapng_free(pcapng);
	fclose(file);
	volatile unsigned int seen = sum; // so that each octet is really read
	(void)seen;
	return 0;
}
