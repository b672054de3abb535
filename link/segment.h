// SPDX-License-Identifier: Apache-2.0
// The one piece of memory the two halves share: a sealed memfd made by the supervisor before it
// starts them. Holds the event rings, the wire's counters, the wire's settings by generation, what
// is captured, the addresses of media, the calls that are known, and the secret key of the hashes.
// Presence asleep is woken through the doorbell (link/doorbell.h).
#pragma once

#include <stdint.h>

#include "link/capture_box.h"
#include "link/counters.h"
#include "link/event_ring.h"
#include "link/known_calls.h"
#include "link/media_table.h"
#include "link/wire_settings.h"

enum {
	SEGMENT_MAGIC = 0x6f66686b, // "ofhk"
	SEGMENT_VERSION = 8,
	SEGMENT_LCORES = 16,
	SEGMENT_PORTS = 8,
};

struct segment {
	uint32_t magic, version;
	uint64_t bytes;
	uint32_t lcores; // poll cores; for segment_map() alone, see segment_lcores()
	uint32_t ring_slots;
	uint32_t ports; // wire: wo
	uint32_t reserved;
	struct siphash_key key; // supervisor: wo at start
	// supervisor: wo; monotonic
	uint64_t engine_started_ns, wire_started_ns, presence_started_ns;
	uint64_t wire_starts, presence_starts; // supervisor: wo
	uint32_t worker_asleep;                // presence: wo, wire: ro; see doorbell.h
	uint32_t wire_ready;                   // wire: wo; ports are open and polled
	uint64_t worker_heartbeat;             // presence: wo, supervisor: ro
	struct wire_settings_box settings;
	struct capture_box capture;
	struct wire_port_counters port[SEGMENT_PORTS]; // wire: wo
	struct wire_counters counters[SEGMENT_LCORES]; // poll core: wo
	uint64_t ring_offset[SEGMENT_LCORES];
};

// Creates the memfd, sized and sealed against resizing, with a random key. Returns the mapping and
// the fd (close-on-exec: who execs a half clears that for it), or NULL with errno; EINVAL for sizes
// that can't be. ring_slots: a power of two up to EVENT_RING_SLOTS_MAX.
struct segment *segment_create(uint32_t lcores, uint32_t ring_slots, int *fd);
// Maps one that was inherited; NULL and errno EPROTO when it is not of this version or its own
// numbers don't fit its size.
struct segment *segment_map(int fd);
void segment_unmap(struct segment *segment);
// Poll cores, each with a ring: as many as when it was made or mapped, whatever the other process
// has written over it since.
uint32_t segment_lcores(const struct segment *segment);
// NULL: there is no such poll core.
struct event_ring *segment_ring(struct segment *segment, uint32_t lcore);
struct media_table *segment_media(struct segment *segment);
struct known_calls *segment_known(struct segment *segment);
