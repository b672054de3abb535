// SPDX-License-Identifier: Apache-2.0
// Frames into net_memif, from a process of its own on the main CPU: as fast as they are taken, or
// at a rate, when a frame that is not taken at once is lost, as at a network card.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct host;
struct traffic;

enum { GENERATOR_PORTS = 2, GENERATOR_RING_LOG2 = 11 };

// In memory shared with the process. One order at a time.
struct generator_order {
	uint32_t port;
	double packets_per_s; // 0: as fast as they are taken
	uint64_t frames;      // to send; taken round and round from the traffic
	bool patient;         // at a rate: waits for room instead of losing frames
	bool strict;          // at a rate: ends when a frame is lost or the rate not kept
};

struct generator_report {
	uint64_t sent, refused;
	bool kept_rate; // but for what changes nothing
	double seconds;
};

struct generator;

// Returns when its ports wait for receivers. NULL: the reason is on stderr. Traffic must not
// change.
struct generator *generator_start(const struct traffic *traffic, const struct host *host);
// The entry of wire.ports that receives from port `index`.
const char *generator_device(const struct generator *generator, unsigned int index);
void generator_begin(struct generator *generator, const struct generator_order *order);
// Ends the order that is not done yet.
void generator_stop(struct generator *generator);
// Until the order is done; once for each. All zero when the process died.
void generator_wait(struct generator *generator, struct generator_report *report);
pid_t generator_pid(const struct generator *generator);
void generator_end(struct generator *generator);
