// SPDX-License-Identifier: Apache-2.0
// The reference parser: plain, octet by octet, in the order of enum sip_reject. It takes what the
// fast parser finds unusual, says why a message is rejected, and is what the fast parser is tested
// against (RFC 3261 7 and 25.1).
#include <string.h>

#include "sip/header.h"
#include "sip/msg.h"
#include "sip/ref_value.h"

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

static struct sip_slice slice_of(const struct reference *ref, struct ref_text text)
{
	if (text.at == text.end)
		return (struct sip_slice){0, 0};
	return (struct sip_slice){.off = (uint16_t)(text.at - ref->buf),
				  .len = (uint16_t)(text.end - text.at)};
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

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

// "SIP/2.0", its letters in any case (RFC 3261 7.1). *at moves behind it.
static enum sip_reject take_version(const char **at, const char *end)
{
	const char *from = *at, *major, *minor;

	if (end - from < 7 || (from[0] | 0x20) != 's' || (from[1] | 0x20) != 'i' ||
	    (from[2] | 0x20) != 'p' || from[3] != '/')
		return SIP_REJECT_START_LINE;
	for (major = from + 4; major < end && is_digit(*major);)
		major++;
	if (major == from + 4 || major == end || *major != '.')
		return SIP_REJECT_START_LINE;
	for (minor = major + 1; minor < end && is_digit(*minor);)
		minor++;
	if (minor == major + 1)
		return SIP_REJECT_START_LINE;
	*at = minor;
	return memcmp(from + 4, "2.0", 3) == 0 && minor - from == 7 ? SIP_REJECT_NONE
								    : SIP_REJECT_VERSION;
}

static enum sip_reject status_line(struct reference *ref, struct ref_text line)
{
	const char *at = line.at;
	enum sip_reject version = take_version(&at, line.end);
	uint32_t status = 0;

	if (version == SIP_REJECT_START_LINE || line.end - at < 4 || *at != ' ')
		return SIP_REJECT_START_LINE;
	for (int i = 1; i <= 3; i++) {
		if (!is_digit(at[i]))
			return SIP_REJECT_START_LINE;
		status = status * 10 + (uint32_t)(at[i] - '0');
	}
	// Some leave out the blank before an empty reason phrase.
	if (status < 100 || status > 699 || (line.end - at > 4 && at[4] != ' '))
		return SIP_REJECT_START_LINE;
	ref->msg->flags |= SIP_IS_RESPONSE;
	ref->msg->status = (uint16_t)status;
	return version;
}

// Method SP Request-URI SP SIP-Version, with single blanks (RFC 3261 7.1, RFC 4475 3.1.2.7 to 9).
static enum sip_reject request_line(struct reference *ref, struct ref_text line)
{
	const char *at = line.at;
	struct ref_text uri;
	enum sip_reject version;

	while (at < line.end && ref_is_token_char(*at))
		at++;
	ref->method = (struct ref_text){.at = line.at, .end = at};
	if (at == line.at || at == line.end || *at != ' ')
		return SIP_REJECT_START_LINE;
	uri.at = ++at;
	while (at < line.end && *at != ' ')
		at++;
	uri.end = at;
	if (at == line.end || !ref_is_uri(uri))
		return SIP_REJECT_START_LINE;
	at++;
	version = take_version(&at, line.end);
	if (version == SIP_REJECT_START_LINE || at != line.end)
		return SIP_REJECT_START_LINE;
	ref->msg->method = (uint8_t)sip_method_find(ref->method.at,
						    (size_t)(ref->method.end - line.at));
	ref->msg->request_uri = slice_of(ref, uri);
	return version;
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
	// A method may not contain a slash, so this is no request.
	if (line.end - line.at >= 4 && line.at[3] == '/')
		return status_line(ref, line);
	return request_line(ref, line);
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
	if (header == HEADER_ASSERTED_IDENTITY) {
		struct ref_cursor list = {.at = colon + 1, .end = line.end};
		struct sip_slice *into = ref->msg->asserted_uri;
		struct ref_text uri;

		into += into->len > 0;
		while (into < ref->msg->asserted_uri + 2 && into->len == 0 &&
		       ref_address(&list, &uri)) {
			*into++ = slice_of(ref, uri);
			if (!ref_next(&list))
				break;
		}
	}
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
	struct sip_msg *msg = ref->msg;
	struct ref_cursor call_id = ref_trim(ref->first[HEADER_CALL_ID]);
	size_t method_len = (size_t)(ref->method.end - ref->method.at);
	struct ref_text method;

	if (call_id.at == call_id.end || !ref_call_id(call_id))
		return SIP_REJECT_CALL_ID;
	msg->call_id = slice_of(ref, (struct ref_text){call_id.at, call_id.end});
	if (!ref_cseq(ref->first[HEADER_CSEQ], &msg->cseq, &method))
		return SIP_REJECT_CSEQ;
	msg->cseq_method = (uint8_t)sip_method_find(method.at, (size_t)(method.end - method.at));
	if ((msg->flags & SIP_IS_RESPONSE) == 0 &&
	    ((size_t)(method.end - method.at) != method_len ||
	     memcmp(method.at, ref->method.at, method_len) != 0))
		return SIP_REJECT_CSEQ_METHOD;
	return SIP_REJECT_NONE;
}

static enum sip_reject parties(struct reference *ref)
{
	struct sip_msg *msg = ref->msg;
	struct ref_party from, to;
	struct ref_via via;

	if (!ref_party(ref->first[HEADER_FROM], &from))
		return SIP_REJECT_FROM;
	if (!ref_party(ref->first[HEADER_TO], &to))
		return SIP_REJECT_TO;
	if (!ref_via(ref->first[HEADER_VIA], &via))
		return SIP_REJECT_VIA;
	msg->from_uri = slice_of(ref, from.uri);
	msg->from_tag = slice_of(ref, from.tag);
	msg->to_uri = slice_of(ref, to.uri);
	msg->to_tag = slice_of(ref, to.tag);
	msg->via_branch = slice_of(ref, via.branch);
	msg->via_sent_by = slice_of(ref, via.sent_by);
	if (from.has_tag)
		msg->flags |= SIP_HAS_FROM_TAG;
	if (to.has_tag)
		msg->flags |= SIP_HAS_TO_TAG;
	return SIP_REJECT_NONE;
}

static enum sip_reject body(struct reference *ref)
{
	struct sip_msg *msg = ref->msg;
	uint32_t there = (uint32_t)(ref->end - ref->body);
	uint64_t stated = there;

	if ((ref->seen & 1u << HEADER_CONTENT_LENGTH) != 0) {
		if (!ref_number(ref->first[HEADER_CONTENT_LENGTH], UINT64_C(1) << 31, &stated))
			return SIP_REJECT_CONTENT_LENGTH;
		msg->flags |= SIP_HAS_CONTENT_LENGTH;
	}
	msg->content_length = (uint32_t)stated;
	msg->body_off = (uint16_t)(ref->body - ref->buf);
	msg->body_len = stated < there ? (uint32_t)stated : there;
	if (stated > there)
		msg->flags |= SIP_CUT_BODY;
	if (msg->body_len > 0 && (ref->seen & 1u << HEADER_CONTENT_TYPE) != 0 &&
	    ref_is_sdp(ref->first[HEADER_CONTENT_TYPE]))
		msg->flags |= SIP_HAS_SDP;
	return SIP_REJECT_NONE;
}

// What may be missing or wrong without harm: then it is absent.
static void extras(struct reference *ref)
{
	const struct {
		enum header_name header;
		struct sip_slice *slice;
	} addresses[] = {
		{HEADER_CONTACT, &ref->msg->contact_uri},
		{HEADER_REMOTE_PARTY, &ref->msg->remote_party_uri},
		{HEADER_CALLED_PARTY, &ref->msg->called_party_uri},
	};
	struct ref_cursor agent = ref_trim(ref->first[HEADER_USER_AGENT]);
	struct ref_cursor server = ref_trim(ref->first[HEADER_SERVER]);
	struct ref_cursor replaces = ref_trim(ref->first[HEADER_REPLACES]);

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct ref_cursor value = ref->first[addresses[i].header];
		struct ref_text uri;

		if (ref_address(&value, &uri))
			*addresses[i].slice = slice_of(ref, uri);
	}
	if (agent.at == agent.end || (server.at < server.end && server.at < agent.at))
		agent = server;
	ref->msg->user_agent = slice_of(ref, (struct ref_text){agent.at, agent.end});
	ref->msg->replaces = slice_of(ref, (struct ref_text){replaces.at, replaces.end});
	if (!ref_seconds(ref->first[HEADER_SESSION_EXPIRES], &ref->msg->session_expires))
		ref->msg->session_expires = 0;
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
