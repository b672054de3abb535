// SPDX-License-Identifier: Apache-2.0
// `offhookctl capture`: what was asked for becomes a request to the wire, and what the wire tells
// an answer for people or programs.
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct presence;

// What the answer is while the wire has not done yet what was asked for; offhookctl asks again.
#define CAPTURE_WAIT "wait"

// words: "start rejected", "start call CALL-ID", "start user USER", each with " bytes=N" and
// " seconds=N" if wanted; "stop", "status"; "outcome": what became of a start or stop.
void capture_view(struct presence *presence, const char *words, bool as_json, FILE *out);
