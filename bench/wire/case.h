// SPDX-License-Identifier: Apache-2.0
// What is measured, a function each: they print their results. 0 or -errno, when something could
// not be measured or came out wrong; the reason is on stderr.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/wire/contest.h"
#include "bench/wire/host.h"
#include "bench/wire/subject.h"
#include "bench/wire/traffic.h"

struct generator;
struct sample_set;

struct bench {
	struct host host;
	const struct sample_set *set;
	const char *before; // another build's bench-wire to compare with; NULL: none
	char dir[256];      // for captures
	unsigned int rounds;
	double slice_s;
	double trial_s;       // of the search for the rate without loss
	double packets_per_s; // offered to kernel interfaces
	uint32_t rtp_bytes;
};

// A capture that net_pcap gives again and again: what the CPU does with a frame.
int case_pcap(const struct bench *bench, const struct traffic *traffic);
// From a generator in another process: as fast as it goes, then the highest rate at which nothing
// is lost.
int case_memif(const struct bench *bench, const struct traffic *traffic);
// Kernel interfaces: over veth at a rate that the kernel can send.
int case_veth(const struct bench *bench, const struct traffic *traffic);
// The same on two poll cores, a queue each: do they stand in each other's way?
int case_cores(const struct bench *bench, const struct traffic *traffic);
// Where the time of a frame goes.
int case_stages(const struct bench *bench);

// The engine and testpmd, stopped, on their ends of the generator if there is one; maybe an engine
// of another build.
struct pair {
	struct subject engine, testpmd, before;
};

int pair_start(struct pair *pair, const struct subject_plan *engine,
	       const struct subject_plan *testpmd, struct generator *generator,
	       const struct host *host);
// Ends both. Fails when the engine's counters are not what the traffic must have given.
int pair_end(struct pair *pair, const struct traffic *traffic);
// Both in turn, as a result.
int pair_compare(struct pair *pair, const struct bench *bench, const struct traffic *traffic,
		 struct generator *generator, const char *name);

// Receives, or did within a while; then it is stopped.
int case_await_packets(struct subject *subject);
int case_write_capture(const struct bench *bench, const struct traffic *traffic, char *port,
		       size_t port_size);
bool case_counts_right(const struct subject *engine, const struct traffic *traffic);
