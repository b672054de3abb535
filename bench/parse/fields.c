// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/fields.h"

#include <stdio.h>
#include <string.h>

#include "sip/msg.h"

struct writer {
	char *out;
	size_t len;
};

static struct text measured(struct text text)
{
	if (text.len == SIZE_MAX)
		text.len = strlen(text.at);
	return text;
}

// Control characters as \xHH, so that a line stays a line.
static void put_octets(struct writer *to, struct text text)
{
	text = measured(text);
	for (size_t i = 0; i < text.len && to->len + 8 < FIELDS_BYTES; i++) {
		if ((unsigned char)text.at[i] < 0x20)
			to->len += (size_t)sprintf(to->out + to->len, "\\x%02x", text.at[i]);
		else
			to->out[to->len++] = text.at[i];
	}
}

static void put(struct writer *to, const char *name, struct text text, struct text more)
{
	to->len += (size_t)snprintf(to->out + to->len, FIELDS_BYTES - to->len, "%s=", name);
	put_octets(to, text);
	if (more.at != NULL) {
		put_octets(to, text_of("@"));
		put_octets(to, more);
	}
	if (to->len + 2 > FIELDS_BYTES)
		to->len = FIELDS_BYTES - 2;
	to->out[to->len++] = '\n';
	to->out[to->len] = '\0';
}

static void put_text(struct writer *to, const char *name, struct text text)
{
	put(to, name, text, (struct text){0});
}

static void put_number(struct writer *to, const char *name, unsigned long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", number);
	put_text(to, name, text_of(text));
}

static void put_method(struct writer *to, const char *name, struct text method)
{
	method = measured(method);
	put_text(to, name, text_of(sip_method_name(sip_method_find(method.at, method.len))));
}

static void put_host(struct writer *to, const char *name, struct text host)
{
	host = measured(host);
	if (host.len > 2 && host.at[0] == '[')
		host = (struct text){host.at + 1, host.len - 2};
	put_text(to, name, host);
}

void fields_write(const struct fields *fields, char out[FIELDS_BYTES])
{
	struct writer to = {.out = out};

	if (fields->status != 0)
		put_number(&to, "status", fields->status);
	else
		put_method(&to, "method", fields->method);
	put(&to, "call-id", fields->call_id, fields->call_id_host);
	put_text(&to, "from-tag", fields->from_tag);
	put_text(&to, "to-tag", fields->to_tag);
	put_number(&to, "cseq", fields->cseq);
	put_method(&to, "cseq-method", fields->cseq_method);
	put_text(&to, "branch", fields->branch);
	put_text(&to, "from-user", fields->from_user);
	put_host(&to, "from-host", fields->from_host);
	put_text(&to, "to-user", fields->to_user);
	put_host(&to, "to-host", fields->to_host);
}
