// SPDX-License-Identifier: Apache-2.0
// Captures written octet by octet for tests: pcap and pcapng, any link type.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct capture {
	char path[64];
	FILE *file;
	bool ng;
};

static inline void capture_u32(struct capture *capture, uint32_t value)
{
	fwrite(&value, 4, 1, capture->file);
}

// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html, -pcapng-02.html
static inline void capture_open(struct capture *capture, bool ng, uint32_t link)
{
	snprintf(capture->path, sizeof(capture->path), "/tmp/offhook-test-XXXXXX");
	capture->file = fdopen(mkstemp(capture->path), "wb");
	capture->ng = ng;
	if (ng) {
		const uint32_t blocks[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1,    0xffffffff, 0xffffffff,
					   28,         1,  20,         link, 65535,      20};
		fwrite(blocks, sizeof(blocks), 1, capture->file);
	} else {
		const uint32_t head[] = {0xa1b2c3d4, 4 << 16 | 2, 0, 0, 65535, link};
		fwrite(head, sizeof(head), 1, capture->file);
	}
}

// us: since 1970. len: on the wire; kept: in the file.
static inline void capture_write(struct capture *capture, uint64_t us, const void *data,
				 uint32_t kept, uint32_t len)
{
	static const char zeros[4];
	uint32_t padding = -kept & 3;

	if (capture->ng) {
		const uint32_t head[] = {
			6, 32 + kept + padding, 0, (uint32_t)(us >> 32), (uint32_t)us, kept, len};
		fwrite(head, sizeof(head), 1, capture->file);
		fwrite(data, kept, 1, capture->file);
		fwrite(zeros, padding, 1, capture->file);
		capture_u32(capture, 32 + kept + padding);
	} else {
		const uint32_t head[] = {(uint32_t)(us / 1000000), (uint32_t)(us % 1000000), kept,
					 len};
		fwrite(head, sizeof(head), 1, capture->file);
		fwrite(data, kept, 1, capture->file);
	}
}

static inline void capture_close(struct capture *capture)
{
	fclose(capture->file);
}
