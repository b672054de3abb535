// SPDX-License-Identifier: Apache-2.0
// Identity goes by keyed hashes over the whole value; texts are for people and for the directory,
// within the limits of link/call_event.h. RFC 3261 12 (dialogs), RFC 3891 6.1 (Replaces).
#include "dataplane/event.h"

#include "dataplane/frame.h"
#include "link/known_calls.h"
#include "sip/call.h"
#include "sip/msg.h"
#include "sip/uri.h"

#include <string.h>
#include <strings.h>

// 0 means no tag, so a hash that happens to be 0 is moved.
static uint64_t tag_of(uint64_t hash, size_t len)
{
	if (len == 0)
		return 0;
	return hash ? hash : 1;
}

static uint64_t hash_text(const struct siphash_key *key, const char *text, size_t len)
{
	return tag_of(siphash64(key, text, len), len);
}

static struct siphash_text text_of(const char *buf, struct sip_slice slice)
{
	return (struct siphash_text){buf + slice.off, slice.len};
}

static void put_hashes(struct call_event *event, const struct siphash_key *key, const char *buf,
		       const struct sip_msg *msg)
{
	const struct siphash_text text[] = {text_of(buf, msg->call_id), text_of(buf, msg->from_tag),
					    text_of(buf, msg->to_tag),
					    text_of(buf, msg->via_branch)};
	uint64_t narrow[3];

	siphash_four(key, text, &event->call_key, narrow);
	event->from_tag = tag_of(narrow[0], msg->from_tag.len);
	event->to_tag = tag_of(narrow[1], msg->to_tag.len);
	event->branch = tag_of(narrow[2], msg->via_branch.len);
}

// Most texts have some tens of octets: in pieces that overlap, which costs less than to call
// memcpy() for each.
static inline void copy_text(char *to, const char *from, size_t len)
{
	enum { PIECE = 16 };

	if (len < PIECE) {
		for (size_t i = 0; i < len; i++)
			to[i] = from[i];
		return;
	}
	for (size_t i = 0; i < len - PIECE; i += PIECE)
		memcpy(to + i, from + i, PIECE);
	memcpy(to + len - PIECE, from + len - PIECE, PIECE);
}

// What is longer than max is cut when it is only looked at, else left out and flagged: half a URI
// may be somebody else's.
static void put_text(struct call_event *event, enum event_text which, const char *buf,
		     struct sip_slice slice, uint16_t max, bool cuttable)
{
	uint16_t len = slice.len, room = (uint16_t)(EVENT_TEXT_BYTES - event->text_bytes);

	event->text[which] = (struct sip_slice){event->text_bytes, 0};
	if (cuttable) {
		len = len < max ? len : max;
		len = len < room ? len : room;
	} else if (len > max || len > room) {
		event->flags |= EVENT_CUT_TEXT;
		return;
	}
	copy_text(event->bytes + event->text_bytes, buf + slice.off, len);
	event->text[which].len = len;
	event->text_bytes = (uint16_t)(event->text_bytes + len);
}

// Without what says nothing about who it is: port, parameters, headers. Gateways and topology
// hiding put hundreds of octets there.
static struct sip_slice bare_uri(const char *buf, struct sip_slice slice)
{
	struct sip_uri uri;
	struct sip_slice last;

	if (sip_uri_parse(buf + slice.off, slice.len, &uri) < 0)
		return slice;
	last = uri.scheme == SIP_SCHEME_TEL ? uri.user : uri.host;
	if (last.len > 0)
		slice.len = (uint16_t)(last.off + last.len);
	return slice;
}

static void put_uri(struct call_event *event, enum event_text which, const char *buf,
		    struct sip_slice slice)
{
	if (slice.len == 0)
		return;
	if (slice.len > EVENT_URI_BYTES || slice.len > EVENT_TEXT_BYTES - event->text_bytes)
		slice = bare_uri(buf, slice);
	put_text(event, which, buf, slice, EVENT_URI_BYTES, false);
}

struct span {
	const char *text;
	size_t len;
};

static struct span trimmed(const char *text, const char *end)
{
	while (text < end && (*text == ' ' || *text == '\t' || *text == '\r' || *text == '\n'))
		text++;
	while (end > text &&
	       (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r' || end[-1] == '\n'))
		end--;
	return (struct span){text, (size_t)(end - text)};
}

static struct span next_part(const char **at, const char *end)
{
	const char *semicolon = memchr(*at, ';', (size_t)(end - *at));
	const char *stop = semicolon ? semicolon : end;
	struct span part = trimmed(*at, stop);

	*at = semicolon ? semicolon + 1 : end;
	return part;
}

// The value of `name=value`, empty when the parameter is another.
static struct span parameter(struct span part, const char *name)
{
	const char *equals = memchr(part.text, '=', part.len);
	struct span none = {part.text, 0};

	if (!equals)
		return none;
	struct span left = trimmed(part.text, equals);
	if (left.len != strlen(name) || strncasecmp(left.text, name, left.len) != 0)
		return none;
	return trimmed(equals + 1, part.text + part.len);
}

// callid;to-tag=x;from-tag=y, each tag exactly once (RFC 3891 6.1); anything else replaces nothing.
static void put_replaces(struct call_event *event, const struct siphash_key *key, const char *buf,
			 struct sip_slice slice)
{
	const char *at = buf + slice.off, *end = at + slice.len;
	struct span call_id = next_part(&at, end), to = {at, 0}, from = {at, 0};

	while (at < end) {
		struct span part = next_part(&at, end);
		struct span to_here = parameter(part, "to-tag");
		struct span from_here = parameter(part, "from-tag");
		if ((to_here.len && to.len) || (from_here.len && from.len))
			return;
		to = to_here.len ? to_here : to;
		from = from_here.len ? from_here : from;
	}
	if (!call_id.len || !to.len || !from.len)
		return;
	event->flags |= EVENT_HAS_REPLACES;
	event->replaces_key = siphash128(key, call_id.text, call_id.len);
	event->replaces_to_tag = hash_text(key, to.text, to.len);
	event->replaces_from_tag = hash_text(key, from.text, from.len);
}

static enum call_message message_of(const struct call_event *event)
{
	return call_classify(event->flags & EVENT_IS_RESPONSE, event->method, event->cseq_method,
			     event->status, event->flags & EVENT_HAS_TO_TAG);
}

// Whether presence may look for the parties in it: in what tells of a call, or lets it begin.
static bool names_parties(const struct call_event *event)
{
	switch (message_of(event)) {
	case CALL_MSG_INVITE:
	case CALL_MSG_REINVITE:
	case CALL_MSG_PROGRESS:
	case CALL_MSG_ANSWER:
	case CALL_MSG_INSIDE: return true;
	default: return false;
	}
}

static void put_names(struct call_event *event, const char *buf, const struct sip_msg *msg)
{
	put_uri(event, EVENT_TEXT_REQUEST_URI, buf, msg->request_uri);
	put_uri(event, EVENT_TEXT_FROM, buf, msg->from_uri);
	put_uri(event, EVENT_TEXT_TO, buf, msg->to_uri);
	put_uri(event, EVENT_TEXT_ASSERTED, buf, msg->asserted_uri[0]);
	put_uri(event, EVENT_TEXT_ASSERTED_2, buf, msg->asserted_uri[1]);
	put_uri(event, EVENT_TEXT_REMOTE_PARTY, buf, msg->remote_party_uri);
	put_uri(event, EVENT_TEXT_CALLED_PARTY, buf, msg->called_party_uri);
	put_text(event, EVENT_TEXT_USER_AGENT, buf, msg->user_agent, EVENT_USER_AGENT_BYTES, true);
}

// Without the line in which a body was cut: half a port is another one.
static size_t whole_lines(const char *body, const struct sip_msg *msg)
{
	const char *feed;

	if (!(msg->flags & SIP_CUT_BODY))
		return msg->body_len;
	feed = memrchr(body, '\n', msg->body_len);
	return feed ? (size_t)(feed - body) + 1 : 0;
}

bool event_media(const char *buf, const struct sip_msg *msg, struct sdp *sdp)
{
	const char *body = buf + msg->body_off;

	switch (msg->cseq_method) {
	case SIP_INVITE:
	case SIP_ACK:
	case SIP_PRACK:
	case SIP_UPDATE: break;
	default: return false;
	}
	return msg->status < 300 &&
	       (msg->flags & SIP_HAS_SDP || sdp_is_multipart(body, msg->body_len)) &&
	       sdp_parse(body, whole_lines(body, msg), sdp) == 0;
}

// The first of the texts, so that there always is room for it.
static void put_media(struct call_event *event, const struct sdp *sdp)
{
	size_t len = offsetof(struct sdp, address) + sdp->count * sizeof(sdp->address[0]);

	event->media = (struct sip_slice){0, (uint16_t)len};
	event->text_bytes = (uint16_t)len;
	memcpy(event->bytes, sdp, len);
}

void event_fill(struct call_event *event, const struct siphash_key *key, const struct frame *frame,
		const char *buf, const struct sip_msg *msg, const struct sdp *sdp)
{
	event->mono_ns = 0;
	put_hashes(event, key, buf, msg);
	event->replaces_key = (struct siphash128){{0, 0}};
	event->replaces_to_tag = event->replaces_from_tag = 0;
	event->cseq = msg->cseq;
	event->session_expires_s = msg->session_expires;
	event->flags = (uint16_t)((msg->flags & SIP_IS_RESPONSE ? EVENT_IS_RESPONSE : 0) |
				  (msg->flags & SIP_HAS_TO_TAG ? EVENT_HAS_TO_TAG : 0) |
				  (frame->version == 6 ? EVENT_IPV6 : 0));
	event->status = msg->status;
	event->method = msg->method;
	event->cseq_method = msg->cseq_method;
	event->lcore = event->reserved = 0;
	event->source_port = frame->source_port;
	event->target_port = frame->target_port;
	memcpy(event->source, frame->source, sizeof(event->source));
	memcpy(event->target, frame->target, sizeof(event->target));
	event->media = (struct sip_slice){0, 0};
	event->text_bytes = 0;
	if (msg->method == SIP_INVITE && msg->replaces.len)
		put_replaces(event, key, buf, msg->replaces);
	if (sdp)
		put_media(event, sdp);
	memset(event->text, 0, sizeof(event->text));
	put_text(event, EVENT_TEXT_CALL_ID, buf, msg->call_id, EVENT_CALL_ID_BYTES, true);
	if (names_parties(event))
		put_names(event, buf, msg);
}

bool event_ends_call(const struct call_event *event)
{
	if (event->flags & (EVENT_HAS_REPLACES | EVENT_WIRE_RESTARTED))
		return true;
	switch (message_of(event)) {
	case CALL_MSG_NONE:
	case CALL_MSG_INVITE:
	case CALL_MSG_REINVITE:
	case CALL_MSG_PROGRESS:
	case CALL_MSG_ANSWER:
	case CALL_MSG_CHALLENGE:
	case CALL_MSG_INSIDE:
	case CALL_MSG_ALIVE: return false;
	default: return true;
	}
}

bool event_starts_call(const struct call_event *event)
{
	enum call_message message = message_of(event);

	return !(event->flags & EVENT_WIRE_RESTARTED) &&
	       (message == CALL_MSG_PROGRESS || message == CALL_MSG_ANSWER);
}

void event_mark_call(const struct call_event *event, struct known_calls *known)
{
	switch (message_of(event)) {
	case CALL_MSG_PROGRESS: // told where ringing counts
	case CALL_MSG_ANSWER:
	case CALL_MSG_INSIDE: known_calls_up(known, event->call_key, event->mono_ns); break;
	case CALL_MSG_BYE_DONE:
	case CALL_MSG_GONE: known_calls_over(known, event->call_key); break;
	default: break;
	}
}
