// SPDX-License-Identifier: Apache-2.0
#include "dataplane/envelope.h"

#include "dataplane/octets.h"

#include <string.h>

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	TIME_TO_LIVE = 64,
	TCP_HEADER_WORDS = 5,
	TCP_ACK_PSH = 0x18,
	WINDOW = 65535,
};

static uint8_t *put8(uint8_t *at, unsigned int value)
{
	*at = (uint8_t)value;
	return at + 1;
}

static uint8_t *put16(uint8_t *at, size_t value)
{
	return put8(put8(at, value >> 8 & 255), value & 255);
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 65535);
}

static uint8_t *put(uint8_t *at, const void *data, size_t len)
{
	memcpy(at, data, len);
	return at + len;
}

// RFC 1071; data may have an odd length when it is the last.
static uint64_t sum16(const uint8_t *data, size_t len)
{
	uint64_t sum = 0;

	for (; len > 1; data += 2, len -= 2)
		sum += be16(data);
	return sum + (len ? (unsigned int)*data << 8 : 0);
}

static uint16_t checksum(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint8_t *put_ip(uint8_t *at, const struct envelope *envelope, size_t payload,
		       unsigned int proto)
{
	uint8_t *ip = at;

	if (envelope->version == 6) {
		at = put16(put32(at, 6u << 28), payload);
		at = put8(put8(at, proto), TIME_TO_LIVE);
		return put(put(at, envelope->source, 16), envelope->target, 16);
	}
	at = put16(put8(put8(at, 4 << 4 | 5), 0), 20 + payload);
	at = put32(at, 0); // in one piece
	at = put16(put8(put8(at, TIME_TO_LIVE), proto), 0);
	at = put(put(at, envelope->source, 4), envelope->target, 4);
	put16(ip + 10, checksum(sum16(ip, 20)));
	return at;
}

static uint8_t *put_tcp(uint8_t *at, const struct envelope *envelope)
{
	at = put16(put16(at, envelope->source_port), envelope->target_port);
	at = put32(put32(at, envelope->sequence), envelope->acknowledged);
	at = put16(put8(put8(at, TCP_HEADER_WORDS << 4), TCP_ACK_PSH), WINDOW);
	return put32(at, 0);
}

static uint8_t *put_udp(uint8_t *at, const struct envelope *envelope, size_t bytes)
{
	at = put16(put16(at, envelope->source_port), envelope->target_port);
	return put16(put16(at, bytes), 0);
}

size_t envelope_write(const struct envelope *envelope, const void *message, size_t len,
		      uint8_t *out)
{
	size_t address = envelope->version == 6 ? 16 : 4;
	size_t payload = len + (envelope->stream ? 4 * TCP_HEADER_WORDS : 8);
	unsigned int proto = envelope->stream ? PROTO_TCP : PROTO_UDP;
	uint8_t *at = put(out, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);

	at = put16(at, envelope->version == 6 ? TYPE_IPV6 : TYPE_IPV4);
	at = put_ip(at, envelope, payload, proto);
	uint8_t *transport = at;
	at = envelope->stream ? put_tcp(at, envelope) : put_udp(at, envelope, payload);
	at = put(at, message, len);
	uint16_t sum = checksum(sum16(envelope->source, address) +
				sum16(envelope->target, address) + proto + payload +
				sum16(transport, payload));
	// Of UDP, 0 says that there is none.
	put16(transport + (envelope->stream ? 16 : 6), sum || envelope->stream ? sum : 0xffff);
	return (size_t)(at - out);
}
