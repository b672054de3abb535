// SPDX-License-Identifier: Apache-2.0
// What the presence process is made of, for those who show it to the operator (verbs, metrics).
#pragma once

#include <stdint.h>

#include "presence/net/loop.h"

struct control;
struct exporter;
struct half_options;
struct worker;

struct presence {
	const struct half_options *options;
	struct worker *worker;
	struct control *control;
	struct exporter *exporter;
	struct loop_watch channel;
	char *report;  // of a reload, while presence_reload() waits for it
	char *verdict; // of the last reload, one line, for the status; NULL: none since the start
	uint64_t verdict_ns; // monotonic
};

// Has the supervisor read the settings again and waits for its report, at most PRESENCE_RELOAD_MS:
// the one time the worker waits for somebody, because the operator asked it to. NULL: no report
// came. The caller frees it.
enum { PRESENCE_RELOAD_MS = 3000 };
char *presence_reload(struct presence *presence);
