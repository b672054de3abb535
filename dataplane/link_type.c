// SPDX-License-Identifier: Apache-2.0
#include "dataplane/link_type.h"

#include "dataplane/frame.h"

#include <pcap/dlt.h>

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	COOKED_BYTES = 16,
	COOKED2_BYTES = 20,
	LOOPBACK_BYTES = 4,
	// DLT_RAW has another number on each system; in files it is always this.
	RAW_IN_FILES = 101,
};

bool link_type_known(int link)
{
	switch (link) {
	case DLT_EN10MB:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_RAW:
	case RAW_IN_FILES:
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_NULL:
	case DLT_LOOP: return true;
	default: return false;
	}
}

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

// BSD loopback: the protocol family in the byte order of the machine that wrote the file (DLT_LOOP:
// big-endian). All families fit an octet; IPv6 has another number on each system.
static uint16_t loopback_type(const uint8_t *data)
{
	switch (data[0] | data[3]) {
	case 2: return TYPE_IPV4;
	case 10: // Linux
	case 24: // NetBSD, OpenBSD
	case 28: // FreeBSD
	case 30: // Darwin
		return TYPE_IPV6;
	default: return 0;
	}
}

void link_type_walk(int link, const uint8_t *data, size_t len, struct frame *frame)
{
	size_t off = 0;
	uint16_t type = 0;

	switch (link) {
	case DLT_EN10MB: frame_walk(data, len, frame); return;
	case DLT_LINUX_SLL:
		off = COOKED_BYTES;
		type = len >= off ? be16(data + 14) : 0;
		break;
	case DLT_LINUX_SLL2:
		off = COOKED2_BYTES;
		type = len >= off ? be16(data) : 0;
		break;
	case DLT_NULL:
	case DLT_LOOP:
		off = LOOPBACK_BYTES;
		type = len >= off ? loopback_type(data) : 0;
		break;
	default: // raw IP: the version tells
		if (len > 0)
			type = data[0] >> 4 == 4 ? TYPE_IPV4 : data[0] >> 4 == 6 ? TYPE_IPV6 : 0;
		else
			off = 1;
		break;
	}
	frame_walk_from(data, len, off, type, frame);
}
