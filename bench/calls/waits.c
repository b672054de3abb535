// SPDX-License-Identifier: Apache-2.0
#include "bench/calls/waits.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

void waits_open(struct waits *waits, pid_t worker)
{
	char path[64];

	*waits = (struct waits){0};
	snprintf(path, sizeof(path), "/proc/%d/schedstat", worker);
	waits->fd[WAITS_WORKER] = open(path, O_RDONLY | O_CLOEXEC);
	waits->fd[WAITS_WORLD] = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	waits_grew(waits);
}

void waits_close(struct waits *waits)
{
	for (int i = 0; i < WAITS_THREADS; i++) {
		if (waits->fd[i] >= 0)
			close(waits->fd[i]);
		waits->fd[i] = -1;
	}
}

bool waits_known(const struct waits *waits)
{
	return waits->fd[WAITS_WORKER] >= 0 && waits->fd[WAITS_WORLD] >= 0;
}

bool waits_grew(struct waits *waits)
{
	bool grew = false;

	for (int i = 0; i < WAITS_THREADS; i++) {
		char text[96];
		ssize_t len = pread(waits->fd[i], text, sizeof(text) - 1, 0);
		uint64_t ns;

		text[len > 0 ? len : 0] = '\0';
		if (sscanf(text, "%*u %" SCNu64, &ns) != 1)
			continue;
		grew |= ns != waits->ns[i];
		waits->ns[i] = ns;
	}
	return grew;
}
