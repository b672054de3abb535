// SPDX-License-Identifier: Apache-2.0
// The fast parser: line index, then the names of all lines, then the values that matter in a fixed
// order. Only loops and comparisons of whole windows, hardly a branch that depends on which header
// comes when. It knows what usual messages look like; whatever is unusual, right or wrong, goes to
// the reference parser, so that there is one place that rejects (RFC 3261 7).
#pragma once

#include "sip/header_table.h"
#include "sip/line_walk.h"
#include "sip/msg.h"
#include "sip/value_parameter.h"

_Static_assert((int)LINE_INDEX_BYTES <= (int)SIP_MAX_HEADER_BYTES, "below the limit");
_Static_assert((int)LINE_INDEX_MAX == (int)SIP_MAX_LINES, "one limit");

#define SEEN(header) (1u << (header))

enum {
	MANDATORY = SEEN(HEADER_CALL_ID) | SEEN(HEADER_CSEQ) | SEEN(HEADER_FROM) | SEEN(HEADER_TO) |
		    SEEN(HEADER_VIA),
	// Those that most messages don't have.
	SELDOM = SEEN(HEADER_SESSION_EXPIRES) | SEEN(HEADER_ASSERTED_IDENTITY) |
		 SEEN(HEADER_REMOTE_PARTY) | SEEN(HEADER_CALLED_PARTY) | SEEN(HEADER_REPLACES),
};

// Where a value is: from behind the colon to the CR LF before the next line.
struct field {
	uint32_t at, next;
};

// What the lines are called, and where the values are.
struct names {
	struct line_index index;
	struct field field[HEADER_NAME_COUNT]; // the first of a name, only of those that are seen
	uint32_t seen;                         // SEEN(header)
	char bounce[2 * OCTETS];               // the end of the message, zeros behind it
};

// Its address is not given away, so that compilers keep it in registers.
struct usual {
	struct text text;
	const struct names *names;
	uint32_t seen;
};

// What the lines from some line to the last one have.
struct naming {
	struct field *field;
	uint64_t seen, sum; // of header_slot.entry
	uint32_t odd;       // not 0: a line isn't what a usual one is
	uint32_t next;      // the start of the line named last
};

static inline struct value field_value(const struct usual *usual, enum header_name header)
{
	const char *buf = usual->text.buf;
	uint32_t at = usual->names->field[header].at;

	if (__builtin_expect(buf[at] == ' ', 1))
		at++;
	while (__builtin_expect(buf[at] == ' ', 0))
		at++;
	return (struct value){
		.text = usual->text, .at = at, .end = usual->names->field[header].next - 2};
}

// Names the line that starts at offset `at`, whose octets are at `line`; buf has those before the
// line behind it.
static VALUE_INLINE void name_line(struct naming *naming, const char *buf, const char *line,
				   uint32_t at)
{
	struct octets octets = octets_lower(octets_load(line));
	uint32_t colon = octets_equal(octets, ':');
	uint32_t name = colon ^ (colon - 1); // and its colon
	uint32_t len = low_bit_32(colon);
	const struct header_slot *slot = header_slot(line, len);
	uint32_t differ = name & ~octets_same(octets, octets_load(slot->name));
	// 0 if they differ: not by a branch, as nobody can guess which names are known.
	uint64_t entry = slot->entry & -(uint64_t)(differ == 0);

	naming->odd |= (octets_equal(octets, ' ') & name) |
		       ((unsigned char)buf[naming->next - 2] ^ '\r');
	naming->field[entry & HEADER_NUMBER] = (struct field){at + len + 1, naming->next};
	naming->sum += entry;
	naming->seen |= entry;
	naming->next = at;
}

// Names the lines from the last to the first: of several the first one stays. False if a line isn't
// what a usual one is: it ends with CR LF, no blank is at its start or before its colon. A function
// of its own: the loop needs all registers.
static __attribute__((noinline)) bool name_lines(struct text text, struct names *names)
{
	const char *buf = text.buf;
	const uint32_t *first = names->index.start, *start = first + names->index.count;
	uint32_t last = text.last + BLOCK - OCTETS;
	struct naming naming = {.field = names->field, .next = *start};

	// Neither the first line nor the empty one is an LF alone.
	if (first[1] < 2 || *start + 2 != names->index.header_end || buf[*start] != '\r')
		return false;
	octets_store(names->bounce, octets_load(buf + last));
	memset(names->bounce + OCTETS, 0, OCTETS);
	start--;
	for (; start > first && *start > last; start--)
		name_line(&naming, buf, names->bounce + (*start - last), *start);
	for (; start > first; start--)
		name_line(&naming, buf, buf + *start, *start);
	names->seen = (uint32_t)(naming.seen >> HEADER_SEEN_SHIFT);
	return (naming.odd | ((unsigned char)buf[naming.next - 2] ^ '\r')) == 0 &&
	       (naming.sum & HEADER_ONCE_SUM) ==
		       (uint32_t)__builtin_popcount(names->seen & HEADER_USUAL_ONCE) * HEADER_ONCE;
}

// "SIP/2.0 200 OK"
static inline bool status_line(const struct value *line, struct sip_msg *msg)
{
	const char *digits = line->text.buf + 8;
	uint32_t status;

	if (line->end < 12 || digits[3] != ' ' || !value_digits(digits + 3, 3, &status))
		return false;
	msg->flags = SIP_IS_RESPONSE;
	msg->status = (uint16_t)status;
	return status >= 100 && status <= 699;
}

// "INVITE sip:bob@example.com SIP/2.0"
static inline bool request_line(const struct value *line, struct sip_msg *msg)
{
	const char *buf = line->text.buf;
	uint32_t space = value_find_near(line, 0, &value_blank), end;

	if (space < 3 || space > 9 || buf[space] != ' ')
		return false;
	msg->method = value_method(space == 9 ? load_8(buf + 1) : load_8(buf), space, buf[0]);
	if (msg->method == SIP_OTHER_METHOD || !value_uri(line, space + 1, &end))
		return false;
	msg->request_uri = value_slice(space + 1, end);
	return line->end == end + 8 &&
	       load_8(buf + end) == WORD_8(' ', 'S', 'I', 'P', '/', '2', '.', '0');
}

static inline bool start_line(const struct usual *usual, struct sip_msg *msg)
{
	struct value line = {.text = usual->text, .end = usual->names->index.start[1] - 2};

	if (load_8(usual->text.buf) == WORD_8('S', 'I', 'P', '/', '2', '.', '0', ' '))
		return status_line(&line, msg);
	return request_line(&line, msg);
}

// A list, whose values may also come in several header fields (RFC 3325 9.1): that is unusual.
static inline bool take_asserted(const struct usual *usual, struct sip_msg *msg)
{
	struct value value = field_value(usual, HEADER_ASSERTED_IDENTITY);
	uint32_t rest;

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

static __attribute__((noinline)) bool take_seldom(struct text text, const struct names *names,
						  struct sip_msg *msg)
{
	const struct usual for_these = {.text = text, .names = names, .seen = names->seen};
	const struct usual *usual = &for_these;
	struct value value;
	uint32_t rest;

	if ((usual->seen & SEEN(HEADER_SESSION_EXPIRES)) != 0) {
		value = field_value(usual, HEADER_SESSION_EXPIRES);
		if (!value_session_expires(&value, &msg->session_expires))
			return false;
	}
	if ((usual->seen & SEEN(HEADER_ASSERTED_IDENTITY)) != 0 && !take_asserted(usual, msg))
		return false;
	if ((usual->seen & SEEN(HEADER_REMOTE_PARTY)) != 0) {
		value = field_value(usual, HEADER_REMOTE_PARTY);
		if (!value_address(&value, &msg->remote_party_uri, &rest))
			return false;
	}
	if ((usual->seen & SEEN(HEADER_CALLED_PARTY)) != 0) {
		value = field_value(usual, HEADER_CALLED_PARTY);
		if (!value_address(&value, &msg->called_party_uri, &rest))
			return false;
	}
	if ((usual->seen & SEEN(HEADER_REPLACES)) != 0) {
		value = field_value(usual, HEADER_REPLACES);
		msg->replaces = value_text(&value);
	}
	return true;
}

static inline bool take_parties(const struct usual *usual, struct sip_msg *msg)
{
	struct value from = field_value(usual, HEADER_FROM);
	struct value to = field_value(usual, HEADER_TO);
	bool has_from_tag, has_to_tag;

	if (!value_party(&from, &msg->from_uri, &msg->from_tag, &has_from_tag) ||
	    !value_party(&to, &msg->to_uri, &msg->to_tag, &has_to_tag))
		return false;
	msg->flags |= (has_from_tag ? SIP_HAS_FROM_TAG : 0) | (has_to_tag ? SIP_HAS_TO_TAG : 0);
	return true;
}

// User-Agent or Server, the first that says something.
static inline void take_agent(const struct usual *usual, struct sip_msg *msg)
{
	bool has_agent = (usual->seen & SEEN(HEADER_USER_AGENT)) != 0;
	struct value value;

	if ((usual->seen & (SEEN(HEADER_USER_AGENT) | SEEN(HEADER_SERVER))) == 0)
		return;
	value = field_value(usual, has_agent ? HEADER_USER_AGENT : HEADER_SERVER);
	msg->user_agent = value_text(&value);
	if (!has_agent || (usual->seen & SEEN(HEADER_SERVER)) == 0)
		return;
	value = field_value(usual, HEADER_SERVER);
	if (value.at < value.end && (msg->user_agent.len == 0 || value.at < msg->user_agent.off))
		msg->user_agent = value_text(&value);
}

static inline bool take_body(const struct usual *usual, uint32_t len, struct sip_msg *msg)
{
	uint32_t there = len - usual->names->index.header_end;
	struct value value;
	bool is_sdp;

	msg->body_off = (uint16_t)usual->names->index.header_end;
	msg->content_length = there;
	if ((usual->seen & SEEN(HEADER_CONTENT_LENGTH)) != 0) {
		value = field_value(usual, HEADER_CONTENT_LENGTH);
		if (!value_number(&value, &msg->content_length))
			return false;
		msg->flags |= SIP_HAS_CONTENT_LENGTH;
	}
	if (msg->content_length > there)
		msg->flags |= SIP_CUT_BODY;
	msg->body_len = msg->content_length < there ? msg->content_length : there;
	if (msg->body_len == 0 || (usual->seen & SEEN(HEADER_CONTENT_TYPE)) == 0)
		return true;
	value = field_value(usual, HEADER_CONTENT_TYPE);
	if (!value_content_type(&value, &is_sdp))
		return false;
	msg->flags |= is_sdp ? SIP_HAS_SDP : 0;
	return true;
}

static inline bool take_fields(const struct usual *usual, struct sip_msg *msg)
{
	struct value call_id = field_value(usual, HEADER_CALL_ID);
	struct value cseq = field_value(usual, HEADER_CSEQ);
	struct value via = field_value(usual, HEADER_VIA);
	struct value contact;
	uint32_t rest;

	if (!value_call_id(&call_id, &msg->call_id) ||
	    !value_cseq(&cseq, &msg->cseq, &msg->cseq_method) || !take_parties(usual, msg) ||
	    !value_via(&via, &msg->via_sent_by, &msg->via_branch))
		return false;
	if ((usual->seen & SEEN(HEADER_CONTACT)) != 0) {
		contact = field_value(usual, HEADER_CONTACT);
		if (!value_address(&contact, &msg->contact_uri, &rest))
			return false;
	}
	take_agent(usual, msg);
	return (usual->seen & SELDOM) == 0 || take_seldom(usual->text, usual->names, msg);
}

static inline __attribute__((always_inline)) bool usual_parse(const char *buf, size_t len,
							      struct sip_msg *msg)
{
	static const struct sip_msg nothing;
	struct usual usual;
	struct names names;

	if (len < BLOCK || len > SIP_MAX_BYTES || line_walk(buf, len, &names.index) != 0)
		return false;
	usual.text = (struct text){.buf = buf, .last = (uint32_t)len - BLOCK};
	if (!name_lines(usual.text, &names) || (names.seen & MANDATORY) != MANDATORY)
		return false;
	usual.names = &names;
	usual.seen = names.seen;
	// Not memset(): gcc 12 makes a `rep stos` of it, which takes as long as a header line.
	*msg = nothing;
	return start_line(&usual, msg) && take_fields(&usual, msg) &&
	       (msg->method == SIP_NONE || msg->method == msg->cseq_method) &&
	       take_body(&usual, (uint32_t)len, msg);
}
