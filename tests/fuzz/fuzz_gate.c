// SPDX-License-Identifier: Apache-2.0
// Any bytes at the gate and as a URI: nothing outside them is read, and no message that the parser
// takes is lost as "not SIP".
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sip/gate.h"
#include "sip/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gate_policy calls = gate_policy_calls(true, true), all = {.everything = true};
	char *copy = malloc(size > 0 ? size : 1);
	enum gate_verdict verdict;
	struct sip_uri uri, expect;
	struct sip_msg msg;
	char user[64];

	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	gate_classify(&calls, copy, size);
	verdict = gate_classify(&all, copy, size);
	if (sip_msg_parse(copy, size, &msg) == SIP_REJECT_NONE && verdict != GATE_PARSE)
		abort();
	if (sip_uri_parse(copy, size, &uri) != sip_uri_parse_reference(copy, size, &expect))
		abort();
	if (sip_uri_parse(copy, size, &uri) == 0)
		sip_uri_user_text(copy + uri.user.off, uri.user.len, true, user, sizeof(user));
	free(copy);
	return 0;
}
