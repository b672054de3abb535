// SPDX-License-Identifier: Apache-2.0
// Everything but presence, in one thread that takes turns: the generator sends frames into a DPDK
// ring device (net_ring), the poll core's code receives them there and tells presence, the
// registrar answers what presence publishes. So no time slice of a scheduler lies between a message
// on the wire and its PUBLISH, although there are only two CPUs.
#pragma once

#include "bench/calls/generator.h"
#include "bench/calls/presence.h"
#include "bench/calls/waits.h"
#include "bench/registrar/server.h"

#include <stdbool.h>

// CPU time of this thread by what it did; looking for work and finding none is in none of them.
struct world_cpu {
	uint64_t generator_ns, wire_ns, registrar_ns;
};

struct world_options {
	struct settings settings; // registrar.target is filled in
	const char *transport;    // of the PUBLISHes: udp, tcp, tls
	struct spread registrar_latency;
	uint32_t persons;
	int worker_cpu, world_cpu;
};

struct world {
	struct world_options options;
	struct server *registrar;
	struct presence presence;
	struct lamps *lamps;
	struct segment *segment;
	int segment_fd, doorbell;
	struct waits waits;
	uint64_t alone_since_ns; // no wait was seen since then
	struct lcore *lcore;
	struct world_cpu cpu;
	uint32_t *person; // by the registrar's number
	uint32_t person_room;
	uint64_t strange; // persons that are nobody of ours
};

// 0, or -errno, said why. A program has one world at a time.
int world_open(struct world *world, const struct world_options *options);
// keep: publications are left as they are, which is faster.
void world_close(struct world *world, bool keep);

// Takes turns until all calls of the generator are over and registrar and truth agree, and no
// longer than until until_ns. True: they do.
bool world_run(struct world *world, struct generator *generator, uint64_t until_ns);
// The same for calls as fast as the engine takes them.
bool world_fill(struct world *world, struct generator *generator, uint64_t until_ns);
// Turns without new calls.
void world_rest(struct world *world, uint64_t until_ns);
