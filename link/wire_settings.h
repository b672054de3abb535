// SPDX-License-Identifier: Apache-2.0
// The part of the settings that poll cores follow while they run, handed over by generation: the
// supervisor writes, poll cores copy it when the generation changed, at each housekeeping (also on
// empty polls, so that a silent wire reloads too).
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct wire_settings {
	uint8_t early; // 18x make events
	uint8_t ack;   // ACKs make events
	uint8_t poll_always;
	uint8_t reserved[5];
	uint64_t max_sleep_ns;
};

// Generation n is in slot n % 2; 0: nothing published yet.
struct wire_settings_box {
	uint64_t generation; // supervisor: rw, wire: ro
	uint64_t slot[2][sizeof(struct wire_settings) / sizeof(uint64_t)];
};

void wire_settings_publish(struct wire_settings_box *box, const struct wire_settings *value);
// One writer. Start with *seen = 0. true and *value, *seen updated when the box holds another
// generation than *seen. A writer that died half-way leaves the old value in use.
bool wire_settings_follow(const struct wire_settings_box *box, uint64_t *seen,
			  struct wire_settings *value);
