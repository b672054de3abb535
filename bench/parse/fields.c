// SPDX-License-Identifier: Apache-2.0
#include "bench/parse/fields.h"

#include <stdio.h>
#include <string.h>

#include "sip/msg.h"
#include "sip/uri.h"

// Control characters as \xHH, so that a line stays a line.
void fields_put(struct fields *out, const char *name, const char *value, size_t len)
{
	out->len += (size_t)snprintf(out->text + out->len, FIELDS_BYTES - out->len, "%s=", name);
	for (size_t i = 0; i < len && out->len + 8 < FIELDS_BYTES; i++) {
		if ((unsigned char)value[i] < 0x20)
			out->len += (size_t)sprintf(out->text + out->len, "\\x%02x", value[i]);
		else
			out->text[out->len++] = value[i];
	}
	out->text[out->len++] = '\n';
	out->text[out->len] = '\0';
}

void fields_put_text(struct fields *out, const char *name, const char *text)
{
	fields_put(out, name, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

void fields_put_number(struct fields *out, const char *name, unsigned long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", number);
	fields_put_text(out, name, text);
}

static void put_slice(struct fields *out, const char *name, const char *buf, struct sip_slice slice)
{
	fields_put(out, name, buf + slice.off, slice.len);
}

void fields_put_method(struct fields *out, const char *method)
{
	fields_put_text(out, "cseq-method",
			sip_method_name(sip_method_find(method, strlen(method))));
}

// A URI of another scheme, or none that can be taken apart, has neither user nor host.
static void put_uri(struct fields *out, const char *user, const char *host, const char *buf,
		    struct sip_slice slice)
{
	const char *text = buf + slice.off;
	struct sip_uri uri;

	if (sip_uri_parse(text, slice.len, &uri) != 0 || uri.scheme == SIP_SCHEME_TEL ||
	    uri.scheme == SIP_SCHEME_OTHER)
		memset(&uri, 0, sizeof(uri));
	// libosip2 gives IPv6 hosts without brackets.
	if (uri.host.len > 2 && text[uri.host.off] == '[') {
		uri.host.off++;
		uri.host.len -= 2;
	}
	put_slice(out, user, text, uri.user);
	put_slice(out, host, text, uri.host);
}

static void describe(const char *buf, const struct sip_msg *msg, char text[FIELDS_BYTES])
{
	struct fields out = {.text = text};

	// The method of a request is that of its CSeq.
	if ((msg->flags & SIP_IS_RESPONSE) != 0)
		fields_put_number(&out, "status", msg->status);
	fields_put_text(&out, "cseq-method", sip_method_name(msg->cseq_method));
	fields_put_number(&out, "cseq", msg->cseq);
	put_slice(&out, "call-id", buf, msg->call_id);
	put_slice(&out, "from-tag", buf, msg->from_tag);
	put_slice(&out, "to-tag", buf, msg->to_tag);
	put_slice(&out, "branch", buf, msg->via_branch);
	put_uri(&out, "from-user", "from-host", buf, msg->from_uri);
	put_uri(&out, "to-user", "to-host", buf, msg->to_uri);
}

bool fields_fast(const char *buf, size_t len, char out[FIELDS_BYTES])
{
	struct sip_msg msg;

	if (sip_msg_parse(buf, len, &msg) != SIP_REJECT_NONE)
		return false;
	describe(buf, &msg, out);
	return true;
}

bool fields_reference(const char *buf, size_t len, char out[FIELDS_BYTES])
{
	struct sip_msg msg;

	if (sip_msg_parse_reference(buf, len, &msg) != SIP_REJECT_NONE)
		return false;
	describe(buf, &msg, out);
	return true;
}
