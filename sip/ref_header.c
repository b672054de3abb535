// SPDX-License-Identifier: Apache-2.0
#include "sip/ref_header.h"

#include <string.h>

#include "sip/uri.h"

static bool put_call_id(const char *buf, struct ref_cursor value, struct sip_msg *msg)
{
	value = ref_trim(value);
	if (value.at == value.end || !ref_call_id(value))
		return false;
	msg->call_id = ref_slice(buf, (struct ref_text){value.at, value.end});
	return true;
}

// Inside the message, as is the URI.
static struct sip_slice part_of(struct sip_slice uri, struct sip_slice part)
{
	part.off = part.len > 0 ? (uint16_t)(uri.off + part.off) : 0;
	return part;
}

static void put_user_and_host(const char *buf, struct sip_slice uri, struct sip_slice *user,
			      struct sip_slice *host)
{
	sip_uri_split(buf + uri.off, uri.len, user, host);
	*user = part_of(uri, *user);
	*host = part_of(uri, *host);
}

static bool put_party(const char *buf, struct ref_cursor value, struct sip_msg *msg,
		      enum sip_flag has_tag, struct sip_slice *uri, struct sip_slice *tag)
{
	struct ref_party party;

	if (!ref_party(value, &party))
		return false;
	*uri = ref_slice(buf, party.uri);
	*tag = ref_slice(buf, party.tag);
	msg->flags = (uint16_t)((msg->flags & ~has_tag) | (party.has_tag ? has_tag : 0));
	return true;
}

static bool put_from(const char *buf, struct ref_cursor value, struct sip_msg *msg)
{
	if (!put_party(buf, value, msg, SIP_HAS_FROM_TAG, &msg->from_uri, &msg->from_tag))
		return false;
	put_user_and_host(buf, msg->from_uri, &msg->from_user, &msg->from_host);
	return true;
}

static bool put_to(const char *buf, struct ref_cursor value, struct sip_msg *msg)
{
	if (!put_party(buf, value, msg, SIP_HAS_TO_TAG, &msg->to_uri, &msg->to_tag))
		return false;
	put_user_and_host(buf, msg->to_uri, &msg->to_user, &msg->to_host);
	return true;
}

static bool put_via(const char *buf, struct ref_cursor value, struct sip_msg *msg)
{
	struct ref_via via;

	if (!ref_via(value, &via))
		return false;
	msg->via_branch = ref_slice(buf, via.branch);
	msg->via_sent_by = ref_slice(buf, via.sent_by);
	return true;
}

static bool put_length(struct ref_cursor value, struct sip_msg *msg)
{
	uint64_t stated;

	if (!ref_number(value, UINT64_C(1) << 31, &stated))
		return false;
	msg->content_length = (uint32_t)stated;
	msg->flags |= SIP_HAS_CONTENT_LENGTH;
	return true;
}

static bool put_address(const char *buf, struct ref_cursor value, struct sip_slice *slice)
{
	struct ref_text uri;
	bool is_one = ref_address(&value, &uri);

	*slice = is_one ? ref_slice(buf, uri) : (struct sip_slice){0};
	return is_one;
}

// A list, and there may be more of them: the first two URIs in all (RFC 3325 9.1).
static bool put_asserted(const char *buf, struct ref_cursor list, struct sip_msg *msg)
{
	struct sip_slice *into = msg->asserted_uri, *end = into + 2;
	struct ref_text uri;

	into += into->len > 0;
	while (into < end && into->len == 0 && ref_address(&list, &uri)) {
		*into++ = ref_slice(buf, uri);
		if (!ref_next(&list))
			break;
	}
	return msg->asserted_uri[0].len > 0;
}

static bool put_text(const char *buf, struct ref_cursor value, struct sip_slice *slice)
{
	value = ref_trim(value);
	*slice = ref_slice(buf, (struct ref_text){value.at, value.end});
	return true;
}

bool ref_header(enum header_name header, const char *buf, struct ref_cursor value,
		struct sip_msg *msg)
{
	switch (header) {
	case HEADER_CALL_ID: return put_call_id(buf, value, msg);
	case HEADER_FROM: return put_from(buf, value, msg);
	case HEADER_TO: return put_to(buf, value, msg);
	case HEADER_VIA: return put_via(buf, value, msg);
	case HEADER_CONTENT_LENGTH: return put_length(value, msg);
	case HEADER_CONTENT_TYPE: msg->flags |= ref_is_sdp(value) ? SIP_HAS_SDP : 0; return true;
	case HEADER_CONTACT: return put_address(buf, value, &msg->contact_uri);
	case HEADER_REMOTE_PARTY: return put_address(buf, value, &msg->remote_party_uri);
	case HEADER_CALLED_PARTY: return put_address(buf, value, &msg->called_party_uri);
	case HEADER_ASSERTED_IDENTITY: return put_asserted(buf, value, msg);
	case HEADER_REPLACES: return put_text(buf, value, &msg->replaces);
	case HEADER_USER_AGENT: return put_text(buf, value, &msg->user_agent);
	case HEADER_SESSION_EXPIRES:
		if (ref_seconds(value, &msg->session_expires))
			return true;
		msg->session_expires = 0;
		return false;
	default: return false;
	}
}

enum sip_reject ref_cseq_header(struct ref_cursor value, struct ref_text method,
				struct sip_msg *msg)
{
	size_t method_len = (size_t)(method.end - method.at);
	struct ref_text stated;

	if (!ref_cseq(value, &msg->cseq, &stated))
		return SIP_REJECT_CSEQ;
	msg->cseq_method = (uint8_t)sip_method_find(stated.at, (size_t)(stated.end - stated.at));
	if ((msg->flags & SIP_IS_RESPONSE) == 0 &&
	    ((size_t)(stated.end - stated.at) != method_len ||
	     memcmp(stated.at, method.at, method_len) != 0))
		return SIP_REJECT_CSEQ_METHOD;
	return SIP_REJECT_NONE;
}
