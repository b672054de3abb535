// SPDX-License-Identifier: Apache-2.0
// Calls told as an operator would note them, a message a line, and what the presence of the people
// in them must be. See scenario.c for the words.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/settings.h"
#include "presence/calls.h"
#include "presence/store/store.h"

struct scenario {
	const char *name;
	const char *setup; // words of scenario_setup(), or NULL
	const char *messages;
	const char *expect; // "TIME NAME busy|clear CAUSE CALLS" a line
};

// A worker without sockets: calls, persons, a wheel, and a directory that knows everybody whose
// name does not begin with x.
struct scenario_world {
	struct settings settings;
	struct timer_wheel *wheel;
	struct persons *persons;
	struct calls *calls;
	uint64_t zero_ns; // time 0 of the messages
	char told[1 << 14];
	size_t told_len;
	bool store, slow_directory;
	unsigned int saves, drops;
	struct store_call saved; // the last one
	struct media_table *media;
	struct scenario_answer *answers;
};

void scenario_open(struct scenario_world *world, const char *setup);
void scenario_close(struct scenario_world *world);
// What a poll core would push now for a message, a line without its time.
void scenario_event(struct call_event *event, const char *line, const char *call);
// One line; call: added to all Call-IDs, so that one world can serve many runs.
void scenario_play(struct scenario_world *world, const char *line, const char *call);
// Until then, in ms of the scenario, all timers fire at their time.
void scenario_pass(struct scenario_world *world, uint64_t ms);
void scenario_run(const struct scenario *scenario);
