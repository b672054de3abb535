// SPDX-License-Identifier: Apache-2.0
// A script of answers: what the registrar does to chosen requests instead of, or on top of, its
// judgement. A text file, one cue a line, the first one that fits counts; # begins a comment:
//
//   KIND [method NAME] [user PATTERN] [nth N|N-|N-M] [every N] -> ACTION ...
//
//   KIND     any initial refresh modify remove other
//   user     of the Request-URI, shell pattern: "sip:bob@*"
//   nth      among the requests that fit the rest of the line, from 1, whatever other cues do
//   every    each N-th of them
//   STATUS [reason]   the request is refused with it, or, below 300, taken
//   header TEXT       one more in the answer
//   expires SECONDS   granted instead of what was asked for
//   delay TIME        before the answer leaves: 20ms, 5ms-50ms, exp:20ms
//   drop              the request is not seen
//   mute              it is taken, but not answered
//   close             the connection ends instead of an answer
//
// Texts with blanks stand in double quotes. An example:
//
//   initial user sip:bob@* nth 1 -> 503 header "Retry-After: 2"
//   refresh every 10 -> mute
#pragma once

#include "bench/random.h"
#include "bench/registrar/compositor.h"

#include <stdbool.h>
#include <stdio.h>

enum { CUE_HEADERS = 4, CUE_TEXT = 256 };

struct cue {
	int kind; // enum wish; -1: any
	char method[32];
	char user[CUE_TEXT];
	uint64_t first, last, every; // every 0: each
	uint64_t fitted;             // requests so far
	uint16_t status;             // 0: as judged
	char reason[CUE_TEXT];
	char header[CUE_HEADERS][CUE_TEXT];
	unsigned int headers;
	uint32_t expires_s;
	bool has_expires, has_delay, drop, mute, close;
	struct spread delay;
};

struct cues {
	struct cue *cue;
	size_t count;
};

// 0, or -errno; what is wrong is written to errors as `name:line: text`.
int cues_read(struct cues *cues, FILE *file, const char *name, FILE *errors);
void cues_fini(struct cues *cues);
// The cue for this request, or NULL. Counts.
const struct cue *cues_find(struct cues *cues, const struct message *message, enum wish wish);
