// SPDX-License-Identifier: Apache-2.0
// Any bytes as a message: nothing outside them is read, and the fast parser says what the reference
// parser says, whichever kernel indexes the lines.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sip/line_index.h"
#include "sip/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1);
	struct sip_msg fast, ref;
	enum sip_reject expect;

	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	expect = sip_msg_parse_reference(copy, size, &ref);
	for (int kernel = LINE_KERNEL_SCALAR; kernel < LINE_KERNEL_COUNT; kernel++) {
		if (line_index_select(kernel) != 0)
			continue;
		if (sip_msg_parse(copy, size, &fast) != expect)
			abort();
		fast.flags |= SIP_BY_REFERENCE;
		if (expect == SIP_REJECT_NONE && memcmp(&fast, &ref, sizeof(fast)) != 0)
			abort();
	}
	free(copy);
	return 0;
}
