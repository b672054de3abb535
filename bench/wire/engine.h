// SPDX-License-Identifier: Apache-2.0
// The engine's wire half in a process of its own, opened and run as offhookd does it, and a thread
// in place of presence that takes the events out of the ring.
#pragma once

struct host;
struct segment;
struct subject_plan;

// Until SIGTERM. An exit code.
int engine_main(struct segment *segment, const struct subject_plan *plan, const struct host *host);
// The same by another build's bench-wire; returns only when it can't be executed.
void engine_exec(int segment_fd, const struct subject_plan *plan, const struct host *host);
// What that program does when its arguments are engine_exec()'s. A negative number: they are not.
int engine_serve(int argc, char **argv);
