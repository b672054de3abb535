// SPDX-License-Identifier: Apache-2.0
// What stands in the shared segment, the wire's counters and the starts of both halves: as
// OpenMetrics, and summed for people.
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "link/counters.h"

struct segment;

void wire_metrics_write(const struct segment *segment, FILE *out);
// Sum over all poll cores.
uint64_t wire_metrics_sum(const struct segment *segment, enum wire_counter counter);
uint64_t wire_metrics_rejects(const struct segment *segment, unsigned int reject);
// Events that wait in a poll core's ring now.
uint32_t wire_metrics_ring_waiting(const struct segment *segment, uint32_t lcore);
// Share of what looked like SIP that did not become a message: rejected, or lost in a stream or in
// HEP. 0: all was read, or nothing came.
double wire_metrics_blind(const struct segment *segment);
