// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/lamps.h"

#include "config/clock.h"

#include <stdlib.h>
#include <string.h>

enum wait { WAIT_NONE, WAIT_START, WAIT_START_ANSWER, WAIT_END };

struct lamp {
	uint64_t due_ns, sent_ns; // of the change that is waited for
	uint64_t differ_ns;       // since when truth and registrar differ
	uint16_t dialogs;
	bool shown, unseen;
	uint8_t wait;
};

enum { SHOWN_MOST = 64 }; // of one turn of the registrar; more are in no LATENCY_START_ALONE

struct lamps {
	uint32_t persons;
	uint64_t busy, busy_changed_ns; // persons in truth
	uint64_t differing;
	struct lamps_result result;
	struct histogram latency[LATENCY_COUNT];
	unsigned int shown_count; // since lamps_alone()
	struct {
		uint64_t due_ns, at_ns;
	} shown[SHOWN_MOST];
	struct lamp lamp[];
};

struct lamps *lamps_new(uint32_t persons)
{
	struct lamps *lamps = calloc(1, sizeof(*lamps) + persons * sizeof(lamps->lamp[0]));

	if (lamps != NULL)
		lamps->persons = persons;
	return lamps;
}

void lamps_free(struct lamps *lamps)
{
	free(lamps);
}

static void count_busy(struct lamps *lamps, uint64_t now_ns)
{
	if (lamps->busy_changed_ns < now_ns) {
		lamps->result.busy_ns += lamps->busy * (now_ns - lamps->busy_changed_ns);
		lamps->busy_changed_ns = now_ns;
	}
}

// Truth or registrar have changed: from the same to different, or back.
static void lamp_changed(struct lamps *lamps, struct lamp *lamp, uint64_t now_ns)
{
	if ((lamp->dialogs > 0) != lamp->shown) {
		lamp->differ_ns = now_ns;
		lamps->differing++;
		return;
	}
	lamps->differing--;
	// The registrar's clock is read before the generator's in a round.
	if (now_ns > lamp->differ_ns) {
		lamps->result.wrong_ns += now_ns - lamp->differ_ns;
		if (lamp->unseen)
			lamps->result.unseen_ns += now_ns - lamp->differ_ns;
	}
}

void lamps_start(struct lamps *lamps, uint32_t person, uint64_t due_ns, uint64_t sent_ns)
{
	struct lamp *lamp = &lamps->lamp[person];

	if (lamp->dialogs++ > 0)
		return;
	count_busy(lamps, sent_ns);
	lamps->busy++;
	// Still shown, from the time before: nothing new is to come.
	lamp->wait = lamp->shown ? WAIT_NONE : WAIT_START;
	lamps->result.starts += !lamp->shown;
	lamp->due_ns = due_ns;
	lamp->sent_ns = sent_ns;
	lamp_changed(lamps, lamp, sent_ns);
}

void lamps_end(struct lamps *lamps, uint32_t person, uint64_t due_ns, uint64_t sent_ns, bool unseen)
{
	struct lamp *lamp = &lamps->lamp[person];

	// Until the registrar shows the end, also while other calls come and go.
	lamp->unseen |= unseen;
	if (--lamp->dialogs > 0)
		return;
	count_busy(lamps, sent_ns);
	lamps->busy--;
	if (lamp->shown) {
		lamps->result.ends++;
		lamp->wait = unseen ? WAIT_NONE : WAIT_END;
	} else {
		lamps->result.brief += lamp->wait == WAIT_START;
		lamp->wait = WAIT_NONE;
	}
	lamp->due_ns = due_ns;
	lamp->sent_ns = sent_ns;
	lamp_changed(lamps, lamp, sent_ns);
}

static void lamps_count(struct lamps *lamps, enum latency latency, uint64_t from_ns, uint64_t to_ns)
{
	histogram_add(&lamps->latency[latency], to_ns > from_ns ? to_ns - from_ns : 0);
}

void lamps_shown(struct lamps *lamps, uint32_t person, bool busy, uint64_t at_ns)
{
	struct lamp *lamp = &lamps->lamp[person];

	lamp->shown = busy;
	if (busy && lamp->wait == WAIT_START) {
		lamps->result.starts_shown++;
		lamps_count(lamps, LATENCY_START, lamp->due_ns, at_ns);
		lamps_count(lamps, LATENCY_START_SENT, lamp->sent_ns, at_ns);
		if (lamps->shown_count < SHOWN_MOST) {
			lamps->shown[lamps->shown_count].due_ns = lamp->due_ns;
			lamps->shown[lamps->shown_count++].at_ns = at_ns;
		}
		lamp->wait = WAIT_START_ANSWER;
	} else if (!busy && lamp->dialogs == 0) {
		lamps->result.ends_shown++;
		if (lamp->wait == WAIT_END)
			lamps_count(lamps, LATENCY_END, lamp->due_ns, at_ns);
		lamp->wait = WAIT_NONE;
	} else if (!busy) {
		// Removed for the call before, while the next one is up: it is shown anew.
		lamps->result.starts++;
		lamp->wait = WAIT_START;
	} else {
		lamps->result.unasked++;
	}
	lamp_changed(lamps, lamp, at_ns);
	lamp->unseen &= busy;
}

void lamps_answered(struct lamps *lamps, uint32_t person, uint64_t at_ns)
{
	struct lamp *lamp = &lamps->lamp[person];

	if (lamp->wait != WAIT_START_ANSWER)
		return;
	lamps_count(lamps, LATENCY_ANSWER, lamp->due_ns, at_ns);
	lamp->wait = WAIT_NONE;
}

void lamps_alone(struct lamps *lamps, uint64_t since_ns)
{
	for (unsigned int i = 0; i < lamps->shown_count; i++) {
		if (lamps->shown[i].due_ns >= since_ns)
			lamps_count(lamps, LATENCY_START_ALONE, lamps->shown[i].due_ns,
				    lamps->shown[i].at_ns);
	}
	lamps->shown_count = 0;
}

bool lamps_is_busy(const struct lamps *lamps, uint32_t person)
{
	return lamps->lamp[person].dialogs > 0;
}

uint64_t lamps_differing(const struct lamps *lamps)
{
	return lamps->differing;
}

void lamps_tell_differing(const struct lamps *lamps, FILE *out)
{
	unsigned int told = 0;

	for (uint32_t i = 0; i < lamps->persons && told < 10; i++) {
		const struct lamp *lamp = &lamps->lamp[i];

		if ((lamp->dialogs > 0) == lamp->shown)
			continue;
		fprintf(out, "  u%07u: %u dialogs up, shown %s, since %.3f s\n", i, lamp->dialogs,
			lamp->shown ? "on the phone" : "idle",
			(double)(clock_mono_ns() - lamp->differ_ns) * 1e-9);
		told++;
	}
}

void lamps_take(struct lamps *lamps, uint64_t now_ns, struct lamps_result *result,
		struct histogram latency[LATENCY_COUNT])
{
	count_busy(lamps, now_ns);
	// What differs now has done so since then, and goes on.
	for (uint32_t i = 0; i < lamps->persons && lamps->differing > 0; i++) {
		struct lamp *lamp = &lamps->lamp[i];

		if ((lamp->dialogs > 0) == lamp->shown || lamp->differ_ns >= now_ns)
			continue;
		lamps->result.wrong_ns += now_ns - lamp->differ_ns;
		if (lamp->unseen)
			lamps->result.unseen_ns += now_ns - lamp->differ_ns;
		lamp->differ_ns = now_ns;
	}
	*result = lamps->result;
	memset(&lamps->result, 0, sizeof(lamps->result));
	for (int i = 0; i < LATENCY_COUNT; i++) {
		latency[i] = lamps->latency[i];
		histogram_clear(&lamps->latency[i]);
	}
}
