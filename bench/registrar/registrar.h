// SPDX-License-Identifier: Apache-2.0
// The other end of a bench: answers every PUBLISH with 200, a new entity-tag and the lifetime asked
// for, as fast as a kernel socket lets it, and counts. It checks what a registrar would trip over:
// a tag it never gave, or gave and replaced, is answered 412.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct registrar_counts {
	uint64_t initial, refresh, modify, removed;
	uint64_t unknown_tag; // answered 412
	uint64_t not_publish; // anything else, not answered
	uint64_t published;   // persons with a publication now
};

// Listens on 127.0.0.1, UDP and TCP, on a port (0: of its choice), in a process of its own that
// ends with its parent. counts is shared memory, written by that process. The port, or -errno.
int bench_registrar_start(uint16_t port, struct registrar_counts **counts);
void bench_registrar_stop(void);
