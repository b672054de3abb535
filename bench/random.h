// SPDX-License-Identifier: Apache-2.0
// Seeded random numbers that are the same on every machine (SplitMix64, Steele, Lea, Flood 2014),
// and times drawn from a distribution that is written as text:
//   20ms         always
//   5ms-50ms     uniform
//   exp:20ms     exponential with this mean
//   log:20ms     lognormal with this median and sigma 1, as lengths of calls are
#pragma once

#include <stdint.h>

uint64_t random_next(uint64_t *state);
double random_unit(uint64_t *state); // 0 <= x < 1

enum spread_kind { SPREAD_CONSTANT, SPREAD_UNIFORM, SPREAD_EXPONENTIAL, SPREAD_LOGNORMAL };

struct spread {
	enum spread_kind kind;
	uint64_t a_ns, b_ns;
};

// 0 or -EINVAL.
int spread_parse(const char *text, struct spread *spread);
uint64_t spread_draw_ns(const struct spread *spread, uint64_t *state);
