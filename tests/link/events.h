// SPDX-License-Identifier: Apache-2.0
// Events that can be told whole from torn: everything in them follows from one number.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "link/call_event.h"

static inline uint16_t event_expected_bytes(uint64_t number)
{
	return (uint16_t)(number * 37 % (EVENT_TEXT_BYTES + 1));
}

static inline void event_make(uint64_t number, struct call_event *event)
{
	memset(event, 0, offsetof(struct call_event, bytes));
	event->mono_ns = number;
	event->call_key.word[1] = ~number;
	event->cseq = (uint32_t)number;
	event->text_bytes = event_expected_bytes(number);
	event->text[EVENT_TEXT_TO].len = event->text_bytes;
	memset(event->bytes, (int)(number & 0xff), event->text_bytes);
}

static inline bool event_is_whole(const struct call_event *event, uint64_t number)
{
	if (event->mono_ns != number || event->call_key.word[1] != ~number ||
	    event->cseq != (uint32_t)number || event->text_bytes != event_expected_bytes(number) ||
	    event->text[EVENT_TEXT_TO].len != event->text_bytes)
		return false;
	for (unsigned int i = 0; i < event->text_bytes; i++)
		if ((unsigned char)event->bytes[i] != (number & 0xff))
			return false;
	return true;
}
