// SPDX-License-Identifier: Apache-2.0
// Copies, and no formatting: this is most of what a registrar does all day.
#include "bench/registrar/answer.h"

#include <string.h>

struct out {
	char *at, *end;
	bool cut;
};

static void put(struct out *out, const char *text, size_t len)
{
	if (len == 0)
		return;
	if ((size_t)(out->end - out->at) < len) {
		out->cut = true;
		return;
	}
	memcpy(out->at, text, len);
	out->at += len;
}

static void put_text(struct out *out, const char *text)
{
	put(out, text, strlen(text));
}

static void put_part(struct out *out, struct part part)
{
	put(out, part.at, part.len);
}

static void put_number(struct out *out, uint32_t number, uint32_t base)
{
	char digits[12], *at = digits + sizeof(digits);

	do {
		*--at = "0123456789ABCDEF"[number % base];
		number /= base;
	} while (number > 0);
	put(out, at, (size_t)(digits + sizeof(digits) - at));
}

static void put_header(struct out *out, const char *name, struct part value)
{
	if (value.len == 0)
		return; // it was missing in the request
	put_text(out, name);
	put_part(out, value);
	put(out, "\r\n", 2);
}

// RFC 3261 18.2.1, RFC 3581 4, and Microsoft's own.
static void put_via(struct out *out, const struct answer *answer)
{
	const struct message *message = answer->message;
	const struct origin *origin = answer->origin;

	for (unsigned int i = 0; i < message->vias; i++) {
		const char *rport;

		put_text(out, "Via: ");
		rport = i == 0 ? memmem(message->via[0].at, message->via[0].len, ";rport", 6)
			       : NULL;
		if (rport != NULL && rport[6] != '=') {
			const char *end = message->via[0].at + message->via[0].len;

			put(out, message->via[0].at, (size_t)(rport - message->via[0].at) + 6);
			put_text(out, "=");
			put_number(out, origin->port, 10);
			put(out, rport + 6, (size_t)(end - rport - 6));
		} else {
			put_part(out, message->via[i]);
		}
		if (i == 0) {
			put_text(out, ";received=");
			put_text(out, origin->host);
			put_text(out, ";ms-received-port=");
			put_number(out, origin->port, 10);
			put_text(out, ";ms-received-cid=");
			put_number(out, origin->connection, 16);
		}
		put(out, "\r\n", 2);
	}
}

static void put_to(struct out *out, const struct answer *answer)
{
	const struct message *message = answer->message;

	put_text(out, "To: ");
	put_part(out, message->value[MESSAGE_TO]);
	if (message->to_tag.len == 0) {
		// The same for all answers to one request (RFC 3261 8.2.6.2).
		uint64_t tag = part_hash(message->branch);

		put_text(out, ";tag=");
		put_number(out, (uint32_t)(tag >> 32), 16);
		put_number(out, (uint32_t)tag, 16);
	}
	put(out, "\r\n", 2);
}

// What a status brings along (RFC 3903 6, RFC 3261 20.5, 20.1).
static void put_extras(struct out *out, const struct answer *answer)
{
	const struct verdict *verdict = answer->verdict;

	if (verdict->status < 300) {
		put_text(out, "SIP-ETag: ");
		put_number(out, answer->epoch, 10);
		put(out, "-", 1);
		put_number(out, verdict->slot, 10);
		put(out, "-", 1);
		put_number(out, verdict->serial, 10);
		put_text(out, "\r\nExpires: ");
		put_number(out, verdict->expires_s, 10);
		put(out, "\r\n", 2);
	} else if (verdict->status == 423) {
		put_text(out, "Min-Expires: ");
		put_number(out, verdict->expires_s, 10);
		put(out, "\r\n", 2);
	} else if (verdict->status == 489) {
		put_text(out, "Allow-Events: ");
		put_text(out, answer->events);
		put(out, "\r\n", 2);
	} else if (verdict->status == 405) {
		put_text(out, "Allow: PUBLISH\r\n");
	} else if (verdict->status == 415) {
		put_text(out, "Accept: application/pidf+xml\r\n");
	}
	if (verdict->complaint != COMPLAINT_NONE && verdict->complaint != COMPLAINT_CREDENTIALS) {
		put_text(out, "ms-diagnostics: ");
		put_number(out, 2000 + (uint32_t)verdict->complaint, 10);
		put_text(out, ";reason=\"");
		put_text(out, complaint_name(verdict->complaint));
		put_text(out, "\";source=\"registrar\"\r\n");
	}
}

size_t answer_write(const struct answer *answer, char *bytes, size_t size)
{
	const struct message *message = answer->message;
	uint16_t status = answer->verdict->status;
	struct out out = {bytes, bytes + size, false};

	put_text(&out, "SIP/2.0 ");
	put_number(&out, status, 10);
	put(&out, " ", 1);
	put_text(&out, answer->reason != NULL ? answer->reason : complaint_reason(status));
	put(&out, "\r\n", 2);
	put_header(&out, "From: ", message->value[MESSAGE_FROM]);
	put_to(&out, answer);
	put_header(&out, "Call-ID: ", message->value[MESSAGE_CALL_ID]);
	put_header(&out, "CSeq: ", message->value[MESSAGE_CSEQ]);
	put_via(&out, answer);
	put_extras(&out, answer);
	if (answer->headers != NULL)
		put_text(&out, answer->headers);
	put_text(&out, "Content-Length: 0\r\n\r\n");
	return out.cut ? 0 : (size_t)(out.at - bytes);
}
