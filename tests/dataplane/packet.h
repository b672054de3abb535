// SPDX-License-Identifier: Apache-2.0
// Frames built octet by octet for tests.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct packet {
	size_t len;
	uint8_t data[4096];
};

static inline void packet_raw(struct packet *packet, const void *data, size_t len)
{
	memcpy(packet->data + packet->len, data, len);
	packet->len += len;
}

static inline void packet_u8(struct packet *packet, unsigned int value)
{
	packet->data[packet->len++] = (uint8_t)value;
}

static inline void packet_be16(struct packet *packet, unsigned int value)
{
	packet_u8(packet, value >> 8);
	packet_u8(packet, value & 255);
}

static inline void packet_be32(struct packet *packet, uint32_t value)
{
	packet_be16(packet, value >> 16);
	packet_be16(packet, value & 65535);
}

static inline void packet_zeros(struct packet *packet, size_t count)
{
	memset(packet->data + packet->len, 0, count);
	packet->len += count;
}

static inline void packet_ethernet(struct packet *packet, unsigned int type)
{
	packet_raw(packet, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
	packet_be16(packet, type);
}

// Behind an Ethernet type or another tag: identifier and the type that follows.
static inline void packet_tag(struct packet *packet, unsigned int vlan, unsigned int type)
{
	packet_be16(packet, vlan);
	packet_be16(packet, type);
}

// 10.0.0.1 -> 10.0.0.2. field: flags and offset in eights, as on the wire.
static inline void packet_ipv4(struct packet *packet, unsigned int options, unsigned int payload,
			       unsigned int id, unsigned int field, unsigned int proto)
{
	packet_u8(packet, 0x45 + options / 4);
	packet_u8(packet, 0);
	packet_be16(packet, 20 + options + payload);
	packet_be16(packet, id);
	packet_be16(packet, field);
	packet_u8(packet, 64);
	packet_u8(packet, proto);
	packet_be16(packet, 0);
	packet_raw(packet, "\x0a\0\0\x01\x0a\0\0\x02", 8);
	memset(packet->data + packet->len, 1, options); // no-operation
	packet->len += options;
}

// 2001:db8::1 -> 2001:db8::2
static inline void packet_ipv6(struct packet *packet, unsigned int payload, unsigned int next)
{
	packet_be32(packet, 0x60000000);
	packet_be16(packet, payload);
	packet_u8(packet, next);
	packet_u8(packet, 64);
	packet_raw(packet, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	packet_raw(packet, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
}

static inline void packet_extension(struct packet *packet, unsigned int next, unsigned int bytes)
{
	packet_u8(packet, next);
	packet_u8(packet, bytes / 8 - 1);
	packet_zeros(packet, bytes - 2);
}

static inline void packet_fragment_header(struct packet *packet, unsigned int next,
					  unsigned int offset, bool more, uint32_t id)
{
	packet_u8(packet, next);
	packet_u8(packet, 0);
	packet_be16(packet, offset | more);
	packet_be32(packet, id);
}

static inline void packet_udp(struct packet *packet, unsigned int payload)
{
	packet_be16(packet, 5060);
	packet_be16(packet, 5070);
	packet_be16(packet, 8 + payload);
	packet_be16(packet, 0);
}

// flags as in RFC 9293 3.1; options: a multiple of four, of no operation.
static inline void packet_tcp(struct packet *packet, uint32_t sequence, uint32_t acknowledged,
			      unsigned int flags, unsigned int options)
{
	packet_be16(packet, 5060);
	packet_be16(packet, 5070);
	packet_be32(packet, sequence);
	packet_be32(packet, acknowledged);
	packet_u8(packet, (20 + options) / 4 << 4);
	packet_u8(packet, flags);
	packet_be16(packet, 8192);
	packet_be32(packet, 0);
	memset(packet->data + packet->len, 1, options);
	packet->len += options;
}

static inline void packet_text(struct packet *packet, const char *text)
{
	packet_raw(packet, text, strlen(text));
}

// Ethernet, IPv4, UDP, text.
static inline void packet_datagram(struct packet *packet, const char *text)
{
	unsigned int len = (unsigned int)strlen(text);

	packet_ethernet(packet, 0x0800);
	packet_ipv4(packet, 0, 8 + len, 1, 0, 17);
	packet_udp(packet, len);
	packet_text(packet, text);
}
