// SPDX-License-Identifier: Apache-2.0
// See buffer.h. What was consumed leaves a gap in front.
#include "presence/net/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 16384 }; // a TLS record (RFC 8446 5.1), and more than any SIP message of ours

void buffer_init(struct buffer *buffer, size_t limit)
{
	*buffer = (struct buffer){.limit = limit};
}

void buffer_fini(struct buffer *buffer)
{
	free(buffer->bytes);
	buffer_init(buffer, buffer->limit);
}

// Makes bytes[start + len .. start + len + more) writable. Data moves to the front only when the
// gap there is at least as long as the data is, so that a long queue is not moved for every
// message; hence up to twice the limit of memory.
static int buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t size = buffer->size > 0 ? buffer->size : FIRST_BYTES;

	if (more > buffer->limit - buffer->len)
		return -ENOBUFS;
	if (buffer->start + buffer->len + more <= buffer->size)
		return 0;
	bool move = buffer->start >= buffer->len;

	if (move && buffer->start > 0) {
		memmove(buffer->bytes, buffer_data(buffer), buffer->len);
		buffer->start = 0;
	}
	while (size < buffer->start + buffer->len + more)
		size *= 2;
	if (size > 2 * buffer->limit)
		size = 2 * buffer->limit;
	if (size == buffer->size)
		return 0;
	char *bytes = realloc(buffer->bytes, size);

	if (bytes == NULL)
		return -ENOMEM;
	buffer->bytes = bytes;
	buffer->size = size;
	return 0;
}

int buffer_append(struct buffer *buffer, const void *data, size_t len)
{
	int error = buffer_reserve(buffer, len);

	if (error != 0 || len == 0)
		return error;
	memcpy(buffer->bytes + buffer->start + buffer->len, data, len);
	buffer->len += len;
	return 0;
}

size_t buffer_room(struct buffer *buffer, size_t least, char **room)
{
	if (buffer_reserve(buffer, least) != 0)
		return 0;
	*room = buffer->bytes + buffer->start + buffer->len;

	size_t behind = buffer->size - buffer->start - buffer->len;
	size_t allowed = buffer->limit - buffer->len;

	return behind < allowed ? behind : allowed;
}

void buffer_filled(struct buffer *buffer, size_t len)
{
	buffer->len += len;
}

void buffer_consume(struct buffer *buffer, size_t len)
{
	buffer->start += len;
	buffer->len -= len;
	if (buffer->len == 0)
		buffer->start = 0;
}
