// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/registrar/publish.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct writer {
	char *at;
	size_t len;
	const char *without;
};

__attribute__((format(printf, 3, 4))) static void line(struct writer *out, const char *name,
						       const char *format, ...)
{
	va_list args;

	if (out->without != NULL && strcmp(out->without, name) == 0)
		return;
	out->len += (size_t)sprintf(out->at + out->len, "%s: ", name);
	va_start(args, format);
	out->len += (size_t)vsprintf(out->at + out->len, format, args);
	va_end(args);
	out->len += (size_t)sprintf(out->at + out->len, "\r\n");
}

#define OR(text, fallback) ((text) != NULL ? (text) : (fallback))

size_t publish_text(const struct publish *publish, char out[PUBLISH_TEXT])
{
	static unsigned int number;
	const char *user = OR(publish->user, "sip:bob@sfb.example");
	struct writer writer = {out, 0, publish->without};
	char body[1024], request_line[256], own[64];

	number++;
	snprintf(request_line, sizeof(request_line), "PUBLISH %s SIP/2.0", user);
	snprintf(body, sizeof(body),
		 "<?xml version=\"1.0\"?>\r\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" "
		 "xmlns:ep=\"urn:ietf:params:xml:ns:pidf:status:rpid-status\" entity=\"%s\">"
		 "<tuple id=\"0\"><status><basic>open</basic><ep:activities><ep:activity>"
		 "on-the-phone</ep:activity></ep:activities></status></tuple></presence>",
		 user);
	if (publish->body != NULL)
		snprintf(body, sizeof(body), "%s", publish->body);
	writer.len = (size_t)sprintf(out, "%s\r\n", OR(publish->request_line, request_line));
	snprintf(own, sizeof(own), "z9hG4bKown%u", number);
	if (publish->via != NULL)
		line(&writer, "Via", "%s", publish->via);
	else
		line(&writer, "Via", "SIP/2.0/TCP 10.33.221.57:5061;branch=%s;alias",
		     OR(publish->branch, own));
	line(&writer, "From", "%s%s%s;tag=1c537837102", publish->from != NULL ? "" : "<",
	     OR(publish->from, user), publish->from != NULL ? "" : ">");
	line(&writer, "To", "%s%s%s", publish->to != NULL ? "" : "<", OR(publish->to, user),
	     publish->to != NULL ? "" : ">");
	snprintf(own, sizeof(own), "call-%u@10.33.221.57", number);
	line(&writer, "Call-ID", "%s", OR(publish->call_id, own));
	line(&writer, "CSeq", "%s", OR(publish->cseq, "1 PUBLISH"));
	line(&writer, "Max-Forwards", "70");
	line(&writer, "Event", "%s", OR(publish->event, "presence"));
	line(&writer, "Expires", "%s", OR(publish->expires, "600"));
	if (publish->tag != NULL)
		line(&writer, "SIP-If-Match", "%s", publish->tag);
	writer.len += (size_t)sprintf(out + writer.len, "%s", OR(publish->extra, ""));
	if (body[0] != '\0')
		line(&writer, "Content-Type", "%s",
		     OR(publish->content_type, "application/pidf+xml"));
	if (publish->length != NULL)
		line(&writer, "Content-Length", "%s", publish->length);
	else
		line(&writer, "Content-Length", "%zu", strlen(body));
	writer.len += (size_t)sprintf(out + writer.len, "\r\n%s", body);
	return writer.len;
}
