// SPDX-License-Identifier: Apache-2.0
// How often events may wake the worker. A wake-up costs some 10 us of CPU, more than what most
// events need, so under load they come together for a moment and leave in one write: what network
// cards do with their interrupts. Each wake-up is paid for with a NAP_NS; NAP_FREE of them are on
// credit, so that an event after a pause never waits. One thread: the worker's.
#pragma once

#include <stdint.h>

#include "config/clock.h"

#define NAP_NS (250 * NS_PER_US) // 4,000 wake-ups a second
enum { NAP_FREE = 8 };

struct nap {
	uint64_t paid_ns; // until when the wake-ups so far are paid for; zeroed: for ever
};

// There was something in the rings.
void nap_owe(struct nap *nap, uint64_t now_ns);
// How long nothing should wake the worker now; at most NAP_NS.
uint64_t nap_left_ns(const struct nap *nap, uint64_t now_ns);
