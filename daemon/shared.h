// SPDX-License-Identifier: Apache-2.0
// What the supervisor makes once, before it starts the halves, and what outlives each of them: the
// shared memory, the doorbell, the listening sockets, the channel to presence.
#pragma once

#include <stddef.h>

struct segment;
struct settings;

struct shared {
	struct segment *segment;
	int segment_fd, doorbell, control_fd;
	int metrics_fd; // -1 too when control.metrics is off
	int channel[2]; // [0] the supervisor's, [1] presence's; daemon/handover.h
};

void shared_init(struct shared *shared); // nothing is open
// As root: makes state_dir and run_dir too. 0, or -errno with a sentence in error; shared_close()
// either way.
int shared_open(struct shared *shared, const struct settings *settings, char *error,
		size_t error_size);
void shared_close(struct shared *shared, const struct settings *settings);
