// SPDX-License-Identifier: Apache-2.0
// Fragments made of any octets: five that say of which datagram, where in it, how long and whether
// it is the last, then as many of its payload. A few datagrams at a time in a small table, so that
// everything has to give way at some time. What completes is readable to its end, and no longer
// than an IP packet can be.
#include "dataplane/defrag.h"

#include "dataplane/eal.h"
#include "dataplane/frame.h"
#include "link/counters.h"
#include "sip/siphash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLOWS = 8, TIMEOUT_NS = 1000000, MOST_BYTES = 65535 };

static struct wire_counters counters;
static struct defrag *defrag;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct siphash_key key = {{1, 2}};
	struct eal_plan plan = {.memory_bytes = 64 << 20};
	char error[256] = "";

	if (eal_start(&plan, error, sizeof(error)) == 0)
		defrag = defrag_new(FLOWS, TIMEOUT_NS, &key, &counters, error, sizeof(error));
	if (!defrag) {
		fprintf(stderr, "%s\n", error);
		exit(1);
	}
	return 0;
}

static void read_all(const uint8_t *data, size_t len)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += data[i];
	volatile unsigned int seen = sum; // so that each octet is really read
	(void)seen;
}

static void feed(const uint8_t *head, const uint8_t *payload, size_t len, uint64_t now_ns)
{
	struct frame frame = {.verdict = FRAME_FRAGMENT, .next = 17};
	uint8_t *exact = malloc(len ? len : 1);
	const uint8_t *data = exact;
	size_t whole;

	memcpy(exact, payload, len);
	frame.version = head[0] & 1 ? 4 : 6;
	frame.source[0] = head[0] >> 1 & 1;
	frame.network = head[0] >> 2 & 1;
	frame.fragment_id = head[0] >> 3 & 3;
	frame.more_fragments = head[0] >> 5 & 1;
	// Eight octets each (RFC 791 3.1), 13 bits.
	frame.fragment_off = ((head[1] << 8 | head[2]) & 0x1fff) * 8u;
	frame.payload_len = (uint32_t)len;
	if (defrag_add(defrag, &frame, &data, &whole, now_ns)) {
		if (whole > MOST_BYTES)
			abort();
		read_all(data, whole);
		if (frame_walk_reassembled(data, whole, &frame) != FRAME_LET_GO &&
		    (size_t)frame.payload_off + frame.payload_len > whole)
			abort();
	}
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t now_ns = 1;

	while (size >= 5) {
		size_t len = (data[3] << 8 | data[4]) & 0x7ff;
		if (len > size - 5)
			len = size - 5;
		feed(data, data + 5, len, now_ns);
		now_ns += data[0] & 0x80 ? TIMEOUT_NS / 2 : 1;
		if (data[0] & 0x40)
			defrag_expire(defrag, now_ns);
		data += 5 + len;
		size -= 5 + len;
	}
	// The next input finds nothing of this one.
	now_ns += 2 * TIMEOUT_NS;
	defrag_expire(defrag, now_ns);
	return 0;
}
