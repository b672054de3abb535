// SPDX-License-Identifier: Apache-2.0
// One header field's value into a message, octet by octet: a step of the reference parser. The fast
// parser takes it for a single value whose form is seldom, so that the rest of the message stays
// fast and there is still one place that says what is right. Private to sip/.
#pragma once

#include "sip/header.h"
#include "sip/msg.h"
#include "sip/ref_value.h"

// The value lies in buf. False: it is wrong, and what of the message it sets is as if the header
// were not there. P-Asserted-Identity adds to what those before it left; any other writes over what
// was there. Not for CSeq.
bool ref_header(enum header_name header, const char *buf, struct ref_cursor value,
		struct sip_msg *msg);
// CSeq of a request with that method, or of a response: then it is empty.
enum sip_reject ref_cseq_header(struct ref_cursor value, struct ref_text method,
				struct sip_msg *msg);
