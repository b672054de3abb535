// SPDX-License-Identifier: Apache-2.0
// The first line of a message by the grammar, octet by octet (RFC 3261 7.1, 7.2). Private to sip/.
#pragma once

#include "sip/msg.h"
#include "sip/ref_value.h"

// Sets method, Request-URI or status in *msg, and *method to the request's, which is empty in a
// response. The line is without its end and lies in buf.
enum sip_reject ref_start_line(const char *buf, struct ref_text line, struct sip_msg *msg,
			       struct ref_text *method);
