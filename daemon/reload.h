// SPDX-License-Identifier: Apache-2.0
// SIGHUP or `offhookctl reload`: reads the file, says what changed, has presence apply what can be
// applied live, then the wire. A file with problems, or one that presence can't use, changes
// nothing.
#pragma once

#include <stdbool.h>

struct pulse;
struct runner;
struct segment;
struct settings;

// The last line of a report when it went well; else it begins with "nothing changed".
#define RELOAD_DONE "reloaded"

struct reload {
	const char *path;
	struct settings *settings; // in force; replaced when a reload went well
	struct segment *segment;
	int channel_fd; // to presence
	const struct runner *presence;
	const struct pulse *pulse;
	struct settings *next; // sent to presence, not answered yet
	char *report;          // what the operator is told
	bool asked;            // an operator waits for the report
};

void reload_begin(struct reload *reload);
// Messages from presence: a wish to reload, or how it went.
void reload_receive(struct reload *reload);
// Presence died: nobody will answer what was sent to it.
void reload_presence_gone(struct reload *reload);
void reload_publish_wire(struct segment *segment, const struct settings *settings);
