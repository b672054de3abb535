// SPDX-License-Identifier: Apache-2.0
// Writes what an operator wants to see into a pcapng file in state_dir/captures. The main thread of
// the wire takes presence's requests (link/capture_box.h), tells the poll cores' probes what to
// look for, and empties their rings into the file; frames never leave this process otherwise.
#pragma once

#include <stdint.h>

struct capture;
struct probe;
struct segment;
struct settings;

// One probe a poll core. A capture that the last wire process left running has ended. NULL: no
// memory. settings stay the caller's.
struct capture *capture_new(const struct settings *settings, struct segment *segment);
// After poll cores have stopped.
void capture_free(struct capture *capture);
struct probe *capture_probe(struct capture *capture, unsigned int lcore);

// The main thread, again and again. In how many milliseconds next.
int capture_turn(struct capture *capture);
// Poll cores have stopped: what runs ends.
void capture_finish(struct capture *capture);
