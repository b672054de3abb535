// SPDX-License-Identifier: Apache-2.0
// The reference parser: plain, octet by octet, in the order of enum sip_reject. It takes what the
// fast parser finds unusual, says why a message is rejected, and is what the fast parser is tested
// against (RFC 3261 7 and 25.1).
#include <string.h>

#include "sip/header.h"
#include "sip/msg.h"
#include "sip/ref_header.h"
#include "sip/ref_start_line.h"

struct reference {
	const char *buf;
	const char *end;     // of the bytes
	const char *headers; // first header line
	const char *body;    // behind the empty line
	struct sip_msg *msg;
	struct ref_text method; // of the request line
	struct ref_cursor first[HEADER_NAME_COUNT];
	uint32_t seen; // 1 << enum header_name
	uint32_t twice;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

// None that may stand in a header; one behind a backslash may, in a quoted-string (RFC 3261 25.1).
static bool is_control(char c)
{
	return (unsigned char)c < 0x20 && c != '\t' && c != '\r' && c != '\n';
}

// The line at `at` without its end; *next is the line behind it, or ref->end.
static struct ref_text line_at(const struct reference *ref, const char *at, const char **next)
{
	const char *lf = memchr(at, '\n', (size_t)(ref->end - at));
	struct ref_text line = {.at = at, .end = lf != NULL ? lf : ref->end};

	*next = lf != NULL ? lf + 1 : ref->end;
	if (line.end > line.at && line.end[-1] == '\r')
		line.end--;
	return line;
}

static enum sip_reject start_line(struct reference *ref)
{
	const char *at = ref->buf;
	struct ref_text line;

	while (at < ref->end && (*at == '\r' || *at == '\n'))
		at++;
	if (at == ref->end)
		return SIP_REJECT_EMPTY;
	line = line_at(ref, at, &ref->headers);
	return ref_start_line(ref->buf, line, ref->msg, &ref->method);
}

// Finds the empty line, and what kinds of line ends there are up to it.
static enum sip_reject bounds(struct reference *ref)
{
	const char *start = ref->headers, *next = ref->headers, *at = ref->buf;
	uint32_t lines = 1;
	struct ref_text line;

	while (*at == '\r' || *at == '\n')
		at++;
	// Without an LF behind the start line there is no header line.
	if (start[-1] != '\n')
		return SIP_REJECT_HEADER_END;
	for (;; lines++) {
		if (next == ref->end)
			return SIP_REJECT_HEADER_END;
		line = line_at(ref, next, &next);
		if (next[-1] != '\n')
			return SIP_REJECT_HEADER_END;
		if (line.at == line.end)
			break;
	}
	ref->body = next;
	if (next - at > SIP_MAX_HEADER_BYTES || lines > SIP_MAX_LINES)
		return SIP_REJECT_TOO_LONG;
	for (; at < next; at++) {
		if (*at == '\n' && at[-1] != '\r')
			ref->msg->flags |= SIP_BARE_LF;
		// Some take a lone CR for a line end and some don't: two readings of one message.
		if (*at == '\r' && at[1] != '\n')
			return SIP_REJECT_HEADER_SYNTAX;
		if (is_control(*at) && at[-1] != '\\')
			return SIP_REJECT_HEADER_SYNTAX;
	}
	return SIP_REJECT_NONE;
}

// One header field with its folded lines at *at, which moves behind it (RFC 3261 7.3.1). What has
// no name, or one that isn't in the table, is let pass: a call's BYE shall not be lost for a line
// that nobody needs.
static void take_field(struct reference *ref, const char **at)
{
	const char *next, *name_end = *at, *colon;
	struct ref_text line = line_at(ref, *at, &next);
	enum header_name header;

	while (next < ref->body && is_blank(*next)) {
		ref->msg->flags |= SIP_FOLDED;
		line.end = line_at(ref, next, &next).end;
	}
	while (name_end < line.end && *name_end != ':' && (unsigned char)*name_end > 0x20 &&
	       *name_end != 0x7f)
		name_end++;
	for (colon = name_end; colon < line.end && is_blank(*colon);)
		colon++;
	header = header_lookup(*at, (size_t)(name_end - *at));
	*at = next;
	if (colon == line.end || *colon != ':' || header == HEADER_NONE)
		return;
	if (header == HEADER_ASSERTED_IDENTITY)
		ref_header(header, ref->buf, (struct ref_cursor){colon + 1, line.end}, ref->msg);
	if ((ref->seen & 1u << header) != 0)
		ref->twice |= 1u << header;
	else
		ref->first[header] = (struct ref_cursor){.at = colon + 1, .end = line.end};
	ref->seen |= 1u << header;
}

static enum sip_reject fields(struct reference *ref)
{
	static const struct {
		enum header_name header;
		enum sip_reject reject;
	} mandatory[] = {
		{HEADER_CALL_ID, SIP_REJECT_NO_CALL_ID}, {HEADER_CSEQ, SIP_REJECT_NO_CSEQ},
		{HEADER_FROM, SIP_REJECT_NO_FROM},       {HEADER_TO, SIP_REJECT_NO_TO},
		{HEADER_VIA, SIP_REJECT_NO_VIA},
	};
	const char *at = ref->headers;

	while (*at != '\r' && *at != '\n')
		take_field(ref, &at);
	if ((ref->twice & HEADER_SINGLETONS) != 0)
		return SIP_REJECT_DUPLICATE;
	for (size_t i = 0; i < sizeof(mandatory) / sizeof(mandatory[0]); i++) {
		if ((ref->seen & 1u << mandatory[i].header) == 0)
			return mandatory[i].reject;
	}
	return SIP_REJECT_NONE;
}

static enum sip_reject transaction(struct reference *ref)
{
	if (!ref_header(HEADER_CALL_ID, ref->buf, ref->first[HEADER_CALL_ID], ref->msg))
		return SIP_REJECT_CALL_ID;
	return ref_cseq_header(ref->first[HEADER_CSEQ], ref->method, ref->msg);
}

static enum sip_reject parties(struct reference *ref)
{
	static const struct {
		enum header_name header;
		enum sip_reject reject;
	} each[] = {
		{HEADER_FROM, SIP_REJECT_FROM},
		{HEADER_TO, SIP_REJECT_TO},
		{HEADER_VIA, SIP_REJECT_VIA},
	};

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		if (!ref_header(each[i].header, ref->buf, ref->first[each[i].header], ref->msg))
			return each[i].reject;
	}
	return SIP_REJECT_NONE;
}

static enum sip_reject body(struct reference *ref)
{
	struct sip_msg *msg = ref->msg;
	uint32_t there = (uint32_t)(ref->end - ref->body);

	msg->content_length = there;
	if ((ref->seen & 1u << HEADER_CONTENT_LENGTH) != 0 &&
	    !ref_header(HEADER_CONTENT_LENGTH, ref->buf, ref->first[HEADER_CONTENT_LENGTH], msg))
		return SIP_REJECT_CONTENT_LENGTH;
	msg->body_off = (uint16_t)(ref->body - ref->buf);
	msg->body_len = msg->content_length < there ? msg->content_length : there;
	if (msg->content_length > there)
		msg->flags |= SIP_CUT_BODY;
	if (msg->body_len > 0)
		ref_header(HEADER_CONTENT_TYPE, ref->buf, ref->first[HEADER_CONTENT_TYPE], msg);
	return SIP_REJECT_NONE;
}

// What may be missing or wrong without harm: then it is absent.
static void extras(struct reference *ref)
{
	static const enum header_name headers[] = {
		HEADER_CONTACT,         HEADER_REMOTE_PARTY, HEADER_CALLED_PARTY,
		HEADER_SESSION_EXPIRES, HEADER_REPLACES,     HEADER_USER_AGENT,
	};
	struct ref_cursor agent = ref_trim(ref->first[HEADER_USER_AGENT]);
	struct ref_cursor server = ref_trim(ref->first[HEADER_SERVER]);

	// The first of the two that says something.
	if (agent.at == agent.end || (server.at < server.end && server.at < agent.at))
		ref->first[HEADER_USER_AGENT] = server;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		ref_header(headers[i], ref->buf, ref->first[headers[i]], ref->msg);
}

enum sip_reject sip_msg_parse_reference(const char *buf, size_t len, struct sip_msg *msg)
{
	static enum sip_reject (*const steps[])(struct reference *) = {
		start_line, bounds, fields, transaction, parties, body,
	};
	struct reference ref = {.buf = buf, .end = buf + len, .msg = msg};

	if (len > SIP_MAX_BYTES)
		return SIP_REJECT_TOO_LONG;
	memset(msg, 0, sizeof(*msg));
	msg->flags = SIP_BY_REFERENCE;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		enum sip_reject reject = steps[i](&ref);

		if (reject != SIP_REJECT_NONE)
			return reject;
	}
	extras(&ref);
	return SIP_REJECT_NONE;
}
