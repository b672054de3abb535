// SPDX-License-Identifier: Apache-2.0
// The fast parser: line index, then names, then the values that matter, each looked at once. It
// knows only what usual messages look like; whatever is unusual, right or wrong, goes to the
// reference parser, so that there is one place that rejects (RFC 3261 7).
#include "sip/msg.h"

#include <string.h>

#include "sip/header.h"
#include "sip/line_index.h"
#include "sip/value.h"

_Static_assert((int)LINE_INDEX_BYTES == (int)SIP_MAX_HEADER_BYTES, "one limit");
_Static_assert((int)LINE_INDEX_MAX == (int)SIP_MAX_LINES, "one limit");

enum {
	MANDATORY = 1 << HEADER_CALL_ID | 1 << HEADER_CSEQ | 1 << HEADER_FROM | 1 << HEADER_TO |
		    1 << HEADER_VIA,
};

struct usual {
	struct value value; // of the line at work
	uint32_t len;       // of the message
	struct sip_msg *msg;
	uint32_t seen; // 1 << enum header_name
	uint8_t asserted;
	bool is_sdp;
};

// "SIP/2.0 200 OK"
static bool status_line(struct usual *usual)
{
	const char *digits = usual->value.buf + 8;
	uint32_t status = 0;

	if (usual->value.end < 12 || digits[3] != ' ')
		return false;
	for (int i = 0; i < 3; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return false;
		status = status * 10 + (uint32_t)(digits[i] - '0');
	}
	usual->msg->flags |= SIP_IS_RESPONSE;
	usual->msg->status = (uint16_t)status;
	return status >= 100 && status <= 699;
}

// "INVITE sip:bob@example.com SIP/2.0"
static bool request_line(struct usual *usual)
{
	const char *buf = usual->value.buf;
	uint32_t uri = line_next_stop(usual->value.index, 0) + 1, end;

	usual->msg->method = (uint8_t)sip_method_find(buf, uri - 1);
	if (usual->msg->method == SIP_OTHER_METHOD || buf[uri - 1] != ' ' ||
	    !value_uri(&usual->value, uri, &end))
		return false;
	usual->msg->request_uri = value_slice(uri, end);
	return usual->value.end - end == 8 && memcmp(buf + end, " SIP/2.0", 8) == 0;
}

// A list, whose values may also come in several header fields (RFC 3325 9.1).
static bool take_asserted(struct usual *usual)
{
	struct value value = usual->value;
	uint32_t rest;

	while (usual->asserted < 2) {
		if (!value_address(&value, &usual->msg->asserted_uri[usual->asserted], &rest))
			return false;
		usual->asserted++;
		if (rest == value.end)
			return true;
		if (value.buf[rest] != ',')
			return false;
		for (value.at = rest + 1; value.buf[value.at] == ' ';)
			value.at++;
	}
	return true;
}

static bool take_header(struct usual *usual, enum header_name header)
{
	const struct value *value = &usual->value;
	struct sip_msg *msg = usual->msg;
	uint32_t rest;
	bool has_tag, taken;

	switch (header) {
	case HEADER_CALL_ID: return value_call_id(value, &msg->call_id);
	case HEADER_CSEQ: return value_cseq(value, &msg->cseq, &msg->cseq_method);
	case HEADER_FROM:
		taken = value_party(value, &msg->from_uri, &msg->from_tag, &has_tag);
		msg->flags |= has_tag ? SIP_HAS_FROM_TAG : 0;
		return taken;
	case HEADER_TO:
		taken = value_party(value, &msg->to_uri, &msg->to_tag, &has_tag);
		msg->flags |= has_tag ? SIP_HAS_TO_TAG : 0;
		return taken;
	case HEADER_VIA: return value_via(value, &msg->via_sent_by, &msg->via_branch);
	case HEADER_CONTENT_LENGTH:
		msg->flags |= SIP_HAS_CONTENT_LENGTH;
		return value_number(value, &msg->content_length);
	case HEADER_CONTACT: return value_address(value, &msg->contact_uri, &rest);
	case HEADER_CONTENT_TYPE: return value_content_type(value, &usual->is_sdp);
	case HEADER_SESSION_EXPIRES: return value_session_expires(value, &msg->session_expires);
	case HEADER_REMOTE_PARTY: return value_address(value, &msg->remote_party_uri, &rest);
	case HEADER_CALLED_PARTY: return value_address(value, &msg->called_party_uri, &rest);
	case HEADER_REPLACES: msg->replaces = value_text(value); return true;
	case HEADER_USER_AGENT:
	case HEADER_SERVER:
		if (msg->user_agent.len == 0)
			msg->user_agent = value_text(value);
		return true;
	default: return true;
	}
}

static bool take_line(struct usual *usual, uint32_t line)
{
	const char *buf = usual->value.buf;
	uint32_t at = line_next_colon(usual->value.index, line);
	enum header_name header;
	uint32_t bit;

	// A name of which eight octets can't be read is the last thing in the message.
	if (buf[at] != ':' || at == line || line + 8 > usual->len)
		return false;
	header = header_lookup_plain(buf + line, at - line);
	if (header == HEADER_OTHER)
		return true;
	do
		at++;
	while (buf[at] == ' ' || buf[at] == '\t');
	usual->value.at = at;
	if (header == HEADER_ASSERTED_IDENTITY)
		return take_asserted(usual);
	bit = 1u << header;
	// Of others than singletons the first one counts.
	if ((usual->seen & bit) != 0)
		return (bit & HEADER_SINGLETONS) == 0;
	usual->seen |= bit;
	return take_header(usual, header);
}

static void body_bounds(struct usual *usual, uint32_t body_off)
{
	struct sip_msg *msg = usual->msg;
	uint32_t there = usual->len - body_off;

	msg->body_off = (uint16_t)body_off;
	if ((msg->flags & SIP_HAS_CONTENT_LENGTH) == 0)
		msg->content_length = there;
	if (msg->content_length > there)
		msg->flags |= SIP_CUT_BODY;
	msg->body_len = msg->content_length < there ? msg->content_length : there;
	if (usual->is_sdp && msg->body_len > 0)
		msg->flags |= SIP_HAS_SDP;
}

static bool parse_usual(const char *buf, size_t len, struct sip_msg *msg)
{
	static const struct sip_msg nothing;
	struct line_index index;
	struct usual usual = {
		.value = {.buf = buf, .index = &index}, .len = (uint32_t)len, .msg = msg};

	if (line_index_build(buf, len, &index) != 0 || index.odd_line_end || index.count == 0)
		return false;
	// Not memset(): gcc 12 makes a `rep stos` of it, which takes as long as a header line.
	*msg = nothing;
	// Every line ends with CR LF: that is what the index has just said.
	usual.value.end = index.start[1] - 2u;
	if (usual.value.end >= 8 && memcmp(buf, "SIP/2.0 ", 8) == 0) {
		if (!status_line(&usual))
			return false;
	} else if (!request_line(&usual)) {
		return false;
	}
	for (uint32_t i = 1; i < index.count; i++) {
		usual.value.end = index.start[i + 1] - 2u;
		if (!take_line(&usual, index.start[i]))
			return false;
	}
	if ((usual.seen & MANDATORY) != MANDATORY)
		return false;
	if (msg->method != SIP_NONE && msg->method != msg->cseq_method)
		return false;
	body_bounds(&usual, index.header_end);
	return true;
}

enum sip_reject sip_msg_parse(const char *buf, size_t len, struct sip_msg *msg)
{
	if (parse_usual(buf, len, msg))
		return SIP_REJECT_NONE;
	return sip_msg_parse_reference(buf, len, msg);
}
