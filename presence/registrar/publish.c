// SPDX-License-Identifier: Apache-2.0
// Writes PUBLISH requests. Nothing here escapes: persons, tags and settings have been checked where
// they came in, and what still holds a line end is refused by publish_is_clean().
#include "presence/registrar/publish.h"

#include "config/settings.h"
#include "presence/registrar/pidf.h"
#include "presence/registrar/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char *const transports[] = {
	[CONNECTION_UDP] = "UDP",
	[CONNECTION_TCP] = "TCP",
	[CONNECTION_TLS] = "TLS",
};

void publish_token(char out[PUBLISH_TOKEN])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char random[(PUBLISH_TOKEN - 1) / 2];

	// 16 octets never come short once the kernel's pool is up; before that it waits.
	while (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		if (errno != EINTR)
			abort();
	}
	for (size_t i = 0; i < sizeof(random); i++) {
		out[2 * i] = digits[random[i] >> 4];
		out[2 * i + 1] = digits[random[i] & 15];
	}
	out[PUBLISH_TOKEN - 1] = '\0';
}

void publish_branch(char out[PUBLISH_BRANCH])
{
	memcpy(out, "z9hG4bK", 7);
	publish_token(out + 7);
}

void publish_user(const char *person, char *out, size_t size)
{
	const char *colon = strchr(person, ':');
	const char *user = colon ? colon + 1 : person;

	snprintf(out, size, "%.*s", (int)strcspn(user, "@;"), user);
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

// host:port, IPv6 in brackets.
static void publish_address(const struct sockaddr_storage *address, struct text *out)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		text_print(out, "[%s]:%u", host, ntohs(in6->sin6_port));
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		text_print(out, "%s:%u", host, ntohs(in->sin_port));
	}
}

static void publish_head(const struct publish_wire *wire, struct text *out)
{
	const char *person = wire->request->person;

	text_print(out, "PUBLISH %s SIP/2.0\r\nVia: SIP/2.0/%s ", person, transports[wire->kind]);
	publish_address(wire->sent_by, out);
	text_print(out, ";branch=%s", wire->branch);
	if (wire->kind == CONNECTION_UDP)
		text_add(out, ";rport"); // RFC 3581
	else if (wire->settings->alias)
		text_add(out, ";alias"); // RFC 5923
	text_print(out, "\r\nFrom: <%s>;tag=%s\r\nTo: <%s>\r\nCall-ID: %s\r\nCSeq: %u PUBLISH\r\n",
		   person, wire->identity->from_tag, person, wire->identity->call_id,
		   wire->identity->cseq);
}

static void publish_contact(const struct publish_wire *wire, struct text *out)
{
	static const char *const parameters[] = {
		[CONNECTION_UDP] = "",
		[CONNECTION_TCP] = ";transport=tcp",
		[CONNECTION_TLS] = ";transport=tls",
	};
	char user[256];

	publish_user(wire->request->person, user, sizeof(user));
	text_print(out, "Contact: <sip:%s@", user);
	publish_address(wire->sent_by, out);
	text_print(out, "%s>\r\n", parameters[wire->kind]);
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
	text_print(out, "Content-Type: application/pidf+xml\r\nContent-Length: %zu\r\n\r\n",
		   body.len);
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
	if (wire->settings->user_agent[0])
		text_print(out, "User-Agent: %s\r\n", wire->settings->user_agent);
	text_print(out, "Event: presence\r\nExpires: %u\r\n", request->expires_s);
	if (request->etag)
		text_print(out, "SIP-If-Match: %s\r\n", request->etag);
	if (wire->authorization)
		text_add(out, wire->authorization);
	if (has_body)
		publish_body(wire, out);
	else
		text_add(out, "Content-Length: 0\r\n\r\n");
}
