// SPDX-License-Identifier: Apache-2.0
// The two halves of the engine, each the body of a process of its own (or of a thread with
// --single). What they get is made by the supervisor before they start.
#pragma once

#include <stdbool.h>

struct segment;
struct settings;

struct half_options {
	const struct settings *settings;
	struct segment *segment;
	int doorbell;
	int control_fd; // presence: listening sockets; -1: none
	int metrics_fd;
	int channel_fd; // presence: to the supervisor, daemon/handover.h; -1 with --single
	bool single;    // both halves are threads of one process: privileges stay
};

// Until told to stop (SIGTERM, half_stop()). The process's exit status: 0, or HALF_UNUSABLE when
// the settings can't work, which a restart would not mend.
enum { HALF_UNUSABLE = 64 };

int wire_half(const struct half_options *options);
int presence_half(const struct half_options *options);
void wire_half_stop(void);     // async-signal-safe
void presence_half_stop(void); // async-signal-safe
