// SPDX-License-Identifier: Apache-2.0
// One trial: a subject gets the traffic from the generator at a rate, for a while. What it loses
// counts, unless others had its CPU meanwhile.
#pragma once

#include "bench/wire/search.h"

#include <stdint.h>

struct generator;
struct host;
struct subject;
struct traffic;

struct trial {
	struct subject *subject; // paused
	struct generator *generator;
	uint32_t port; // of the generator
	const struct traffic *traffic;
	const struct host *host;
	double seconds;
};

// As fast as the subject takes them; leaves nothing in its ring.
double trial_highest(const struct trial *trial);
enum trial_verdict trial_run(const struct trial *trial, double packets_per_s);
