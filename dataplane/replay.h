// SPDX-License-Identifier: Apache-2.0
// A capture file through the same frame walk, gate and parser as the poll cores, in packet time.
// Reads pcap and pcapng through libpcap: Ethernet, Linux cooked (v1, v2), raw IP, BSD loopback.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "link/counters.h"
#include "sip/siphash.h"

struct call_event;
struct media_table;
struct settings;

// Before each frame is looked at: its time, in ns since 1970. The caller moves the clock.
typedef void replay_time_fn(void *ctx, uint64_t packet_ns);
typedef void replay_event_fn(void *ctx, const struct call_event *event);

// media: marked by what flows there; NULL: nothing is.
// 0 at the end of the file; -errno with file and reason in error. A file cut in its last packet is
// read up to there and said in error with 0.
int replay_run(const char *path, const struct settings *settings, const struct siphash_key *key,
	       struct media_table *media, replay_time_fn *time, replay_event_fn *event, void *ctx,
	       struct wire_counters *counters, char *error, size_t error_size);
