// SPDX-License-Identifier: Apache-2.0
#include "dataplane/pcapng.h"

#include "dataplane/capture_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a, // reads the same in both byte orders
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2, // obsolete, still found
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_ENHANCED_PACKET = 6,
	SECTION_MAGIC = 0x1a2b3c4d,

	FRAME_BYTES = 12, // type, length, length again
	BLOCK_MAX_BYTES = 16 << 20,
	INTERFACES_MAX = 4096,

	OPTION_END = 0,
	OPTION_TIME_UNIT = 9,    // if_tsresol
	OPTION_TIME_OFFSET = 14, // if_tsoffset
};

#define NS_IN_S UINT64_C(1000000000)

struct pcapng_interface {
	int link;
	uint32_t snap_bytes;
	uint64_t ticks; // in a second
	int64_t offset_s;
};

struct pcapng {
	FILE *file;
	bool begun;
	bool swapped;
	uint32_t interfaces;
	struct pcapng_interface *interface;
	uint8_t *body; // of one block
	uint32_t body_bytes, room;
};

bool pcapng_is(const uint8_t magic[4])
{
	return memcmp(magic, "\n\r\r\n", 4) == 0;
}

struct pcapng *pcapng_new(FILE *file)
{
	struct pcapng *pcapng = calloc(1, sizeof(*pcapng));

	if (pcapng)
		pcapng->file = file;
	return pcapng;
}

void pcapng_free(struct pcapng *pcapng)
{
	if (!pcapng)
		return;
	free(pcapng->interface);
	free(pcapng->body);
	free(pcapng);
}

static uint16_t get16(const struct pcapng *pcapng, const uint8_t *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof(value));
	return pcapng->swapped ? __builtin_bswap16(value) : value;
}

static uint32_t get32(const struct pcapng *pcapng, const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return pcapng->swapped ? __builtin_bswap32(value) : value;
}

static int broken(const char **reason, const char *what)
{
	*reason = what;
	return -EINVAL;
}

static int cut(const char **reason)
{
	*reason = "a block is cut short";
	return -ENODATA;
}

static int body_room(struct pcapng *pcapng, uint32_t bytes)
{
	if (bytes <= pcapng->room)
		return 0;
	uint8_t *body = realloc(pcapng->body, bytes);
	if (!body)
		return -ENOMEM;
	pcapng->body = body;
	pcapng->room = bytes;
	return 0;
}

// The byte order comes before the length can be read: it is in the first field of the body.
static int section_begin(struct pcapng *pcapng, const uint8_t magic[4], const char **reason)
{
	pcapng->swapped = false;
	pcapng->swapped = get32(pcapng, magic) != SECTION_MAGIC;
	if (get32(pcapng, magic) != SECTION_MAGIC)
		return broken(reason, "a section header without its magic number");
	pcapng->begun = true;
	pcapng->interfaces = 0;
	return 0;
}

static int read_type(struct pcapng *pcapng, uint8_t type[4])
{
	if (!pcapng->begun) {
		memset(type, 0, 4); // it was read by who looked what kind of file this is
		return 4;
	}
	return (int)fread(type, 1, 4, pcapng->file);
}

// Reads one block up to its end: its type, its body in pcapng->body. 1; 0 at the end of the file.
static int block_read(struct pcapng *pcapng, uint32_t *type, const char **reason)
{
	uint8_t word[4], length[4], magic[4];
	uint32_t have = 0;
	int got = read_type(pcapng, word);

	if (got == 0)
		return 0;
	if (got < 4 || fread(length, 4, 1, pcapng->file) != 1)
		return cut(reason);
	*type = pcapng->begun ? get32(pcapng, word) : BLOCK_SECTION;
	if (*type == BLOCK_SECTION) {
		if (fread(magic, 4, 1, pcapng->file) != 1)
			return cut(reason);
		int err = section_begin(pcapng, magic, reason);
		if (err)
			return err;
		have = sizeof(magic);
	}
	uint32_t bytes = get32(pcapng, length);
	if (bytes < FRAME_BYTES + have || bytes % 4 || bytes > BLOCK_MAX_BYTES)
		return broken(reason, "a block of impossible length");
	pcapng->body_bytes = bytes - FRAME_BYTES;
	if (body_room(pcapng, bytes) < 0)
		return broken(reason, "no memory");
	// The body, and the length again.
	uint32_t rest = pcapng->body_bytes - have + 4;
	if (fread(pcapng->body + have, rest, 1, pcapng->file) != 1)
		return cut(reason);
	if (get32(pcapng, pcapng->body + pcapng->body_bytes) != bytes)
		return broken(reason, "the two lengths of a block differ");
	return 1;
}

// 10^-n or 2^-n of a second, by the top bit. 0: more than 64 bits can count.
static uint64_t ticks_of(uint8_t unit)
{
	uint64_t ticks = 1;

	if (unit & 0x80)
		return (unit & 0x7f) < 64 ? UINT64_C(1) << (unit & 0x7f) : 0;
	if (unit > 19)
		return 0;
	while (unit-- > 0)
		ticks *= 10;
	return ticks;
}

static void interface_options(const struct pcapng *pcapng, uint32_t at,
			      struct pcapng_interface *interface)
{
	while (at + 4 <= pcapng->body_bytes) {
		const uint8_t *option = pcapng->body + at;
		uint16_t code = get16(pcapng, option), len = get16(pcapng, option + 2);

		if (code == OPTION_END || len > pcapng->body_bytes - at - 4)
			return;
		if (code == OPTION_TIME_UNIT && len >= 1)
			interface->ticks = ticks_of(option[4]);
		if (code == OPTION_TIME_OFFSET && len >= 8) {
			uint64_t first = get32(pcapng, option + 4);
			uint64_t second = get32(pcapng, option + 8);
			bool big_endian = pcapng->swapped ==
					  (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
			interface->offset_s = (int64_t)(big_endian ? first << 32 | second
								   : second << 32 | first);
		}
		at += 4u + ((len + 3u) & ~3u);
	}
}

static int interface_add(struct pcapng *pcapng, const char **reason)
{
	if (pcapng->body_bytes < 8)
		return broken(reason, "an interface block that is too short");
	if (pcapng->interfaces == INTERFACES_MAX)
		return broken(reason, "more interfaces than any machine has");
	struct pcapng_interface *grown = realloc(pcapng->interface,
						 (pcapng->interfaces + 1) * sizeof(*grown));
	if (!grown)
		return broken(reason, "no memory");
	pcapng->interface = grown;
	grown[pcapng->interfaces] = (struct pcapng_interface){
		.link = get16(pcapng, pcapng->body),
		.snap_bytes = get32(pcapng, pcapng->body + 4),
		.ticks = 1000000,
	};
	interface_options(pcapng, 8, &grown[pcapng->interfaces]);
	if (grown[pcapng->interfaces].ticks == 0)
		return broken(reason, "an interface counts time in units that are too small");
	pcapng->interfaces++;
	return 0;
}

static uint64_t time_ns(const struct pcapng_interface *interface, uint64_t ticks)
{
	__int128 ns = (__int128)ticks * NS_IN_S / interface->ticks +
		      (__int128)interface->offset_s * NS_IN_S;

	return ns < 0 ? 0 : ns > INT64_MAX ? INT64_MAX : (uint64_t)ns;
}

// Enhanced and obsolete packet blocks differ in their first word only.
static int packet_read(const struct pcapng *pcapng, uint32_t type, struct capture_packet *packet,
		       const char **reason)
{
	const uint8_t *body = pcapng->body;
	const struct pcapng_interface *interface;

	if (pcapng->body_bytes < 20)
		return broken(reason, "a packet block that is too short");
	uint32_t index = type == BLOCK_PACKET ? get16(pcapng, body) : get32(pcapng, body);
	if (index >= pcapng->interfaces)
		return broken(reason, "a packet of an interface that is not described");
	interface = &pcapng->interface[index];
	packet->link = interface->link;
	packet->time_ns = time_ns(interface, (uint64_t)get32(pcapng, body + 4) << 32 |
						     get32(pcapng, body + 8));
	packet->len = get32(pcapng, body + 12);
	packet->wire_len = get32(pcapng, body + 16);
	packet->data = body + 20;
	if (packet->len > pcapng->body_bytes - 20)
		return broken(reason, "a packet that is longer than its block");
	return 1;
}

// Has no time; of the first interface.
static int simple_read(const struct pcapng *pcapng, struct capture_packet *packet,
		       const char **reason)
{
	if (pcapng->body_bytes < 4)
		return broken(reason, "a packet block that is too short");
	if (pcapng->interfaces == 0)
		return broken(reason, "a packet of an interface that is not described");
	uint32_t snap_bytes = pcapng->interface[0].snap_bytes, there = pcapng->body_bytes - 4;
	packet->link = pcapng->interface[0].link;
	packet->time_ns = 0;
	packet->wire_len = packet->len = get32(pcapng, pcapng->body);
	if (snap_bytes > 0 && packet->len > snap_bytes)
		packet->len = snap_bytes;
	if (packet->len > there)
		packet->len = there;
	packet->data = pcapng->body + 4;
	return 1;
}

int pcapng_next(struct pcapng *pcapng, struct capture_packet *packet, const char **reason)
{
	uint32_t type;
	int got;

	while ((got = block_read(pcapng, &type, reason)) > 0) {
		switch (type) {
		case BLOCK_INTERFACE:
			got = interface_add(pcapng, reason);
			if (got < 0)
				return got;
			break;
		case BLOCK_PACKET:
		case BLOCK_ENHANCED_PACKET: return packet_read(pcapng, type, packet, reason);
		case BLOCK_SIMPLE_PACKET: return simple_read(pcapng, packet, reason);
		default: break; // names, statistics, comments
		}
	}
	return got;
}
