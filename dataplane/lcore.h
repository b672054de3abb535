// SPDX-License-Identifier: Apache-2.0
// One poll core: its queues, its state, its loop. Runs to completion; shares nothing with other
// cores. On the way of a packet there is no lock, no allocation, no system call and no log line.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/idle.h"
#include "dataplane/look.h"
#include "dataplane/overflow.h"
#include "link/segment.h"

struct hep_listener;
struct probe;
struct settings;

enum { LCORE_QUEUES = 128 };

struct lcore_queue {
	uint16_t port, queue;
	bool forwards;
	uint16_t other_port; // where to, when it does
	uint8_t index;       // of the port in wire.ports
};

struct lcore {
	unsigned int index;
	unsigned int queue_count;
	struct lcore_queue queue[LCORE_QUEUES];
	const bool *stop;         // main thread: wo
	struct hep_listener *hep; // NULL: none
	struct probe *probe;      // NULL: no captures
	bool takes_signals;       // net_tap wakes by real-time signals
	struct segment *segment;
	struct event_ring *ring;
	struct known_calls *known;
	struct wire_counters *counters;
	int doorbell;
	uint64_t settings_seen;
	struct look look;
	struct overflow overflow;
	bool news; // events were told that the doorbell has not announced
	struct idle idle;
	bool slept;       // since the last round
	uint8_t *scratch; // a packet of several segments, in one piece
};

// Queues, stop, hep, probe and takes_signals are the caller's; so is to say, afterwards, what wakes
// it (idle_wake_by). 0, or -errno with a sentence in error.
int lcore_init(struct lcore *lcore, unsigned int index, const struct settings *settings,
	       struct segment *segment, int doorbell, char *error, size_t error_size);
void lcore_fini(struct lcore *lcore);
// Once over its queues, and housekeeping when it is due. true: packets came. For lcore_loop(), and
// for benchmarks that have the rest of the world in the same thread.
bool lcore_round(struct lcore *lcore);
// Polls until *stop. arg: struct lcore. 0.
int lcore_loop(void *arg);
