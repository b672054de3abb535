// SPDX-License-Identifier: Apache-2.0
// Packets in packets, written outermost first, for tests:
// "eth:0800 ip4:47 x:2000080000000007 ip4:17 udp:5070 hello". Lengths follow from what is inside.
// x: octets in hexadecimal; ff:N: N octets 0xff.
#pragma once

#include "packet.h"

#include <stdio.h>
#include <stdlib.h>

enum { LAYERS = 64 };

static inline void layer_hex(struct packet *header, const char *hex)
{
	unsigned int value;

	for (; sscanf(hex, "%2x", &value) == 1; hex += 2)
		packet_u8(header, value);
}

// The header before `inside` octets.
static inline void layer_header(struct packet *header, const char *layer, unsigned int inside)
{
	const char *colon = strchr(layer, ':');
	unsigned int number = colon ? (unsigned int)strtoul(colon + 1, NULL, 10) : 0;

	if (strncmp(layer, "eth:", 4) == 0) {
		packet_ethernet(header, (unsigned int)strtoul(layer + 4, NULL, 16));
	} else if (strncmp(layer, "ip4:", 4) == 0) {
		packet_ipv4(header, 0, inside, 1, 0, number);
	} else if (strncmp(layer, "ip6:", 4) == 0) {
		packet_ipv6(header, inside, number);
	} else if (strncmp(layer, "udp:", 4) == 0) {
		packet_udp(header, inside);
		header->data[2] = (uint8_t)(number >> 8);
		header->data[3] = (uint8_t)number;
	} else if (strncmp(layer, "x:", 2) == 0) {
		layer_hex(header, layer + 2);
	} else if (strncmp(layer, "ff:", 3) == 0) {
		memset(header->data, 0xff, number);
		header->len = number;
	} else {
		packet_text(header, layer);
	}
}

static inline void layers_build(struct packet *packet, const char *layers)
{
	char copy[1024], *rest = copy, *layer[LAYERS];
	unsigned int count = 0;

	snprintf(copy, sizeof(copy), "%s", layers);
	while (rest && count < LAYERS)
		layer[count++] = strsep(&rest, " ");
	packet->len = 0;
	while (count-- > 0) {
		struct packet header = {0};
		layer_header(&header, layer[count], (unsigned int)packet->len);
		memmove(packet->data + header.len, packet->data, packet->len);
		memcpy(packet->data, header.data, header.len);
		packet->len += header.len;
	}
}
