// SPDX-License-Identifier: Apache-2.0
// Truth against what the registrar shows, person by person: how long the two differ (wrong
// user-seconds), and how long after each change of the truth its PUBLISH arrived and was answered.
//
// Latencies count from when the generator meant to send the message that changed the truth, so that
// a generator that comes late can't hide a delay (coordinated omission); from when it really was
// sent they are counted, too.
#pragma once

#include "bench/histogram.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum latency {
	LATENCY_START,       // 200 to INVITE meant to be sent -> PUBLISH received
	LATENCY_START_SENT,  // really sent -> PUBLISH received
	LATENCY_START_ALONE, // as LATENCY_START, of those that lamps_alone() was told of
	LATENCY_ANSWER,      // 200 to INVITE meant to be sent -> 200 to the PUBLISH sent
	LATENCY_END,         // 200 to BYE meant to be sent -> PUBLISH received
	LATENCY_COUNT,
};

struct lamps_result {
	uint64_t starts, starts_shown; // changes of the truth, and those the registrar showed
	uint64_t ends, ends_shown;
	uint64_t brief;     // over before they could be shown
	uint64_t busy_ns;   // in truth
	uint64_t wrong_ns;  // truth and registrar differ
	uint64_t unseen_ns; // of these, after ends that no message told of
	uint64_t unasked;   // shown, but nobody is on the phone, or any more
};

struct lamps;

struct lamps *lamps_new(uint32_t persons);
void lamps_free(struct lamps *lamps);
// Of a person's dialogs one more or less is up.
void lamps_start(struct lamps *lamps, uint32_t person, uint64_t due_ns, uint64_t sent_ns);
void lamps_end(struct lamps *lamps, uint32_t person, uint64_t due_ns, uint64_t sent_ns,
	       bool unseen);
// What the registrar shows from now on; and that it has answered.
void lamps_shown(struct lamps *lamps, uint32_t person, bool busy, uint64_t at_ns);
void lamps_answered(struct lamps *lamps, uint32_t person, uint64_t at_ns);

// Of what was shown since this was last called, what was due at since_ns or later had the CPUs for
// itself.
void lamps_alone(struct lamps *lamps, uint64_t since_ns);

bool lamps_is_busy(const struct lamps *lamps, uint32_t person);  // in truth
uint64_t lamps_differing(const struct lamps *lamps);             // persons, now
void lamps_tell_differing(const struct lamps *lamps, FILE *out); // the first ten of them
// Since the last time it was asked; those that are busy go on counting from now_ns.
void lamps_take(struct lamps *lamps, uint64_t now_ns, struct lamps_result *result,
		struct histogram latency[LATENCY_COUNT]);
