// SPDX-License-Identifier: Apache-2.0
// A PUBLISH as the engine writes it, with a hole for each thing that a test wants wrong.
#pragma once

#include <stddef.h>

struct publish {
	const char *request_line; // NULL: of the user
	const char *user;         // NULL: sip:bob@sfb.example
	const char *via;          // NULL: a good one
	const char *from, *to;
	const char *call_id; // NULL: one that was not used yet
	const char *cseq, *branch;
	const char *without; // this header is left out
	const char *extra;   // lines with their ends
	const char *event, *expires, *tag, *content_type;
	const char *body; // NULL: on the phone; "": none
	const char *length;
};

enum { PUBLISH_TEXT = 4096 };

// Returns its length.
size_t publish_text(const struct publish *publish, char out[PUBLISH_TEXT]);
