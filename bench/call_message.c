// SPDX-License-Identifier: Apache-2.0
#include "bench/call_message.h"

#include "config/clock.h"
#include "sip/msg.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static void text_set(struct call_event *event, enum event_text which, const char *text)
{
	size_t len = strlen(text);

	event->text[which] = (struct sip_slice){event->text_bytes, (uint16_t)len};
	memcpy(event->bytes + event->text_bytes, text, len);
	event->text_bytes = (uint16_t)(event->text_bytes + len);
}

void call_message(struct call_event *event, uint64_t number, int step, uint64_t persons)
{
	static const uint16_t status[CALL_MESSAGES] = {0, 200, 0, 0, 200};
	static const uint8_t method[CALL_MESSAGES] = {SIP_INVITE, SIP_INVITE, SIP_ACK, SIP_BYE,
						      SIP_BYE};
	char text[96];

	memset(event, 0, offsetof(struct call_event, bytes));
	event->mono_ns = clock_mono_ns();
	event->call_key.word[0] = number * UINT64_C(0x9e3779b97f4a7c15) + 1;
	event->call_key.word[1] = number + 1;
	event->from_tag = number * 2 + 1;
	event->to_tag = step == 0 ? 0 : number * 2 + 2;
	event->branch = number * 8 + (uint64_t)step / 3 + 1;
	event->cseq = step < 3 ? 1 : 2;
	event->status = status[step];
	event->cseq_method = method[step];
	event->method = status[step] == 0 ? method[step] : SIP_NONE;
	event->flags = (uint16_t)((status[step] != 0 ? EVENT_IS_RESPONSE : 0) |
				  (step > 0 ? EVENT_HAS_TO_TAG : 0));
	event->source[0] = status[step] == 0 ? 10 : 11;
	event->target[0] = status[step] == 0 ? 11 : 10;
	snprintf(text, sizeof(text), "%016" PRIx64 "-bench-7c3f@10.33.221.57", number);
	text_set(event, EVENT_TEXT_CALL_ID, text);
	snprintf(text, sizeof(text), "sip:caller%" PRIu64 "@bench.example", number % persons);
	text_set(event, EVENT_TEXT_FROM, text);
	snprintf(text, sizeof(text), "sip:callee%" PRIu64 "@bench.example", number % persons);
	text_set(event, EVENT_TEXT_TO, text);
	if (step == 0)
		text_set(event, EVENT_TEXT_REQUEST_URI, text);
}
