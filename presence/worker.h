// SPDX-License-Identifier: Apache-2.0
// The presence half: drains the event rings, and owns calls, persons and publications. One thread,
// no locks; asleep when there is nothing to do, woken by the doorbell, or never with engine.poll.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct calls;
struct directory;
struct journal;
struct loop;
struct persons;
struct publications;
struct registrar;
struct secrets;
struct segment;
struct settings;
struct store;
struct worker;

struct worker_options {
	const struct settings *settings; // copied
	const struct secrets *secrets;   // copied
	struct segment *segment;         // borrowed
	int doorbell;
};

struct worker *worker_new(const struct worker_options *options, char *error, size_t error_size);
void worker_free(struct worker *worker);
// Until worker_stop(); then takes publications back or keeps them, as settings say, within
// stop_timeout. 0 or -errno.
int worker_run(struct worker *worker);
// One round of it, without waiting: what is in the rings, and if there was something, the sockets
// and timers. For worker_run(), and for benchmarks that count what a call takes.
bool worker_turn(struct worker *worker);
void worker_stop(struct worker *worker); // async-signal-safe
int worker_reload(struct worker *worker, const struct settings *settings,
		  const struct secrets *secrets, char *error, size_t error_size);

// What the worker is made of, for the control socket and the exporter, which live in the same
// thread.
struct worker_parts {
	struct loop *loop;
	struct journal *journal;
	struct directory *directory;
	struct persons *persons;
	struct publications *publications;
	struct registrar *registrar;
	struct store *store;
	struct calls *calls;
	const struct settings *settings;
};
const struct worker_parts *worker_parts(const struct worker *worker);
