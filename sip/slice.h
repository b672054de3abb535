// SPDX-License-Identifier: Apache-2.0
// A piece of a message: offset and length instead of a pointer, so that a parsed message can be
// copied together with its bytes. len 0 means absent or empty; what matters tells them apart by a
// flag.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sip_slice {
	uint16_t off;
	uint16_t len;
};

// Equal octets; and equal but for the case of ASCII letters (header names, hosts, schemes).
bool slice_equal(const char *buf, struct sip_slice slice, const char *text);
bool slice_equal_nocase(const char *buf, struct sip_slice slice, const char *text);
