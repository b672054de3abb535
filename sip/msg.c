// SPDX-License-Identifier: Apache-2.0
// The fast parser: line index, then names, then the values that matter, each looked at once. It
// knows only what usual messages look like; whatever is unusual, right or wrong, goes to the
// reference parser, so that there is one place that rejects (RFC 3261 7).
#include "sip/msg.h"

#include <string.h>

#include "sip/header.h"
#include "sip/line_index.h"
#include "sip/scan.h"
#include "sip/value.h"

enum {
	MANDATORY = 1 << HEADER_CALL_ID | 1 << HEADER_CSEQ | 1 << HEADER_FROM | 1 << HEADER_TO |
		    1 << HEADER_VIA,
};

struct usual {
	const char *buf;
	const char *limit;
	struct sip_msg *msg;
	uint32_t seen; // 1 << enum header_name
	uint8_t asserted;
	bool is_sdp;
};

static inline struct sip_slice slice_between(const struct usual *usual, const char *at,
					     const char *end)
{
	if (end == at)
		return (struct sip_slice){0, 0};
	return (struct sip_slice){.off = (uint16_t)(at - usual->buf), .len = (uint16_t)(end - at)};
}

static inline struct sip_slice slice_text(const struct usual *usual, struct text text)
{
	return slice_between(usual, text.at, text.at + text.len);
}

// "SIP/2.0 200 OK"
static bool status_line(struct usual *usual, const char *at, const char *end)
{
	uint32_t status = 0;

	if (end - at < 12 || at[11] != ' ')
		return false;
	for (int i = 8; i < 11; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		status = status * 10 + (uint32_t)(at[i] - '0');
	}
	usual->msg->flags |= SIP_IS_RESPONSE;
	usual->msg->status = (uint16_t)status;
	return status >= 100 && status <= 699;
}

// "INVITE sip:bob@example.com SIP/2.0"
static bool request_line(struct usual *usual, const char *at, const char *end)
{
	const char *space = scan_to(SCAN_BLANK, at, end, usual->limit);
	const char *uri = space + 1;

	usual->msg->method = (uint8_t)sip_method_find(at, (size_t)(space - at));
	if (usual->msg->method == SIP_OTHER_METHOD || end - at < 14 || *space != ' ')
		return false;
	space = scan_to(SCAN_URI, uri, end, usual->limit);
	usual->msg->request_uri = slice_between(usual, uri, space);
	return end - space == 8 && memcmp(space, " SIP/2.0", 8) == 0 &&
	       value_is_known_uri(uri, space);
}

static bool take_party(struct usual *usual, struct value value, bool is_to)
{
	struct sip_msg *msg = usual->msg;
	struct value_party party;

	if (!value_party(value, &party))
		return false;
	if (is_to) {
		msg->to_uri = slice_text(usual, party.uri);
		msg->to_tag = slice_text(usual, party.tag);
		msg->flags |= party.has_tag ? SIP_HAS_TO_TAG : 0;
	} else {
		msg->from_uri = slice_text(usual, party.uri);
		msg->from_tag = slice_text(usual, party.tag);
		msg->flags |= party.has_tag ? SIP_HAS_FROM_TAG : 0;
	}
	return true;
}

static bool take_address(struct usual *usual, struct value value, struct sip_slice *slice)
{
	struct text uri;
	const char *rest;

	if (!value_address(value, &uri, &rest))
		return false;
	*slice = slice_text(usual, uri);
	return true;
}

// A list, whose values may also come in several header fields (RFC 3325 9.1).
static bool take_asserted(struct usual *usual, struct value value)
{
	struct text uri;
	const char *rest;

	while (usual->asserted < 2) {
		if (!value_address(value, &uri, &rest))
			return false;
		usual->msg->asserted_uri[usual->asserted++] = slice_text(usual, uri);
		if (rest == value.end)
			return true;
		if (*rest != ',')
			return false;
		value = value_trim(rest + 1, value.end, value.limit);
	}
	return true;
}

static bool take_header(struct usual *usual, enum header_name header, struct value value)
{
	struct sip_msg *msg = usual->msg;
	struct value_via via;

	switch (header) {
	case HEADER_CALL_ID:
		msg->call_id = slice_between(usual, value.at, value.end);
		return value_call_id(value);
	case HEADER_CSEQ: return value_cseq(value, &msg->cseq, &msg->cseq_method);
	case HEADER_FROM: return take_party(usual, value, false);
	case HEADER_TO: return take_party(usual, value, true);
	case HEADER_VIA:
		if (!value_via(value, &via))
			return false;
		msg->via_branch = slice_text(usual, via.branch);
		msg->via_sent_by = slice_text(usual, via.sent_by);
		return true;
	case HEADER_CONTENT_LENGTH:
		msg->flags |= SIP_HAS_CONTENT_LENGTH;
		return value_number(value, &msg->content_length);
	case HEADER_CONTACT: return take_address(usual, value, &msg->contact_uri);
	case HEADER_CONTENT_TYPE: return value_content_type(value, &usual->is_sdp);
	case HEADER_SESSION_EXPIRES: return value_session_expires(value, &msg->session_expires);
	case HEADER_REMOTE_PARTY: return take_address(usual, value, &msg->remote_party_uri);
	case HEADER_CALLED_PARTY: return take_address(usual, value, &msg->called_party_uri);
	case HEADER_REPLACES:
		msg->replaces = slice_between(usual, value.at, value.end);
		return true;
	case HEADER_USER_AGENT:
	case HEADER_SERVER:
		if (msg->user_agent.len == 0)
			msg->user_agent = slice_between(usual, value.at, value.end);
		return true;
	default: return true;
	}
}

static bool take_line(struct usual *usual, const char *line, const char *end)
{
	const char *at;
	enum header_name header = header_scan(line, end, usual->limit, &at);
	uint32_t bit = 1u << header;

	if (header == HEADER_OTHER)
		return true;
	if (header == HEADER_NONE)
		return false;
	if (header == HEADER_ASSERTED_IDENTITY)
		return take_asserted(usual, value_trim(at, end, usual->limit));
	// Of others than singletons the first one counts.
	if ((usual->seen & bit) != 0)
		return (bit & HEADER_SINGLETONS) == 0;
	usual->seen |= bit;
	return take_header(usual, header, value_trim(at, end, usual->limit));
}

static void body_bounds(struct usual *usual, uint32_t body_off, uint32_t len)
{
	struct sip_msg *msg = usual->msg;
	uint32_t there = len - body_off;

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
	struct usual usual = {.buf = buf, .limit = buf + len, .msg = msg};
	struct line_index index;
	const char *end;

	if (line_index_build(buf, len, &index) != 0 || index.bare_lf || index.stray_cr ||
	    index.header_end > SIP_MAX_HEADER_BYTES || index.count == 0)
		return false;
	memset(msg, 0, sizeof(*msg));
	// Every line ends with CR LF: that is what the index has just said.
	end = buf + index.start[1] - 2;
	if (end - buf >= 8 && memcmp(buf, "SIP/2.0 ", 8) == 0) {
		if (!status_line(&usual, buf, end))
			return false;
	} else if (!request_line(&usual, buf, end)) {
		return false;
	}
	for (uint32_t i = 1; i < index.count; i++) {
		if (!take_line(&usual, buf + index.start[i], buf + index.start[i + 1] - 2))
			return false;
	}
	if ((usual.seen & MANDATORY) != MANDATORY)
		return false;
	if (msg->method != SIP_NONE && msg->method != msg->cseq_method)
		return false;
	body_bounds(&usual, index.header_end, (uint32_t)len);
	return true;
}

enum sip_reject sip_msg_parse(const char *buf, size_t len, struct sip_msg *msg)
{
	if (parse_usual(buf, len, msg))
		return SIP_OK;
	return sip_msg_parse_reference(buf, len, msg);
}
