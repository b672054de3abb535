// SPDX-License-Identifier: Apache-2.0
// Chunks come in any order; what we need may come once. Times are not read: the clock of the sender
// is not ours, and an event is as old as its receipt here. The address family isn't either: it has
// the number of the sender's system, and the type of the address chunks says the same.
#include "dataplane/hep.h"

#include "dataplane/octets.h"

#include <string.h>

enum {
	HEADER_BYTES = 6, // "HEP3", total length
	CHUNK_BYTES = 6,  // vendor, type, length with these six

	CHUNK_IPV4_SOURCE = 3,
	CHUNK_IPV4_TARGET = 4,
	CHUNK_IPV6_SOURCE = 5,
	CHUNK_IPV6_TARGET = 6,
	CHUNK_SOURCE_PORT = 7,
	CHUNK_TARGET_PORT = 8,
	CHUNK_PROTOCOL = 11,
	CHUNK_PAYLOAD = 15,
	CHUNK_COMPRESSED = 16,
	CHUNK_COUNT,

	PROTOCOL_SIP = 1,
	ANY_SIZE = 0xffff,
};

// The chunks we read, and how long they are; 0: not read.
static const uint16_t chunk_size[CHUNK_COUNT] = {
	[CHUNK_IPV4_SOURCE] = 4,  [CHUNK_IPV4_TARGET] = 4,    [CHUNK_IPV6_SOURCE] = 16,
	[CHUNK_IPV6_TARGET] = 16, [CHUNK_SOURCE_PORT] = 2,    [CHUNK_TARGET_PORT] = 2,
	[CHUNK_PROTOCOL] = 1,     [CHUNK_PAYLOAD] = ANY_SIZE, [CHUNK_COMPRESSED] = ANY_SIZE,
};

struct chunk {
	const uint8_t *data; // NULL: did not come
	size_t len;
};

static enum frame_verdict let_go(struct frame *frame, enum wire_counter reason)
{
	frame->reason = reason;
	return frame->verdict = FRAME_LET_GO;
}

static bool read_chunks(const uint8_t *data, size_t len, struct chunk *chunks)
{
	for (unsigned int i = 0; len > 0; i++) {
		if (i == HEP_CHUNKS || len < CHUNK_BYTES)
			return false;
		size_t vendor = be16(data), type = be16(data + 2), size = be16(data + 4);
		if (size < CHUNK_BYTES || size > len)
			return false;
		if (vendor == 0 && type < CHUNK_COUNT && chunk_size[type]) {
			struct chunk *chunk = &chunks[type];
			if (chunk->data)
				return false;
			*chunk = (struct chunk){data + CHUNK_BYTES, size - CHUNK_BYTES};
			if (chunk_size[type] != ANY_SIZE && chunk->len != chunk_size[type])
				return false;
		}
		data += size;
		len -= size;
	}
	return true;
}

// One whole pair, of one version.
static bool take_addresses(const struct chunk *chunks, struct frame *frame)
{
	const struct chunk *four = chunks + CHUNK_IPV4_SOURCE, *six = chunks + CHUNK_IPV6_SOURCE;
	bool is_four = four[0].data && four[1].data && !six[0].data && !six[1].data;
	bool is_six = six[0].data && six[1].data && !four[0].data && !four[1].data;

	if (!is_four && !is_six)
		return false;
	const struct chunk *pair = is_four ? four : six;
	memset(frame->source, 0, sizeof(frame->source));
	memset(frame->target, 0, sizeof(frame->target));
	memcpy(frame->source, pair[0].data, pair[0].len);
	memcpy(frame->target, pair[1].data, pair[1].len);
	frame->version = is_four ? 4 : 6;
	return true;
}

static uint16_t port_of(struct chunk chunk)
{
	return chunk.data ? be16(chunk.data) : 0;
}

// Versions 1 and 2 begin with their number.
static enum wire_counter reason_of(const uint8_t *message, size_t len)
{
	return len > 0 && (message[0] == 1 || message[0] == 2) ? WIRE_HEP_OLD : WIRE_HEP_HEADER;
}

enum frame_verdict hep_walk(const uint8_t *data, struct frame *frame)
{
	const uint8_t *message = data + frame->payload_off;
	size_t len = frame->payload_len;
	struct chunk chunks[CHUNK_COUNT] = {{NULL, 0}};

	if (len < HEADER_BYTES || memcmp(message, "HEP3", 4) != 0)
		return let_go(frame, reason_of(message, len));
	size_t total = be16(message + 4);
	if (total < HEADER_BYTES || total > len)
		return let_go(frame, WIRE_HEP_HEADER);
	if (!read_chunks(message + HEADER_BYTES, total - HEADER_BYTES, chunks))
		return let_go(frame, WIRE_HEP_CHUNK);
	if (!chunks[CHUNK_PROTOCOL].data || chunks[CHUNK_PROTOCOL].data[0] != PROTOCOL_SIP)
		return let_go(frame, WIRE_HEP_NOT_SIP);
	const struct chunk *payload = &chunks[CHUNK_PAYLOAD];
	if (!payload->data)
		return let_go(frame, chunks[CHUNK_COMPRESSED].data ? WIRE_HEP_COMPRESSED
								   : WIRE_HEP_NO_PAYLOAD);
	if (!take_addresses(chunks, frame))
		return let_go(frame, WIRE_HEP_ADDRESSES);
	frame->source_port = port_of(chunks[CHUNK_SOURCE_PORT]);
	frame->target_port = port_of(chunks[CHUNK_TARGET_PORT]);
	frame->payload_off = (uint32_t)(payload->data - data);
	frame->payload_len = (uint32_t)payload->len;
	frame->cut = false;
	return frame->verdict = FRAME_DATAGRAM;
}
