// SPDX-License-Identifier: Apache-2.0
// Wakes the presence worker when it sleeps: an eventfd that both halves inherit. The worker says
// that it will sleep, looks at the rings once more, and sleeps; a poll core rings only a sleeping
// worker, so that a busy one costs no system call.
#pragma once

#include <stdbool.h>

struct segment;

int doorbell_create(void); // the eventfd, non-blocking; or -errno
void doorbell_ring_if_asleep(struct segment *segment, int fd); // poll core, after a push
void doorbell_sleep(struct segment *segment);                  // worker, before the last look
void doorbell_awake(struct segment *segment, int fd);          // worker that was rung
// Worker that something else has woken, without a system call: a ring that comes at the same moment
// stays in the eventfd and ends the next sleep at once.
void doorbell_unrung(struct segment *segment);
