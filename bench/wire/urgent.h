// SPDX-License-Identifier: Apache-2.0
// Real-time priority (sched(7)) for those that take part in a trial, so that other programs don't
// get their CPUs while one runs; between trials they do.
#pragma once

#include <sched.h>
#include <stdbool.h>

struct generator;
struct host;
struct subject;

struct urgent {
	const struct host *host;
	const struct subject *subject;
	const struct generator *generator;
	cpu_set_t own_cpus;
	bool is_granted; // else all is as it was
};

// Of a paused subject and an idle generator. This process, which only waits, comes first on the
// main CPU.
void urgent_begin(struct urgent *urgent, const struct host *host, const struct subject *subject,
		  const struct generator *generator);
void urgent_end(const struct urgent *urgent);
