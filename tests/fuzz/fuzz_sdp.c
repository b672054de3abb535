// SPDX-License-Identifier: Apache-2.0
// Any octets as a session description: nothing outside them is read, and what is found can be an
// address.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sip/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const uint8_t *data, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1);
	struct sdp sdp;

	if (copy == NULL)
		return;
	memcpy(copy, data, size);
	if (sdp_parse(copy, size, &sdp) != 0 && sdp.count > SDP_ADDRESSES)
		abort();
	for (int i = 0; i < sdp.count; i++)
		if (sdp.address[i].port == 0 ||
		    (sdp.address[i].version != 4 && sdp.address[i].version != 6))
			abort();
	free(copy);
}

// Messages of the corpus, too: what follows their first empty line.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *body = memmem(data, size, "\r\n\r\n", 4);

	look(data, size);
	if (body != NULL)
		look(body + 4, size - (size_t)(body + 4 - data));
	return 0;
}
