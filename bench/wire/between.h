// SPDX-License-Identifier: Apache-2.0
// How far the two CPUs are from each other: what one needs to see what the other has written. On a
// virtual machine it changes while that runs, and with it everything that goes through memory
// between the two.
#pragma once

struct host;

// Nanoseconds one way, the median of many; 0: could not be measured.
double between_ns(const struct host *host);
