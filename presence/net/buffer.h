// SPDX-License-Identifier: Apache-2.0
// Bytes on their way in or out of a connection: grows by doubling up to a limit, consumed from the
// front.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *bytes;
	size_t start, len, size; // data is bytes[start .. start + len)
	size_t limit;
};

void buffer_init(struct buffer *buffer, size_t limit);
void buffer_fini(struct buffer *buffer);
// All or nothing: -ENOBUFS over the limit, -ENOMEM.
int buffer_append(struct buffer *buffer, const void *data, size_t len);
// Where to write next and how much: at least `least` bytes, or 0 when the limit or the memory does
// not allow that.
size_t buffer_room(struct buffer *buffer, size_t least, char **room);
void buffer_filled(struct buffer *buffer, size_t len); // len bytes were written to the room
void buffer_consume(struct buffer *buffer, size_t len);

static inline const char *buffer_data(const struct buffer *buffer)
{
	return buffer->bytes + buffer->start;
}

static inline bool buffer_is_full(const struct buffer *buffer)
{
	return buffer->len >= buffer->limit;
}
