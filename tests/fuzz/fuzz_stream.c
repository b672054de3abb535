// SPDX-License-Identifier: Apache-2.0
// Any octets as a stream, in pieces and with holes: nothing outside them is read, the search ends,
// and what is said to be a message is one by the parser's Content-Length, too.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sip/msg.h"
#include "sip/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const char *text, size_t len)
{
	struct sip_msg msg;

	if (len > SIP_MAX_BYTES)
		abort();
	if (sip_msg_parse(text, len, &msg) == SIP_REJECT_NONE &&
	    ((msg.flags & SIP_CUT_BODY) != 0 || msg.body_off + msg.content_length != len))
		abort();
}

// Looks at as many octets as there are; how many of them are done with.
static size_t look(struct sip_stream *stream, const uint8_t *data, size_t len)
{
	char *exact = malloc(len > 0 ? len : 1);
	size_t done = 0, used;
	enum stream_verdict verdict = STREAM_NONE;

	memcpy(exact, data, len);
	while (done < len && verdict != STREAM_MORE) {
		verdict = stream_next(stream, exact + done, len - done, &used);
		if (used > len - done || (used == 0) != (verdict == STREAM_MORE))
			abort();
		if (verdict == STREAM_MORE && len - done >= STREAM_MOST_BYTES)
			abort();
		if (verdict == STREAM_MESSAGE)
			check_message(exact + done, used);
		done += used;
		if (verdict >= STREAM_TLS)
			done = len;
	}
	free(exact);
	return done;
}

// Sizes of pieces come from the first octets, so that a fuzzer can move the borders.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_stream stream;
	size_t from = 8, to = 8;

	if (size <= 8)
		return 0;
	stream_init(&stream, data[0] & 1);
	for (unsigned int turn = 0; to < size; turn++) {
		size_t piece = (size_t)data[turn % 8] * 7 + 1;
		to = size - to < piece ? size : to + piece;
		from += look(&stream, data + from, to - from);
		if (data[turn % 8] % 16 == 15 && to < size) {
			stream_give_up(&stream, to - from, data[(turn + 1) % 8]);
			from = to;
		}
	}
	stream_give_up(&stream, size - from, UINT32_MAX);
	return 0;
}
