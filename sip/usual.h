// SPDX-License-Identifier: Apache-2.0
// The fast parser: line index, then the names of all lines, then the values that matter in a fixed
// order. Only loops and comparisons of whole windows, hardly a branch that depends on which header
// comes when. A value in an unusual form is read by the reference parser's function for it, an
// unusual message by all of that parser, so that there is one place that rejects (RFC 3261 7).
#pragma once

#include "sip/msg.h"
#include "sip/name_walk.h"
#include "sip/ref_header.h"
#include "sip/ref_start_line.h"
#include "sip/value_parameter.h"

_Static_assert((int)LINE_INDEX_BYTES == (int)SIP_MAX_HEADER_BYTES, "one limit");
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
	size_t at = usual->names->at[header], end = names_end(usual->names, header);

	if (__builtin_expect(usual->text.buf[at] == ' ', 1))
		at++;
	return (struct value){.text = usual->text, .at = at, .end = end};
}

static inline struct ref_cursor usual_cursor(const char *buf, const struct names *names,
					     enum header_name header)
{
	return (struct ref_cursor){buf + names->at[header], buf + names_end(names, header)};
}

// A value in a form that few messages have.
static __attribute__((noinline)) bool take_as_reference(const char *buf, const struct names *names,
							enum header_name header,
							struct sip_msg *msg)
{
	return ref_header(header, buf, usual_cursor(buf, names, header), msg);
}

// "SIP/2.0 200 OK"
static inline bool status_line(const char *buf, size_t end, struct sip_msg *msg)
{
	uint32_t status;

	if (end < 12 || buf[11] != ' ' || !value_digits(buf + 11, 3, &status))
		return false;
	msg->flags |= SIP_IS_RESPONSE;
	msg->status = (uint16_t)status;
	return status >= 100 && status <= 699;
}

// "INVITE sip:bob@example.com SIP/2.0": as its method is that of the CSeq, there is nothing to
// search before the URI.
static inline bool request_line(const struct value *line, const struct method_slot *method,
				struct sip_msg *msg)
{
	const char *buf = line->text.buf;
	struct span uri = {.at = method->len + 1u};

	if (!value_has_method(buf, method) || buf[uri.at - 1] != ' ' || !value_uri(line, &uri))
		return false;
	msg->method = method->method;
	value_put(&msg->request_uri, uri.at, uri.end);
	return line->end == uri.end + 8 &&
	       load_8(buf + uri.end) == WORD_8(' ', 'S', 'I', 'P', '/', '2', '.', '0');
}

static inline bool take_start_line(const struct usual *usual, const struct method_slot *method,
				   struct sip_msg *msg)
{
	struct value line = {.text = usual->text, .end = usual->names->index.start[1] - 2u};

	if (load_8(usual->text.buf) == WORD_8('S', 'I', 'P', '/', '2', '.', '0', ' '))
		return status_line(line.text.buf, line.end, msg);
	return request_line(&line, method, msg);
}

// Without a reason phrase, or with a method of more than eight letters that is not SUBSCRIBE.
static __attribute__((noinline)) bool
take_method_as_reference(const char *buf, const struct names *names, struct sip_msg *msg)
{
	struct ref_text line = {.at = buf, .end = buf + names->index.start[1] - 2}, method;

	msg->flags &= ~SIP_IS_RESPONSE;
	msg->method = SIP_NONE;
	return ref_start_line(buf, line, msg, &method) == SIP_REJECT_NONE &&
	       ref_cseq_header(usual_cursor(buf, names, HEADER_CSEQ), method, msg) ==
		       SIP_REJECT_NONE;
}

// A CSeq with more blanks, or with another method, for which *slot is the place; NULL: unusual.
static __attribute__((noinline)) const struct method_slot *
take_other_cseq(const char *buf, const struct names *names, struct method_slot *slot,
		uint32_t *number)
{
	struct ref_text method;
	size_t len;

	if (!ref_cseq(usual_cursor(buf, names, HEADER_CSEQ), number, &method))
		return NULL;
	len = (size_t)(method.end - method.at);
	if (len > 8)
		return value_method(method.end, (uint32_t)len);
	slot->word = load_8(method.end - 8) >> (64 - 8 * len);
	slot->len = (uint8_t)len;
	slot->method = (uint8_t)sip_method_find(method.at, len);
	return slot;
}

// CSeq and the start line, which have the method in common.
static inline bool take_method(const struct usual *usual, struct sip_msg *msg)
{
	struct value cseq = usual_value(usual, HEADER_CSEQ);
	const struct method_slot *method = value_cseq(&cseq, &msg->cseq);
	struct method_slot other;

	if (__builtin_expect(method == NULL, 0))
		method = take_other_cseq(usual->text.buf, usual->names, &other, &msg->cseq);
	if (__builtin_expect(method != NULL, 1)) {
		msg->cseq_method = method->method;
		if (take_start_line(usual, method, msg))
			return true;
	}
	return take_method_as_reference(usual->text.buf, usual->names, msg);
}

static inline bool take_parties(const struct usual *usual, struct sip_msg *msg)
{
	struct value from = usual_value(usual, HEADER_FROM);
	struct value to = usual_value(usual, HEADER_TO);
	const struct party from_party = {&msg->from_uri, &msg->from_tag, &msg->from_user,
					 &msg->from_host};
	const struct party to_party = {&msg->to_uri, &msg->to_tag, &msg->to_user, &msg->to_host};
	int from_tags = value_party(&from, &from_party);
	int to_tags = value_party(&to, &to_party);

	msg->flags |= (from_tags > 0 ? SIP_HAS_FROM_TAG : 0) | (to_tags > 0 ? SIP_HAS_TO_TAG : 0);
	return (from_tags >= 0 ||
		take_as_reference(usual->text.buf, usual->names, HEADER_FROM, msg)) &&
	       (to_tags >= 0 || take_as_reference(usual->text.buf, usual->names, HEADER_TO, msg));
}

static inline bool take_call_id_and_via(const struct usual *usual, struct sip_msg *msg)
{
	struct value call_id = usual_value(usual, HEADER_CALL_ID);
	struct value via = usual_value(usual, HEADER_VIA);

	return (value_call_id(&call_id, &msg->call_id) ||
		take_as_reference(usual->text.buf, usual->names, HEADER_CALL_ID, msg)) &&
	       (value_via(&via, &msg->via_sent_by, &msg->via_branch) ||
		take_as_reference(usual->text.buf, usual->names, HEADER_VIA, msg));
}

// The URI of a header that may be there, and if so may be wrong.
static SIP_INLINE void take_address(const struct usual *usual, enum header_name header,
				    struct sip_msg *msg, struct sip_slice *uri)
{
	struct value value;

	if (!usual_has(usual, header))
		return;
	value = usual_value(usual, header);
	if (!value_address_put(&value, uri))
		take_as_reference(usual->text.buf, usual->names, header, msg);
}

// One P-Asserted-Identity: a list.
static inline void take_asserted(struct value value, struct sip_msg *msg)
{
	const char *buf = value.text.buf;
	const struct ref_cursor list = {buf + value.at, buf + value.end};
	struct sip_slice *first = &msg->asserted_uri[msg->asserted_uri[0].len > 0], *uri = first;
	struct span span;

	if (first->len > 0)
		return;
	for (; uri < msg->asserted_uri + 2; uri++) {
		while (buf[value.at] == ' ')
			value.at++;
		if (!value_address(&value, &span))
			break;
		value_put(uri, span.at, span.end);
		if (span.rest == value.end)
			return;
		if (buf[span.rest] != ',')
			break;
		value.at = span.rest + 1;
	}
	for (uri = first; uri < msg->asserted_uri + 2; uri++)
		*uri = (struct sip_slice){0};
	ref_header(HEADER_ASSERTED_IDENTITY, buf, list, msg);
}

// Moves *value to that of the next P-Asserted-Identity behind line *line, of which only the first
// is noted; false: there is none.
static inline bool next_asserted(const struct names *names, uint32_t *line, struct value *value)
{
	const uint16_t *start = names->index.start;
	const char *buf = value->text.buf;

	while (++*line < names->index.count) {
		if (start[*line] == start[*line + 1] || (buf[start[*line]] | 0x20) != 'p' ||
		    name_read(buf, start[*line], &value->at) != HEADER_ASSERTED_IDENTITY)
			continue;
		value->end = start[*line + 1] - 2u;
		return true;
	}
	return false;
}

// There may be several of them (RFC 3325 9.1).
static inline void take_all_asserted(const struct usual *usual, struct sip_msg *msg)
{
	struct value value = usual_value(usual, HEADER_ASSERTED_IDENTITY);
	uint64_t count = HEADER_ASSERTED(usual->names->sum);
	uint32_t line = usual->names->line[HEADER_ASSERTED_IDENTITY];

	do
		take_asserted(value, msg);
	while (--count > 0 && next_asserted(usual->names, &line, &value));
}

// Those that most messages don't have.
static __attribute__((noinline)) void take_seldom(struct text text, const struct names *names,
						  struct sip_msg *msg)
{
	const struct usual for_these = {.text = text, .names = names};
	const struct usual *usual = &for_these;
	struct value value;

	if (usual_has(usual, HEADER_SESSION_EXPIRES)) {
		value = usual_value(usual, HEADER_SESSION_EXPIRES);
		if (!value_session_expires(&value, &msg->session_expires))
			take_as_reference(text.buf, names, HEADER_SESSION_EXPIRES, msg);
	}
	if (usual_has(usual, HEADER_REPLACES)) {
		value = usual_value(usual, HEADER_REPLACES);
		value_text(&value, &msg->replaces);
	}
	if (usual_has(usual, HEADER_ASSERTED_IDENTITY))
		take_all_asserted(usual, msg);
	take_address(usual, HEADER_REMOTE_PARTY, msg, &msg->remote_party_uri);
	take_address(usual, HEADER_CALLED_PARTY, msg, &msg->called_party_uri);
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
		if (!value_number(&value, &msg->content_length) &&
		    !take_as_reference(usual->text.buf, usual->names, HEADER_CONTENT_LENGTH, msg))
			return false;
		msg->flags |= SIP_HAS_CONTENT_LENGTH;
	}
	if (msg->content_length > there)
		msg->flags |= SIP_CUT_BODY;
	msg->body_len = msg->content_length < there ? msg->content_length : there;
	if (msg->body_len == 0 || !usual_has(usual, HEADER_CONTENT_TYPE))
		return true;
	value = usual_value(usual, HEADER_CONTENT_TYPE);
	if (value_content_type(&value, &is_sdp))
		msg->flags |= is_sdp ? SIP_HAS_SDP : 0;
	else
		take_as_reference(usual->text.buf, usual->names, HEADER_CONTENT_TYPE, msg);
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
	msg->flags = names.flags;
	if (!take_method(&usual, msg) || !take_call_id_and_via(&usual, msg) ||
	    !take_parties(&usual, msg))
		return false;
	take_address(&usual, HEADER_CONTACT, msg, &msg->contact_uri);
	take_agent(&usual, msg);
	if (names_has_seldom(&names))
		take_seldom(usual.text, usual.names, msg);
	return take_body(&usual, (uint32_t)len, msg);
}
