// SPDX-License-Identifier: Apache-2.0
// A program under test with one poll core on one DPDK device: the engine's wire half, whole, with
// somebody who empties its ring; or dpdk-testpmd, which receives and frees. Each is a process; all
// but one are stopped while that one is measured.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct host;
struct segment;

enum subject_kind { SUBJECT_NONE, SUBJECT_ENGINE, SUBJECT_TESTPMD, SUBJECT_KIND_COUNT };

enum { SUBJECT_CORES = 2 };

struct subject_plan {
	const char *program;     // another build's bench-wire, whose engine it is; NULL: this one's
	const char *port;        // an entry of wire.ports: "net_pcap0,rx_pcap=..."
	const char *device;      // the same for testpmd, in DPDK's words; NULL: as port
	unsigned int mbufs;      // packet buffers, of a queue
	unsigned int mbuf_bytes; // of testpmd's; 0: DPDK's default. The engine chooses by port
	bool two_cores;          // the engine polls two queues, on both CPUs of the host
};

struct subject {
	enum subject_kind kind;
	pid_t pid, poll_thread[SUBJECT_CORES];
	unsigned int cores;
	struct segment *segment; // the engine's
	int segment_fd;
	int input, telemetry; // testpmd's
};

void subject_clear(struct subject *subject); // so that subject_free() is safe
// Returns when it polls. 0 or -errno; the reason is on stderr.
int subject_start(struct subject *subject, enum subject_kind kind, const struct subject_plan *plan,
		  const struct host *host);
void subject_pause(struct subject *subject);
void subject_resume(struct subject *subject);
// Frames received so far; 0 when it died. Not of a paused testpmd, which doesn't answer.
uint64_t subject_packets(const struct subject *subject);
// CPU time of its poll cores; exact while it is paused.
uint64_t subject_cpu_ns(const struct subject *subject);
// How long its poll cores had to wait while others had their CPUs.
uint64_t subject_waited_ns(const struct subject *subject);
// One of the engine's counters (enum wire_counter); 0 for testpmd.
uint64_t subject_counter(const struct subject *subject, unsigned int counter);
// Ends it in order; the engine's counters can be read until subject_free(). 0, or -errno when it
// had died or does not end.
int subject_end(struct subject *subject);
void subject_free(struct subject *subject);
