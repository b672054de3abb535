// SPDX-License-Identifier: Apache-2.0
// What a strict registrar has against a request: one name for each rule of RFC 3261 and RFC 3903
// that it breaks. Most are refused; those that a server must put up with are only counted.
#pragma once

#include <stdint.h>
#include <stdio.h>

enum complaint {
	COMPLAINT_NONE,
	COMPLAINT_NOT_SIP, // no request line, a header without a colon, a line that never ends
	COMPLAINT_NOT_PUBLISH,
	COMPLAINT_BAD_URI,     // Request-URI that is no sip: or sips:
	COMPLAINT_MISSING_VIA, // RFC 3261 8.1.1
	COMPLAINT_MISSING_FROM,
	COMPLAINT_MISSING_TO,
	COMPLAINT_MISSING_CALL_ID,
	COMPLAINT_MISSING_CSEQ,
	COMPLAINT_MISSING_MAX_FORWARDS,
	COMPLAINT_MAX_FORWARDS, // no number, or used up
	COMPLAINT_TWICE,        // a header that may be there once
	COMPLAINT_BRANCH,       // none, or without RFC 3261's cookie
	COMPLAINT_TRANSPORT,    // Via names another one than it came by
	COMPLAINT_FROM_TAG,
	COMPLAINT_TO_TAG, // PUBLISH makes no dialog
	COMPLAINT_CSEQ_METHOD,
	COMPLAINT_CSEQ_ORDER, // not above the last one of its Call-ID
	COMPLAINT_NO_LENGTH,  // RFC 3261 18.3: a must on streams
	COMPLAINT_LENGTH,     // Content-Length that is no number, or more than there is
	COMPLAINT_NOT_OWN,    // To or From is somebody else than the Request-URI
	COMPLAINT_NO_EVENT,   // RFC 3903 6
	COMPLAINT_UNKNOWN_EVENT,
	COMPLAINT_MANY_TAGS, // SIP-If-Match has one
	COMPLAINT_UNKNOWN_TAG,
	COMPLAINT_STALE_TAG,   // replaced by a later one
	COMPLAINT_EXPIRED_TAG, // of a publication that was removed, or whose time was over
	COMPLAINT_FOREIGN_TAG, // of another person or event
	COMPLAINT_BAD_EXPIRES,
	COMPLAINT_BRIEF_EXPIRES,
	COMPLAINT_NO_BODY, // initial
	COMPLAINT_REMOVE_BODY,
	COMPLAINT_NO_CONTENT_TYPE,
	COMPLAINT_CONTENT_TYPE,
	COMPLAINT_DOCUMENT,       // not well-formed XML
	COMPLAINT_ENTITY,         // a document about somebody else
	COMPLAINT_CREDENTIALS,    // asked for and wrong
	COMPLAINT_OUTSTANDING,    // counted: the one before it has no answer yet (RFC 3903 4)
	COMPLAINT_SECOND_INITIAL, // counted: this person has a publication already
	COMPLAINT_COUNT,
};

const char *complaint_name(enum complaint complaint); // "stale-tag"
// Status and reason phrase of the refusal; 0: it is taken all the same.
uint16_t complaint_status(enum complaint complaint);
const char *complaint_reason(uint16_t status);
