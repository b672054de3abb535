// SPDX-License-Identifier: Apache-2.0
// Writes PUBLISH requests. Nothing here escapes: persons, tags and settings have been checked where
// they came in, and what still holds a line end is refused by publish_is_clean().
#include "presence/registrar/publish.h"

#include "config/settings.h"
#include "presence/registrar/pidf.h"
#include "presence/registrar/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const char *const transports[] = {
	[CONNECTION_UDP] = "UDP",
	[CONNECTION_TCP] = "TCP",
	[CONNECTION_TLS] = "TLS",
};

static const char *person_user(const char *person, size_t *len)
{
	const char *colon = strchr(person, ':');
	const char *user = colon ? colon + 1 : person;

	*len = strcspn(user, "@;");
	return user;
}

void publish_user(const char *person, char *out, size_t size)
{
	size_t len;
	const char *user = person_user(person, &len);

	snprintf(out, size, "%.*s", (int)len, user);
}

// No octet that ends the element it is put into: blanks and control characters, and `also`.
static bool publish_is_clean(const char *text, const char *also)
{
	for (; *text; text++) {
		if ((unsigned char)*text <= ' ' || *text == 0x7f || strchr(also, *text))
			return false;
	}
	return true;
}

// IPv6 in brackets.
void publish_sent_by(const struct sockaddr_storage *address, char out[PUBLISH_SENT_BY])
{
	char host[INET6_ADDRSTRLEN] = "";

	if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(out, PUBLISH_SENT_BY, "[%s]:%u", host, ntohs(in6->sin6_port));
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(out, PUBLISH_SENT_BY, "%s:%u", host, ntohs(in->sin_port));
	}
}

static void publish_head(const struct publish_wire *wire, struct text *out)
{
	const char *person = wire->request->person;
	size_t person_len = strlen(person);

	text_add(out, "PUBLISH ");
	text_add_n(out, person, person_len);
	text_add(out, " SIP/2.0\r\nVia: SIP/2.0/");
	text_add(out, transports[wire->kind]);
	text_add(out, " ");
	text_add(out, wire->sent_by);
	text_add(out, ";branch=");
	text_add(out, wire->branch);
	if (wire->kind == CONNECTION_UDP)
		text_add(out, ";rport"); // RFC 3581
	else if (wire->settings->alias)
		text_add(out, ";alias"); // RFC 5923
	text_add(out, "\r\nFrom: <");
	text_add_n(out, person, person_len);
	text_add(out, ">;tag=");
	text_add(out, wire->identity->from_tag);
	text_add(out, "\r\nTo: <");
	text_add_n(out, person, person_len);
	text_add(out, ">\r\nCall-ID: ");
	text_add(out, wire->identity->call_id);
	text_add(out, "\r\nCSeq: ");
	text_add_number(out, wire->identity->cseq);
	text_add(out, " PUBLISH\r\n");
}

static void publish_contact(const struct publish_wire *wire, struct text *out)
{
	static const char *const parameters[] = {
		[CONNECTION_UDP] = "",
		[CONNECTION_TCP] = ";transport=tcp",
		[CONNECTION_TLS] = ";transport=tls",
	};
	size_t len;
	const char *user = person_user(wire->request->person, &len);

	text_add(out, "Contact: <sip:");
	text_add_n(out, user, len);
	text_add(out, "@");
	text_add(out, wire->sent_by);
	text_add(out, parameters[wire->kind]);
	text_add(out, ">\r\n");
}

static void publish_body(const struct publish_wire *wire, struct text *out)
{
	char bytes[PUBLISH_BYTES];
	struct text body = {.at = bytes, .size = sizeof(bytes)};
	struct pidf pidf = {
		.form = wire->settings->body,
		.entity = wire->request->person,
		.display = wire->request->display,
		.activity = wire->settings->activity,
		.busy = wire->request->busy,
	};

	pidf_write(&pidf, &body);
	text_add(out, "Content-Type: application/pidf+xml\r\nContent-Length: ");
	text_add_number(out, body.len);
	text_add(out, "\r\n\r\n");
	text_add_n(out, body.at, body.len);
	out->cut |= body.cut;
}

void publish_write(const struct publish_wire *wire, struct text *out)
{
	const struct publish_request *request = wire->request;
	bool has_body = request->kind == PUBLISH_INITIAL || request->kind == PUBLISH_MODIFY;

	if (!publish_is_clean(request->person, "<>\"") ||
	    (request->etag && !publish_is_clean(request->etag, ""))) {
		out->cut = true;
		return;
	}
	publish_head(wire, out);
	text_add(out, "Max-Forwards: 70\r\n");
	publish_contact(wire, out);
	if (wire->settings->user_agent[0]) {
		text_add(out, "User-Agent: ");
		text_add(out, wire->settings->user_agent);
		text_add(out, "\r\n");
	}
	text_add(out, "Event: presence\r\nExpires: ");
	text_add_number(out, request->expires_s);
	if (request->etag) {
		text_add(out, "\r\nSIP-If-Match: ");
		text_add(out, request->etag);
	}
	text_add(out, "\r\n");
	if (wire->authorization)
		text_add(out, wire->authorization);
	if (has_body)
		publish_body(wire, out);
	else
		text_add(out, "Content-Length: 0\r\n\r\n");
}
