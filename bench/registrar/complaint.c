// SPDX-License-Identifier: Apache-2.0
#include "bench/registrar/complaint.h"

static const struct {
	const char *name;
	uint16_t status;
} complaints[COMPLAINT_COUNT] = {
	[COMPLAINT_NONE] = {"none", 0},
	[COMPLAINT_NOT_SIP] = {"not-sip", 400},
	[COMPLAINT_NOT_PUBLISH] = {"not-publish", 405},
	[COMPLAINT_BAD_URI] = {"bad-uri", 416},
	[COMPLAINT_MISSING_VIA] = {"missing-via", 400},
	[COMPLAINT_MISSING_FROM] = {"missing-from", 400},
	[COMPLAINT_MISSING_TO] = {"missing-to", 400},
	[COMPLAINT_MISSING_CALL_ID] = {"missing-call-id", 400},
	[COMPLAINT_MISSING_CSEQ] = {"missing-cseq", 400},
	[COMPLAINT_MISSING_MAX_FORWARDS] = {"missing-max-forwards", 400},
	[COMPLAINT_MAX_FORWARDS] = {"max-forwards", 483},
	[COMPLAINT_TWICE] = {"header-twice", 400},
	[COMPLAINT_BRANCH] = {"branch", 400},
	[COMPLAINT_TRANSPORT] = {"transport", 400},
	[COMPLAINT_FROM_TAG] = {"from-tag", 400},
	[COMPLAINT_TO_TAG] = {"to-tag", 481},
	[COMPLAINT_CSEQ_METHOD] = {"cseq-method", 400},
	[COMPLAINT_CSEQ_ORDER] = {"cseq-order", 500},
	[COMPLAINT_NO_LENGTH] = {"no-length", 400},
	[COMPLAINT_LENGTH] = {"length", 400},
	[COMPLAINT_NOT_OWN] = {"not-own", 403},
	[COMPLAINT_NO_EVENT] = {"no-event", 489},
	[COMPLAINT_UNKNOWN_EVENT] = {"unknown-event", 489},
	[COMPLAINT_MANY_TAGS] = {"many-tags", 400},
	[COMPLAINT_UNKNOWN_TAG] = {"unknown-tag", 412},
	[COMPLAINT_STALE_TAG] = {"stale-tag", 412},
	[COMPLAINT_EXPIRED_TAG] = {"expired-tag", 412},
	[COMPLAINT_FOREIGN_TAG] = {"foreign-tag", 412},
	[COMPLAINT_BAD_EXPIRES] = {"bad-expires", 400},
	[COMPLAINT_BRIEF_EXPIRES] = {"brief-expires", 423},
	[COMPLAINT_NO_BODY] = {"no-body", 400},
	[COMPLAINT_REMOVE_BODY] = {"remove-body", 400},
	[COMPLAINT_NO_CONTENT_TYPE] = {"no-content-type", 400},
	[COMPLAINT_CONTENT_TYPE] = {"content-type", 415},
	[COMPLAINT_DOCUMENT] = {"document", 400},
	[COMPLAINT_ENTITY] = {"entity", 400},
	[COMPLAINT_CREDENTIALS] = {"credentials", 401},
	[COMPLAINT_OUTSTANDING] = {"outstanding", 0},
	[COMPLAINT_SECOND_INITIAL] = {"second-initial", 0},
};

static const struct {
	uint16_t status;
	const char *reason;
} reasons[] = {
	// RFC 3261 21, RFC 3903 11
	{200, "OK"},
	{202, "Accepted"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{407, "Proxy Authentication Required"},
	{408, "Request Timeout"},
	{412, "Conditional Request Failed"},
	{413, "Request Entity Too Large"},
	{415, "Unsupported Media Type"},
	{416, "Unsupported URI Scheme"},
	{423, "Interval Too Brief"},
	{480, "Temporarily Unavailable"},
	{481, "Call/Transaction Does Not Exist"},
	{483, "Too Many Hops"},
	{489, "Bad Event"},
	{500, "Server Internal Error"},
	{503, "Service Unavailable"},
	{504, "Server Time-out"},
	{603, "Decline"},
};

const char *complaint_name(enum complaint complaint)
{
	return complaint < COMPLAINT_COUNT ? complaints[complaint].name : "none";
}

uint16_t complaint_status(enum complaint complaint)
{
	return complaint < COMPLAINT_COUNT ? complaints[complaint].status : 0;
}

const char *complaint_reason(uint16_t status)
{
	for (unsigned int i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return status < 200 ? "Progress" : status < 300 ? "OK" : "Refused";
}
