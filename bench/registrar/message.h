// SPDX-License-Identifier: Apache-2.0
// A SIP request as the registrar reads it: slices of the octets that came, for the headers that a
// judgement or an answer needs. A reader of its own on purpose: what judges the engine shares no
// code with it.
#pragma once

#include "bench/registrar/complaint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct part {
	const char *at;
	uint32_t len; // 0: absent or empty
};

enum message_header {
	MESSAGE_OTHER,
	MESSAGE_VIA, // the topmost
	MESSAGE_FROM,
	MESSAGE_TO,
	MESSAGE_CALL_ID,
	MESSAGE_CSEQ,
	MESSAGE_MAX_FORWARDS,
	MESSAGE_EVENT,
	MESSAGE_EXPIRES,
	MESSAGE_IF_MATCH,
	MESSAGE_CONTENT_TYPE,
	MESSAGE_CONTENT_LENGTH,
	MESSAGE_AUTHORIZATION,
	MESSAGE_HEADER_COUNT,
};

enum { MESSAGE_VIAS = 8 };

struct message {
	struct part method, uri;
	struct part value[MESSAGE_HEADER_COUNT];
	uint8_t count[MESSAGE_HEADER_COUNT];
	struct part via[MESSAGE_VIAS];
	unsigned int vias;
	struct part from_uri, from_tag, to_uri, to_tag; // filled by message_read()
	struct part branch, cseq_method;
	uint32_t cseq;
	struct part body;
};

// Octets of the first message in a stream; 0: not all there yet; -1 with *complaint: no end can be
// found, the stream is lost.
long message_length(const char *bytes, size_t len, enum complaint *complaint);
// The one message in bytes. What is missing for an answer, or against RFC 3261; how much of it
// could be read can be answered.
enum complaint message_read(struct message *message, const char *bytes, size_t len, bool stream);

bool part_is(struct part part, const char *text);      // the same octets
bool part_is_word(struct part part, const char *text); // whatever the case
bool part_equal(struct part a, struct part b);
bool part_number(struct part part, uint32_t *number); // digits and nothing else, up to 2^32-1
// Value of `;name` behind a header's value or inside a parameter list; empty when it is not there.
struct part part_parameter(struct part value, const char *name);
uint64_t part_hash(struct part part);
