// SPDX-License-Identifier: Apache-2.0
// Calls, as an SBC's wire shows them: begun by chance at a rate, of several kinds, as long as a
// distribution says, each message at its time. Seeded: the same options give the same calls.
#pragma once

#include "bench/calls/lamps.h"
#include "bench/calls/scene.h"
#include "bench/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GENERATOR_FRAME = 14 + 20 + 8 + STENCIL_BYTES };

struct generator_options {
	uint64_t seed;
	uint32_t persons;
	double overlap;          // share of calls whose parties are drawn from all, busy or not
	double mix[SCENE_COUNT]; // shares of the kinds, any sum
	struct spread hold, ring;
	struct lamps *lamps;
};

struct generator_totals {
	uint64_t calls, messages, octets;
	uint64_t kind[SCENE_COUNT];
	struct histogram late; // frames: sent behind their time
};

struct generator;

struct generator *generator_new(const struct generator_options *options);
void generator_free(struct generator *generator);
// Calls begin from now on, rate a second, until so many have; independent of each other (Poisson).
void generator_begin(struct generator *generator, double rate, uint64_t calls, uint64_t now_ns);
// The same, of one kind and as fast as it is asked.
void generator_fill(struct generator *generator, enum scene_kind kind, uint64_t calls);
// When the next message is due; UINT64_MAX: all calls are over.
uint64_t generator_due_ns(const struct generator *generator);
// The next message when it is due, as an Ethernet frame of at most GENERATOR_FRAME octets: its
// length, or 0.
size_t generator_next(struct generator *generator, uint64_t now_ns, uint8_t *frame);
uint64_t generator_calls_up(const struct generator *generator); // that have begun and not ended
void generator_take(struct generator *generator, struct generator_totals *totals);
