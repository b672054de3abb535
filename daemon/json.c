// SPDX-License-Identifier: Apache-2.0
#include "daemon/json.h"

#include "config/clock.h"

#include <inttypes.h>
#include <string.h>

// Octets of the UTF-8 character at text (RFC 3629 4), 0 when it is none.
static unsigned int utf8_length(const unsigned char *text)
{
	unsigned int len = text[0] < 0x80   ? 1
			   : text[0] < 0xc2 ? 0
			   : text[0] < 0xe0 ? 2
			   : text[0] < 0xf0 ? 3
			   : text[0] < 0xf5 ? 4
					    : 0;

	for (unsigned int i = 1; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return len;
}

static void write_string(FILE *out, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	fputc('"', out);
	while (*c != 0) {
		unsigned int len = utf8_length(c);

		if (len == 0) {
			fputs("\xef\xbf\xbd", out);
			c++;
		} else if (*c == '"' || *c == '\\') {
			fprintf(out, "\\%c", *c++);
		} else if (*c < 0x20 || *c == 0x7f) {
			fprintf(out, "\\u%04x", *c++);
		} else {
			fwrite(c, 1, len, out);
			c += len;
		}
	}
	fputc('"', out);
}

static void write_key(struct json *json, const char *key)
{
	if (json->comma)
		fputs(", ", json->out);
	if (key != NULL) {
		write_string(json->out, key);
		fputs(": ", json->out);
	}
	json->comma = true;
}

void json_open(struct json *json, const char *key, char bracket)
{
	write_key(json, key);
	fputc(bracket, json->out);
	json->comma = false;
}

void json_close(struct json *json, char bracket)
{
	fputc(bracket, json->out);
	json->comma = true;
}

void json_text(struct json *json, const char *key, const char *text)
{
	write_key(json, key);
	if (text == NULL)
		fputs("null", json->out);
	else
		write_string(json->out, text);
}

void json_number(struct json *json, const char *key, uint64_t number)
{
	write_key(json, key);
	fprintf(json->out, "%" PRIu64, number);
}

void json_bool(struct json *json, const char *key, bool value)
{
	write_key(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_seconds(struct json *json, const char *key, uint64_t ns)
{
	write_key(json, key);
	fprintf(json->out, "%" PRIu64 ".%06" PRIu64, ns / NS_PER_S, ns % NS_PER_S / NS_PER_US);
}
