// SPDX-License-Identifier: Apache-2.0
// Names of methods and of reasons to reject a message.
#include <string.h>

#include "sip/msg.h"

static const char *const method_names[SIP_METHOD_COUNT] = {
	[SIP_NONE] = "none",
	[SIP_INVITE] = "INVITE",
	[SIP_ACK] = "ACK",
	[SIP_BYE] = "BYE",
	[SIP_CANCEL] = "CANCEL",
	[SIP_OPTIONS] = "OPTIONS",
	[SIP_REGISTER] = "REGISTER",
	[SIP_PRACK] = "PRACK",
	[SIP_UPDATE] = "UPDATE",
	[SIP_REFER] = "REFER",
	[SIP_SUBSCRIBE] = "SUBSCRIBE",
	[SIP_NOTIFY] = "NOTIFY",
	[SIP_INFO] = "INFO",
	[SIP_MESSAGE] = "MESSAGE",
	[SIP_PUBLISH] = "PUBLISH",
	[SIP_OTHER_METHOD] = "other",
};

static const char *const reject_names[SIP_REJECT_COUNT] = {
	[SIP_OK] = "ok",
	[SIP_REJECT_EMPTY] = "empty",
	[SIP_REJECT_START_LINE] = "start-line",
	[SIP_REJECT_VERSION] = "version",
	[SIP_REJECT_HEADER_END] = "header-end",
	[SIP_REJECT_TOO_LONG] = "too-long",
	[SIP_REJECT_HEADER_SYNTAX] = "header-syntax",
	[SIP_REJECT_DUPLICATE] = "duplicate",
	[SIP_REJECT_NO_CALL_ID] = "no-call-id",
	[SIP_REJECT_NO_CSEQ] = "no-cseq",
	[SIP_REJECT_NO_FROM] = "no-from",
	[SIP_REJECT_NO_TO] = "no-to",
	[SIP_REJECT_NO_VIA] = "no-via",
	[SIP_REJECT_CALL_ID] = "call-id",
	[SIP_REJECT_CSEQ] = "cseq",
	[SIP_REJECT_CSEQ_METHOD] = "cseq-method",
	[SIP_REJECT_FROM] = "from",
	[SIP_REJECT_TO] = "to",
	[SIP_REJECT_VIA] = "via",
	[SIP_REJECT_CONTENT_LENGTH] = "content-length",
};

const char *sip_reject_name(enum sip_reject reject)
{
	return (unsigned int)reject < SIP_REJECT_COUNT ? reject_names[reject] : "unknown";
}

const char *sip_method_name(enum sip_method method)
{
	return (unsigned int)method < SIP_METHOD_COUNT ? method_names[method] : "unknown";
}

enum sip_method sip_method_find(const char *token, size_t len)
{
	enum sip_method guess = SIP_OTHER_METHOD;

	if (len < 3 || len > 9)
		return SIP_OTHER_METHOD;
	// Length and first letter leave one candidate.
	switch (len << 8 | (unsigned char)token[0]) {
	case 3 << 8 | 'A': guess = SIP_ACK; break;
	case 3 << 8 | 'B': guess = SIP_BYE; break;
	case 4 << 8 | 'I': guess = SIP_INFO; break;
	case 5 << 8 | 'P': guess = SIP_PRACK; break;
	case 5 << 8 | 'R': guess = SIP_REFER; break;
	case 6 << 8 | 'I': guess = SIP_INVITE; break;
	case 6 << 8 | 'C': guess = SIP_CANCEL; break;
	case 6 << 8 | 'U': guess = SIP_UPDATE; break;
	case 6 << 8 | 'N': guess = SIP_NOTIFY; break;
	case 7 << 8 | 'O': guess = SIP_OPTIONS; break;
	case 7 << 8 | 'M': guess = SIP_MESSAGE; break;
	case 7 << 8 | 'P': guess = SIP_PUBLISH; break;
	case 8 << 8 | 'R': guess = SIP_REGISTER; break;
	case 9 << 8 | 'S': guess = SIP_SUBSCRIBE; break;
	default: return SIP_OTHER_METHOD;
	}
	return memcmp(token, method_names[guess], len) == 0 ? guess : SIP_OTHER_METHOD;
}
