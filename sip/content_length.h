// SPDX-License-Identifier: Apache-2.0
// How many octets of body follow the headers of a message, which has to be known before there is a
// message to be parsed (RFC 3261 18.3 and 20.14).
#pragma once

#include <stdint.h>

struct line_index;

// 0: *length, at least SIP_MAX_BYTES + 1 for all that is more. -ENOENT: no header says it. -EINVAL:
// it is not a number, or said twice.
int content_length_find(const char *buf, const struct line_index *index, uint32_t *length);
