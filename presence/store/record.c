// SPDX-License-Identifier: Apache-2.0
// Text form of the store's records; see record.h for the form and store.h for the meaning.
#include "presence/store/record.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

// No text is longer than three digits can say.
enum { LENGTH_DIGITS = 3, NUMBER_DIGITS = 20, DIALOG_FIELD_BYTES = 32 + 1 + 16 + 1 + 16 };

// A record says the oldest format that can be read as it is, so that an older engine, put back in
// place, reads what it can.
enum { FORMAT_FIRST = 1, FORMAT_MEDIA = STORE_FORMAT };
enum { MEDIA_SEEN = 1, MEDIA_ON_HOLD = 2, MEDIA_TEXT = 64 };

// Forty thousand records a second: by hand, as printf takes longer than all the rest.
static char *put_decimal(char *at, uint64_t number)
{
	char digits[NUMBER_DIGITS];
	size_t i = sizeof(digits);

	do
		digits[--i] = (char)('0' + number % 10);
	while (number /= 10);
	memcpy(at, digits + i, sizeof(digits) - i);
	return at + sizeof(digits) - i;
}

static char *put(char *at, const char *data, size_t len)
{
	at = put_decimal(at, len);
	*at++ = ':';
	memcpy(at, data, len);
	return at + len;
}

static char *put_text(char *at, const char *text)
{
	return put(at, text, strnlen(text, STORE_TEXT - 1));
}

static char *put_number(char *at, uint64_t number)
{
	char digits[NUMBER_DIGITS];

	return put(at, digits, (size_t)(put_decimal(digits, number) - digits));
}

static char *put_format(char *at, uint64_t format)
{
	at = put_decimal(at, format);
	*at++ = '|';
	return at;
}

static char *put_hex(char *at, uint64_t number)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[number >> shift & 15];
	return at;
}

size_t record_publication_field(const char *person, char *out)
{
	size_t len = strnlen(person, STORE_TEXT - 1);

	memcpy(out, person, len);
	return len;
}

size_t record_publication_value(const struct store_publication *record, char *out)
{
	char *at = put_format(out, FORMAT_FIRST);

	at = put_text(at, record->display);
	at = put_text(at, record->etag);
	at = put_number(at, record->expires_wall_ns);
	at = put_number(at, record->wanted);
	if (record->orphan_wall_ns)
		at = put_number(at, record->orphan_wall_ns);
	return (size_t)(at - out);
}

size_t record_call_field(struct siphash128 call_key, uint64_t caller_tag, uint64_t callee_tag,
			 char *out)
{
	char *at = put_hex(out, call_key.word[0]);

	at = put_hex(at, call_key.word[1]);
	*at++ = '-';
	at = put_hex(at, caller_tag);
	*at++ = '-';
	return (size_t)(put_hex(at, callee_tag) - out);
}

static size_t put_address(const struct sdp_address *address, char *out)
{
	char *at = out;

	if (address->version == 6) {
		inet_ntop(AF_INET6, address->octet, out, INET6_ADDRSTRLEN);
		return strlen(out);
	}
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*at++ = '.';
		at = put_decimal(at, address->octet[i]);
	}
	return (size_t)(at - out);
}

// callee 192.0.2.1 6000
static char *put_media(char *at, const struct store_media *media)
{
	char text[MEDIA_TEXT], *end = text + 7;

	memcpy(text, media->is_callees ? "callee " : "caller ", 7);
	end += put_address(&media->address, end);
	*end++ = ' ';
	end = put_decimal(end, media->address.port);
	return put(at, text, (size_t)(end - text));
}

size_t record_call_value(const struct store_call *record, char *out)
{
	char *at = put_format(out, record->media_count > 0 ? FORMAT_MEDIA : FORMAT_FIRST);

	at = put_text(at, record->call_id);
	at = put_text(at, record->caller);
	at = put_text(at, record->callee);
	at = put_number(at, record->start_wall_ns);
	at = put_number(at, record->deadline_wall_ns);
	at = put_number(at, record->cseq_caller);
	at = put_number(at, record->cseq_callee);
	if (record->media_count == 0)
		return (size_t)(at - out);
	at = put_number(at, (record->media_seen ? MEDIA_SEEN : 0) |
				    (record->on_hold ? MEDIA_ON_HOLD : 0));
	for (int i = 0; i < record->media_count; i++)
		at = put_media(at, &record->media[i]);
	return (size_t)(at - out);
}

// The next `<length>:<octets>` of `rest`.
static int take_text(struct record_text *rest, struct record_text *out)
{
	size_t len = 0, digits = 0;

	while (digits < rest->len && rest->data[digits] >= '0' && rest->data[digits] <= '9') {
		if (digits == LENGTH_DIGITS)
			return -EINVAL;
		len = len * 10 + (size_t)(rest->data[digits++] - '0');
	}
	if (!digits || digits == rest->len || rest->data[digits] != ':' ||
	    len > rest->len - digits - 1)
		return -EINVAL;
	out->data = rest->data + digits + 1;
	out->len = len;
	rest->len -= digits + 1 + len;
	rest->data = out->data + len;
	return 0;
}

static int take_string(struct record_text *rest, char out[STORE_TEXT])
{
	struct record_text text;

	if (take_text(rest, &text) || text.len >= STORE_TEXT || memchr(text.data, 0, text.len))
		return -EINVAL;
	memcpy(out, text.data, text.len);
	out[text.len] = 0;
	return 0;
}

static int take_number(struct record_text *rest, uint64_t max, uint64_t *out)
{
	struct record_text text;
	uint64_t number = 0;

	if (take_text(rest, &text) || !text.len)
		return -EINVAL;
	for (size_t i = 0; i < text.len; i++) {
		unsigned int digit = (unsigned int)(text.data[i] - '0');

		if (text.data[i] < '0' || digit > 9 || digit > max || number > (max - digit) / 10)
			return -EINVAL;
		number = number * 10 + digit;
	}
	*out = number;
	return 0;
}

static int take_hex(const char *text, size_t digits, uint64_t *out)
{
	uint64_t number = 0;

	for (size_t i = 0; i < digits; i++) {
		static const char alphabet[] = "0123456789abcdef";
		const char *at = memchr(alphabet, text[i], 16);

		if (!at)
			return -EINVAL;
		number = number << 4 | (uint64_t)(at - alphabet);
	}
	*out = number;
	return 0;
}

// `<format>|` in front. All formats start with a decimal number and a bar, for ever.
static int take_format(struct record_text *rest, uint64_t newest)
{
	uint64_t format = 0;
	size_t i = 0;

	while (i < rest->len && i < LENGTH_DIGITS && rest->data[i] >= '0' && rest->data[i] <= '9')
		format = format * 10 + (uint64_t)(rest->data[i++] - '0');
	if (!i || i == rest->len || rest->data[i] != '|' || !format)
		return -EINVAL;
	if (format > newest)
		return -EPROTONOSUPPORT;
	rest->data += i + 1;
	rest->len -= i + 1;
	return 0;
}

int record_publication_parse(struct record_text field, struct record_text value,
			     struct store_publication *out)
{
	uint64_t wanted = 0;
	int error = take_format(&value, FORMAT_FIRST);

	if (error)
		return error;
	if (!field.len || field.len >= sizeof(out->person) || memchr(field.data, 0, field.len))
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	memcpy(out->person, field.data, field.len);
	out->person[field.len] = 0;
	if (take_string(&value, out->display) || take_string(&value, out->etag) ||
	    take_number(&value, UINT64_MAX, &out->expires_wall_ns) ||
	    take_number(&value, 1, &wanted))
		return -EINVAL;
	if (value.len && (take_number(&value, UINT64_MAX, &out->orphan_wall_ns) || value.len))
		return -EINVAL;
	out->wanted = wanted;
	return 0;
}

static int take_media(struct record_text *rest, struct store_media *out)
{
	char text[STORE_TEXT], side[8], address[INET6_ADDRSTRLEN];
	unsigned int port;
	int end = 0;

	if (take_string(rest, text) ||
	    sscanf(text, "%7s %45s %5u%n", side, address, &port, &end) != 3 || text[end] != 0 ||
	    port == 0 || port > UINT16_MAX)
		return -EINVAL;
	out->is_callees = strcmp(side, "callee") == 0;
	if (!out->is_callees && strcmp(side, "caller") != 0)
		return -EINVAL;
	out->address.version = strchr(address, ':') ? 6 : 4;
	out->address.port = (uint16_t)port;
	return inet_pton(out->address.version == 6 ? AF_INET6 : AF_INET, address,
			 out->address.octet) == 1
		       ? 0
		       : -EINVAL;
}

// The fields that only a record of FORMAT_MEDIA has.
static int take_all_media(struct record_text *rest, struct store_call *out)
{
	uint64_t flags = 0;

	if (!rest->len)
		return 0;
	if (take_number(rest, MEDIA_SEEN | MEDIA_ON_HOLD, &flags))
		return -EINVAL;
	out->media_seen = flags & MEDIA_SEEN;
	out->on_hold = flags & MEDIA_ON_HOLD;
	while (rest->len)
		if (out->media_count == STORE_MEDIA ||
		    take_media(rest, &out->media[out->media_count++]))
			return -EINVAL;
	return 0;
}

int record_call_parse(struct record_text field, struct record_text value, struct store_call *out)
{
	uint64_t cseq_caller = 0, cseq_callee = 0;
	int error = take_format(&value, FORMAT_MEDIA);

	if (error)
		return error;
	memset(out, 0, sizeof(*out));
	if (field.len != DIALOG_FIELD_BYTES || field.data[32] != '-' || field.data[49] != '-' ||
	    take_hex(field.data, 16, &out->call_key.word[0]) ||
	    take_hex(field.data + 16, 16, &out->call_key.word[1]) ||
	    take_hex(field.data + 33, 16, &out->caller_tag) ||
	    take_hex(field.data + 50, 16, &out->callee_tag))
		return -EINVAL;
	if (take_string(&value, out->call_id) || take_string(&value, out->caller) ||
	    take_string(&value, out->callee) ||
	    take_number(&value, UINT64_MAX, &out->start_wall_ns) ||
	    take_number(&value, UINT64_MAX, &out->deadline_wall_ns) ||
	    take_number(&value, UINT32_MAX, &cseq_caller) ||
	    take_number(&value, UINT32_MAX, &cseq_callee) || take_all_media(&value, out))
		return -EINVAL;
	out->cseq_caller = (uint32_t)cseq_caller;
	out->cseq_callee = (uint32_t)cseq_callee;
	return 0;
}
