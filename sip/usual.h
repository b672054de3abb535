// SPDX-License-Identifier: Apache-2.0
// The fast parser: line index, then the names of all lines, then the values that matter in a fixed
// order. Only loops and comparisons of whole windows, hardly a branch that depends on which header
// comes when. It knows what usual messages look like; whatever is unusual, right or wrong, goes to
// the reference parser, so that there is one place that rejects (RFC 3261 7).
#pragma once

#include "sip/msg.h"
#include "sip/name_walk.h"
#include "sip/value_parameter.h"

_Static_assert((int)LINE_INDEX_BYTES <= (int)SIP_MAX_HEADER_BYTES, "below the limit");
_Static_assert((int)LINE_INDEX_MAX == (int)SIP_MAX_LINES, "one limit");

// Its address is not given away, so that compilers keep it in registers.
struct usual {
	struct text text;
	const struct names *names;
};

static inline bool usual_has(const struct usual *usual, enum header_name header)
{
	return usual->names->at[header] != 0;
}

static SIP_INLINE struct value usual_value(const struct usual *usual, enum header_name header)
{
	size_t at = usual->names->at[header], next = usual->names->next[header];

	if (__builtin_expect(usual->text.buf[at] == ' ', 1))
		at++;
	return (struct value){.text = usual->text, .at = at, .end = next - 2};
}

// "SIP/2.0 200 OK"
static inline bool status_line(const char *buf, size_t end, struct sip_msg *msg)
{
	uint32_t status;

	if (end < 12 || buf[11] != ' ' || !value_digits(buf + 11, 3, &status))
		return false;
	msg->flags = SIP_IS_RESPONSE;
	msg->status = (uint16_t)status;
	return status >= 100 && status <= 699;
}

// "INVITE sip:bob@example.com SIP/2.0": as its method is that of the CSeq, there is nothing to
// search before the URI.
static inline bool request_line(const struct value *line, const struct method_slot *method,
				struct sip_msg *msg)
{
	const char *buf = line->text.buf;
	size_t at = method->len + 1u, end;

	if (!value_has_method(buf, method) || buf[at - 1] != ' ' || !value_uri(line, at, &end))
		return false;
	msg->method = method->method;
	value_put(&msg->request_uri, at, end);
	return line->end == end + 8 &&
	       load_8(buf + end) == WORD_8(' ', 'S', 'I', 'P', '/', '2', '.', '0');
}

static inline bool take_start_line(const struct usual *usual, const struct method_slot *method,
				   struct sip_msg *msg)
{
	struct value line = {.text = usual->text, .end = usual->names->index.start[1] - 2u};

	if (load_8(usual->text.buf) == WORD_8('S', 'I', 'P', '/', '2', '.', '0', ' '))
		return status_line(line.text.buf, line.end, msg);
	return request_line(&line, method, msg);
}

// CSeq and the start line, which have the method in common.
static inline bool take_method(const struct usual *usual, struct sip_msg *msg)
{
	struct value cseq = usual_value(usual, HEADER_CSEQ);
	const struct method_slot *method = value_cseq(&cseq, &msg->cseq);

	if (method == NULL)
		return false;
	msg->cseq_method = method->method;
	return take_start_line(usual, method, msg);
}

static inline bool take_parties(const struct usual *usual, struct sip_msg *msg)
{
	struct value from = usual_value(usual, HEADER_FROM);
	struct value to = usual_value(usual, HEADER_TO);
	int from_tags = value_party(&from, &msg->from_uri, &msg->from_tag);
	int to_tags = value_party(&to, &msg->to_uri, &msg->to_tag);

	msg->flags |= (from_tags > 0 ? SIP_HAS_FROM_TAG : 0) | (to_tags > 0 ? SIP_HAS_TO_TAG : 0);
	return (from_tags | to_tags) >= 0;
}

static inline bool take_call_id_and_via(const struct usual *usual, struct sip_msg *msg)
{
	struct value call_id = usual_value(usual, HEADER_CALL_ID);
	struct value via = usual_value(usual, HEADER_VIA);

	return value_call_id(&call_id, &msg->call_id) &&
	       value_via(&via, &msg->via_sent_by, &msg->via_branch);
}

// The URI of a header that may be there.
static inline bool take_address(const struct usual *usual, enum header_name header,
				struct sip_slice *uri)
{
	struct value value;
	size_t rest;

	if (!usual_has(usual, header))
		return true;
	value = usual_value(usual, header);
	return value_address(&value, uri, &rest);
}

// A list, whose values may also come in several header fields (RFC 3325 9.1): that is unusual.
static inline bool take_asserted(const struct usual *usual, struct sip_msg *msg)
{
	struct value value = usual_value(usual, HEADER_ASSERTED_IDENTITY);
	size_t rest;

	for (int i = 0; i < 2; i++) {
		if (!value_address(&value, &msg->asserted_uri[i], &rest))
			return false;
		if (rest == value.end)
			return true;
		if (value.text.buf[rest] != ',')
			return false;
		for (value.at = rest + 1; value.text.buf[value.at] == ' ';)
			value.at++;
	}
	return true;
}

// Those that most messages don't have.
static __attribute__((noinline)) bool take_seldom(struct text text, const struct names *names,
						  struct sip_msg *msg)
{
	const struct usual for_these = {.text = text, .names = names};
	const struct usual *usual = &for_these;
	struct value value;

	if (usual_has(usual, HEADER_SESSION_EXPIRES)) {
		value = usual_value(usual, HEADER_SESSION_EXPIRES);
		if (!value_session_expires(&value, &msg->session_expires))
			return false;
	}
	if (usual_has(usual, HEADER_REPLACES)) {
		value = usual_value(usual, HEADER_REPLACES);
		value_text(&value, &msg->replaces);
	}
	return (!usual_has(usual, HEADER_ASSERTED_IDENTITY) || take_asserted(usual, msg)) &&
	       take_address(usual, HEADER_REMOTE_PARTY, &msg->remote_party_uri) &&
	       take_address(usual, HEADER_CALLED_PARTY, &msg->called_party_uri);
}

// User-Agent or Server, the first that says something.
static inline void take_agent(const struct usual *usual, struct sip_msg *msg)
{
	bool has_agent = usual_has(usual, HEADER_USER_AGENT);
	bool has_server = usual_has(usual, HEADER_SERVER);
	struct value value;

	if (has_agent) {
		value = usual_value(usual, HEADER_USER_AGENT);
		value_text(&value, &msg->user_agent);
	}
	if (!has_server)
		return;
	value = usual_value(usual, HEADER_SERVER);
	if (!has_agent ||
	    (value.at < value.end && (msg->user_agent.len == 0 || value.at < msg->user_agent.off)))
		value_text(&value, &msg->user_agent);
}

static inline bool take_body(const struct usual *usual, uint32_t len, struct sip_msg *msg)
{
	uint32_t there = len - usual->names->index.header_end;
	struct value value;
	bool is_sdp;

	msg->body_off = (uint16_t)usual->names->index.header_end;
	msg->content_length = there;
	if (usual_has(usual, HEADER_CONTENT_LENGTH)) {
		value = usual_value(usual, HEADER_CONTENT_LENGTH);
		if (!value_number(&value, &msg->content_length))
			return false;
		msg->flags |= SIP_HAS_CONTENT_LENGTH;
	}
	if (msg->content_length > there)
		msg->flags |= SIP_CUT_BODY;
	msg->body_len = msg->content_length < there ? msg->content_length : there;
	if (msg->body_len == 0 || !usual_has(usual, HEADER_CONTENT_TYPE))
		return true;
	value = usual_value(usual, HEADER_CONTENT_TYPE);
	if (!value_content_type(&value, &is_sdp))
		return false;
	msg->flags |= is_sdp ? SIP_HAS_SDP : 0;
	return true;
}

static SIP_INLINE bool usual_parse(const char *buf, size_t len, struct sip_msg *msg)
{
	struct usual usual;
	struct names names;

	if (len < BLOCK || len > SIP_MAX_BYTES)
		return false;
	names_init(&names, buf, (uint32_t)len);
	if (line_walk(buf, len, &names.index) != 0 || !name_walk(buf, (uint32_t)len, &names) ||
	    names.at[HEADER_VIA] == 0)
		return false;
	usual.text = (struct text){.buf = buf, .last = (uint32_t)len - BLOCK};
	usual.names = &names;
	octets_clear(msg, sizeof(*msg));
	if (!take_method(&usual, msg) || !take_call_id_and_via(&usual, msg) ||
	    !take_parties(&usual, msg) || !take_address(&usual, HEADER_CONTACT, &msg->contact_uri))
		return false;
	take_agent(&usual, msg);
	if (names_has_seldom(&names) && !take_seldom(usual.text, usual.names, msg))
		return false;
	return take_body(&usual, (uint32_t)len, msg);
}
