// SPDX-License-Identifier: Apache-2.0
// HEP over TCP: any octets in pieces of any size through the connection's buffer and the look at
// each message. The first eight octets are the sizes. However the octets are dealt, as many
// messages are seen.
#include "dataplane/hep_listener.c" // NOLINT: its connections are its own

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZES = 8 };

static void on_event(void *ctx, const struct call_event *event)
{
	if (event->text_bytes > EVENT_TEXT_BYTES)
		abort();
}

// Octets that arrive as take_stream() would have them; how many messages came out.
static uint64_t feed(const uint8_t *data, size_t size, const uint8_t *sizes)
{
	struct wire_counters counters = {0};
	struct connection connection = {.fd = -1, .buffer = malloc(MESSAGE_BYTES)};
	struct look look = {.counters = &counters, .tell = on_event};
	bool good = true;

	look_follow(&look, true, true, true);
	for (unsigned int turn = 0; size > 0 && good; turn++) {
		size_t piece = sizes ? (size_t)sizes[turn % SIZES] * 5 + 1 : size;
		if (piece > MESSAGE_BYTES - connection.have)
			piece = MESSAGE_BYTES - connection.have;
		if (piece == 0)
			abort(); // a full buffer that is waited on for ever
		if (piece > size)
			piece = size;
		memcpy(connection.buffer + connection.have, data, piece);
		connection.have += piece;
		good = take_messages(&connection, &look, turn);
		if (connection.have > MESSAGE_BYTES)
			abort();
		data += piece;
		size -= piece;
	}
	free(connection.buffer);
	return counters.value[WIRE_HEP];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < SIZES)
		return 0;
	if (feed(data + SIZES, size - SIZES, data) != feed(data + SIZES, size - SIZES, NULL))
		abort();
	return 0;
}
