// SPDX-License-Identifier: Apache-2.0
// Names of methods and of reasons to reject a message.
#include <string.h>

#include "sip/method_table.h"
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
	[SIP_REJECT_NONE] = "ok",
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

#define METHOD(letters, name, number) \
	[METHOD_SLOT(letters)] = {.word = (letters), .method = (number), .len = sizeof(name) - 1}

// clang-format off
const struct method_slot method_slots[METHOD_SLOTS] = {
	METHOD(WORD_8('I', 'N', 'V', 'I', 'T', 'E', 0, 0), "INVITE", SIP_INVITE),
	METHOD(WORD_8('A', 'C', 'K', 0, 0, 0, 0, 0), "ACK", SIP_ACK),
	METHOD(WORD_8('B', 'Y', 'E', 0, 0, 0, 0, 0), "BYE", SIP_BYE),
	METHOD(WORD_8('C', 'A', 'N', 'C', 'E', 'L', 0, 0), "CANCEL", SIP_CANCEL),
	METHOD(WORD_8('O', 'P', 'T', 'I', 'O', 'N', 'S', 0), "OPTIONS", SIP_OPTIONS),
	METHOD(WORD_8('R', 'E', 'G', 'I', 'S', 'T', 'E', 'R'), "REGISTER", SIP_REGISTER),
	METHOD(WORD_8('P', 'R', 'A', 'C', 'K', 0, 0, 0), "PRACK", SIP_PRACK),
	METHOD(WORD_8('U', 'P', 'D', 'A', 'T', 'E', 0, 0), "UPDATE", SIP_UPDATE),
	METHOD(WORD_8('R', 'E', 'F', 'E', 'R', 0, 0, 0), "REFER", SIP_REFER),
	METHOD(WORD_8('U', 'B', 'S', 'C', 'R', 'I', 'B', 'E'), "SUBSCRIBE", SIP_SUBSCRIBE),
	METHOD(WORD_8('N', 'O', 'T', 'I', 'F', 'Y', 0, 0), "NOTIFY", SIP_NOTIFY),
	METHOD(WORD_8('I', 'N', 'F', 'O', 0, 0, 0, 0), "INFO", SIP_INFO),
	METHOD(WORD_8('M', 'E', 'S', 'S', 'A', 'G', 'E', 0), "MESSAGE", SIP_MESSAGE),
	METHOD(WORD_8('P', 'U', 'B', 'L', 'I', 'S', 'H', 0), "PUBLISH", SIP_PUBLISH),
};
// clang-format on

// Length and first letter leave one candidate; comparing with a constant is a few instructions.
#define CANDIDATE(first, text, method)          \
	case (sizeof(text) - 1) << 8 | (first): \
		return memcmp(token, text, sizeof(text) - 1) == 0 ? (method) : SIP_OTHER_METHOD

enum sip_method sip_method_find(const char *token, size_t len)
{
	if (len < 3 || len > 9)
		return SIP_OTHER_METHOD;
	switch (len << 8 | (unsigned char)token[0]) {
		CANDIDATE('A', "ACK", SIP_ACK);
		CANDIDATE('B', "BYE", SIP_BYE);
		CANDIDATE('I', "INFO", SIP_INFO);
		CANDIDATE('P', "PRACK", SIP_PRACK);
		CANDIDATE('R', "REFER", SIP_REFER);
		CANDIDATE('I', "INVITE", SIP_INVITE);
		CANDIDATE('C', "CANCEL", SIP_CANCEL);
		CANDIDATE('U', "UPDATE", SIP_UPDATE);
		CANDIDATE('N', "NOTIFY", SIP_NOTIFY);
		CANDIDATE('O', "OPTIONS", SIP_OPTIONS);
		CANDIDATE('M', "MESSAGE", SIP_MESSAGE);
		CANDIDATE('P', "PUBLISH", SIP_PUBLISH);
		CANDIDATE('R', "REGISTER", SIP_REGISTER);
		CANDIDATE('S', "SUBSCRIBE", SIP_SUBSCRIBE);
	default: return SIP_OTHER_METHOD;
	}
}
