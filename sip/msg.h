// SPDX-License-Identifier: Apache-2.0
// One SIP message as slices into the bytes it came in: only what decides about a call and its
// parties. No pointers, no allocation; valid as long as the bytes are. Filled by the fast parser
// (msg.c) or, when the message is unusual, by the reference parser (msg_ref.c); both give the same
// result for the same bytes, which tests and a fuzz target hold them to.
#pragma once

#include "sip/slice.h"

// Methods are case-sensitive tokens (RFC 3261 7.1).
enum sip_method {
	SIP_NONE,
	SIP_INVITE,
	SIP_ACK,
	SIP_BYE,
	SIP_CANCEL,
	SIP_OPTIONS,
	SIP_REGISTER,
	SIP_PRACK,
	SIP_UPDATE,
	SIP_REFER,
	SIP_SUBSCRIBE,
	SIP_NOTIFY,
	SIP_INFO,
	SIP_MESSAGE,
	SIP_PUBLISH,
	SIP_OTHER_METHOD,
	SIP_METHOD_COUNT,
};

enum sip_flag {
	SIP_IS_RESPONSE = 1 << 0,
	SIP_HAS_TO_TAG =
		1 << 1, // a `tag` parameter is there (it may be empty: RFC 3261 25.1 forbids)
	SIP_HAS_FROM_TAG = 1 << 2,
	SIP_HAS_CONTENT_LENGTH = 1 << 3,
	SIP_FOLDED = 1 << 4,       // at least one folded line (RFC 3261 7.3.1)
	SIP_BARE_LF = 1 << 5,      // at least one line ended with LF alone
	SIP_CUT_BODY = 1 << 6,     // Content-Length says more than there is; headers are usable
	SIP_HAS_SDP = 1 << 7,      // Content-Type application/sdp and a body
	SIP_BY_REFERENCE = 1 << 8, // the reference parser did it (statistics only)
};

// Why a message was not parsed. Each is a counter; the order is the order of the checks, so that a
// message with several faults always counts under the same one.
enum sip_reject {
	SIP_REJECT_NONE,
	SIP_REJECT_EMPTY,      // nothing but line ends
	SIP_REJECT_START_LINE, // neither a request line nor a status line (RFC 3261 7.1, 7.2)
	SIP_REJECT_VERSION,    // not SIP/2.0
	SIP_REJECT_HEADER_END, // no empty line: the message was cut in its headers
	SIP_REJECT_TOO_LONG,   // more than SIP_MAX_HEADER_BYTES or SIP_MAX_LINES
	// A control character, but one behind a backslash, or a CR without LF, which some take for
	// a line end and some do not. A line that is no header field is let pass, like one that is
	// not in header.h: nothing is lost for want of it.
	SIP_REJECT_HEADER_SYNTAX,
	SIP_REJECT_DUPLICATE, // Call-ID, CSeq, From, To, Content-Length or Max-Forwards twice
	SIP_REJECT_NO_CALL_ID,
	SIP_REJECT_NO_CSEQ,
	SIP_REJECT_NO_FROM,
	SIP_REJECT_NO_TO,
	SIP_REJECT_NO_VIA,
	SIP_REJECT_CALL_ID,
	SIP_REJECT_CSEQ,        // not a number below 2^32 and a method
	SIP_REJECT_CSEQ_METHOD, // differs from the request's method (RFC 3261 8.1.1.5)
	SIP_REJECT_FROM,
	SIP_REJECT_TO,
	SIP_REJECT_VIA,
	SIP_REJECT_CONTENT_LENGTH, // not a number, or more than 2^31
	SIP_REJECT_COUNT,
};

enum {
	SIP_MAX_HEADER_BYTES = 16384,
	SIP_MAX_LINES = 256,
	SIP_MAX_BYTES = 65535, // slices are 16 bits wide
};

struct sip_msg {
	uint16_t flags; // enum sip_flag
	uint8_t method; // enum sip_method: of the request line; SIP_NONE in a response
	uint8_t cseq_method;
	uint16_t status; // 100..699; 0 in a request
	uint16_t body_off;
	uint32_t body_len; // bounded by Content-Length and by the bytes there are
	uint32_t cseq;
	uint32_t content_length;  // as stated; without the header: what follows the headers
	uint32_t session_expires; // seconds, 0: none (RFC 4028)
	struct sip_slice request_uri;
	struct sip_slice call_id;
	struct sip_slice from_uri, from_tag; // URI without < > and without header parameters
	struct sip_slice to_uri, to_tag;
	// Of a sip: or sips: URI, without a password and a port, as sip_uri_parse() finds them.
	struct sip_slice from_user, from_host;
	struct sip_slice to_user, to_host;
	struct sip_slice via_branch, via_sent_by; // of the topmost Via
	struct sip_slice asserted_uri[2];  // P-Asserted-Identity: at most a SIP and a tel URI
	struct sip_slice remote_party_uri; // first Remote-Party-ID
	struct sip_slice called_party_uri; // P-Called-Party-ID
	struct sip_slice contact_uri;      // first Contact
	struct sip_slice replaces;         // the whole value (RFC 3891)
	struct sip_slice user_agent;       // or Server
};

// Both parse the len bytes at buf as one message (a UDP payload, or one framed from a stream: then
// Content-Length is required by the framing, not here). Leading CRLFs are skipped (RFC 3261 7.5).
// 0 and *msg filled, or the reason and *msg undefined. Never read outside buf[0..len). Any thread.
enum sip_reject sip_msg_parse(const char *buf, size_t len, struct sip_msg *msg);
enum sip_reject sip_msg_parse_reference(const char *buf, size_t len, struct sip_msg *msg);

// Fixed lower-case names for counters and JSON: "no-call-id".
const char *sip_reject_name(enum sip_reject reject);
const char *sip_method_name(enum sip_method method);
enum sip_method sip_method_find(const char *token, size_t len);
