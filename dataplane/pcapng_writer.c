// SPDX-License-Identifier: Apache-2.0
// Blocks are made in a buffer, whole, and go to the file together.
#include "dataplane/pcapng_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BUFFER_BYTES = 1 << 18,

	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	SECTION_MAGIC = 0x1a2b3c4d,
	LINK_ETHERNET = 1,

	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_INTERFACE_NAME = 2,
	OPTION_APPLICATION = 4,
	OPTION_TIME_UNIT = 9,
	TIME_NS = 9, // 10^-9 s
};

// One block in the making.
struct block {
	struct pcapng_writer *writer;
	size_t at; // where it begins
	size_t end;
};

static void put(struct block *block, const void *data, size_t len)
{
	if (len > 0)
		memcpy(block->writer->buffer + block->end, data, len);
	block->end += len;
}

static void put32(struct block *block, uint32_t value)
{
	put(block, &value, sizeof(value));
}

static void put_padded(struct block *block, const void *data, size_t len)
{
	static const uint8_t zeros[4];

	put(block, data, len);
	put(block, zeros, -len & 3);
}

static void put_option(struct block *block, uint16_t code, const void *value, size_t len)
{
	const uint16_t head[] = {code, (uint16_t)len};

	put(block, head, sizeof(head));
	put_padded(block, value, len);
}

static size_t option_bytes(const char *text)
{
	return text ? 4 + strlen(text) + 3 : 0;
}

// bytes: at most what the block will have.
static int block_begin(struct pcapng_writer *writer, struct block *block, uint32_t type,
		       size_t bytes)
{
	if (bytes > writer->max_bytes - writer->bytes)
		return -EFBIG;
	if (bytes > BUFFER_BYTES - writer->used) {
		int rc = pcapng_writer_flush(writer);
		if (rc < 0)
			return rc;
	}
	if (bytes > BUFFER_BYTES)
		return -EMSGSIZE;
	*block = (struct block){writer, writer->used, writer->used};
	put32(block, type);
	put32(block, 0);
	return 0;
}

static void block_finish(struct block *block)
{
	struct pcapng_writer *writer = block->writer;
	uint32_t bytes = (uint32_t)(block->end - block->at + 4);

	put32(block, bytes);
	memcpy(writer->buffer + block->at + 4, &bytes, sizeof(bytes));
	writer->used += bytes;
	writer->bytes += bytes;
}

static int put_section(struct pcapng_writer *writer)
{
	static const char application[] = "offhook";
	const uint16_t version[] = {1, 0};
	const int64_t unknown = -1; // how long the section is
	struct block block;
	int rc = block_begin(writer, &block, BLOCK_SECTION, 64);

	if (rc < 0)
		return rc;
	put32(&block, SECTION_MAGIC);
	put(&block, version, sizeof(version));
	put(&block, &unknown, sizeof(unknown));
	put_option(&block, OPTION_APPLICATION, application, strlen(application));
	put_option(&block, OPTION_END, NULL, 0);
	block_finish(&block);
	return 0;
}

int pcapng_writer_init(struct pcapng_writer *writer, int fd, uint64_t max_bytes)
{
	*writer = (struct pcapng_writer){
		.fd = fd, .max_bytes = max_bytes, .buffer = malloc(BUFFER_BYTES)};
	return writer->buffer ? put_section(writer) : -ENOMEM;
}

int pcapng_writer_interface(struct pcapng_writer *writer, const char *name)
{
	const uint16_t link[] = {LINK_ETHERNET, 0};
	const uint8_t unit = TIME_NS;
	struct block block;
	int rc = block_begin(writer, &block, BLOCK_INTERFACE, 40 + option_bytes(name));

	if (rc < 0)
		return rc;
	put(&block, link, sizeof(link));
	put32(&block, 0); // no limit to a packet
	put_option(&block, OPTION_INTERFACE_NAME, name, strlen(name));
	put_option(&block, OPTION_TIME_UNIT, &unit, sizeof(unit));
	put_option(&block, OPTION_END, NULL, 0);
	block_finish(&block);
	return 0;
}

int pcapng_writer_packet(struct pcapng_writer *writer, const struct pcapng_packet *packet)
{
	struct block block;
	int rc = block_begin(writer, &block, BLOCK_PACKET,
			     40 + packet->len + option_bytes(packet->comment));

	if (rc < 0)
		return rc;
	put32(&block, packet->interface);
	put32(&block, (uint32_t)(packet->wall_ns >> 32));
	put32(&block, (uint32_t)packet->wall_ns);
	put32(&block, packet->len);
	put32(&block, packet->wire_len);
	put_padded(&block, packet->data, packet->len);
	if (packet->comment) {
		put_option(&block, OPTION_COMMENT, packet->comment, strlen(packet->comment));
		put_option(&block, OPTION_END, NULL, 0);
	}
	block_finish(&block);
	writer->packets++;
	return 0;
}

int pcapng_writer_flush(struct pcapng_writer *writer)
{
	size_t done = 0;

	while (done < writer->used) {
		ssize_t n = write(writer->fd, writer->buffer + done, writer->used - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int rc = n < 0 ? -errno : -EIO;
			// Best effort: a reader takes the end in the middle of a block, too.
			(void)!ftruncate(writer->fd, (off_t)writer->flushed);
			writer->bytes = writer->flushed;
			writer->packets = writer->flushed_packets;
			writer->used = 0;
			return rc;
		}
		done += (size_t)n;
	}
	writer->flushed += done;
	writer->flushed_packets = writer->packets;
	writer->used = 0;
	return 0;
}

int pcapng_writer_close(struct pcapng_writer *writer)
{
	int rc = pcapng_writer_flush(writer);

	free(writer->buffer);
	writer->buffer = NULL;
	if (close(writer->fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}
