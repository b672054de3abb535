// SPDX-License-Identifier: Apache-2.0
// What stands in the shared segment, the wire's counters and the starts of both halves: as
// OpenMetrics, and summed for people.
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "link/counters.h"

struct segment;

// A figure of a port, or of the way from a poll core to presence: its name in the metrics and in
// JSON.
struct wire_figure {
	const char *name, *help;
};

enum { WIRE_PORT_FIGURES = 7 };
enum {
	WIRE_QUEUE_SLOTS,
	WIRE_QUEUE_WAITING,
	WIRE_QUEUE_MOST,
	WIRE_QUEUE_LIST,
	WIRE_QUEUE_LIST_MOST,
	WIRE_QUEUE_FIGURES,
};

extern const struct wire_figure wire_port_figures[WIRE_PORT_FIGURES];
extern const struct wire_figure wire_queue_figures[WIRE_QUEUE_FIGURES];

uint32_t wire_metrics_ports(const struct segment *segment); // that the wire has open
uint64_t wire_metrics_port(const struct segment *segment, uint32_t port, int figure);
uint64_t wire_metrics_queue(const struct segment *segment, uint32_t lcore, int figure);

void wire_metrics_write(const struct segment *segment, FILE *out);
// Sum over all poll cores.
uint64_t wire_metrics_sum(const struct segment *segment, enum wire_counter counter);
uint64_t wire_metrics_rejects(const struct segment *segment, unsigned int reject);
// Share of what looked like SIP that did not become a message: rejected, or lost in a stream or in
// HEP. 0: all was read, or nothing came.
double wire_metrics_blind(const struct segment *segment);
