// SPDX-License-Identifier: Apache-2.0
// Exponential back-off with jitter.
#include "presence/store/backoff.h"

#include <sys/random.h>

#include "config/clock.h"

enum { FIRST_MS = 50, LAST_MS = 5000 };

uint64_t backoff_next_ns(struct backoff *backoff)
{
	uint64_t ms = FIRST_MS;
	uint32_t random = 0;

	for (unsigned int i = 0; i < backoff->tries && ms < LAST_MS; i++)
		ms *= 2;
	if (ms > LAST_MS)
		ms = LAST_MS;
	backoff->tries++;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = 0;
	return (ms / 2 + random % (ms / 2 + 1)) * NS_PER_MS;
}

void backoff_reset(struct backoff *backoff)
{
	backoff->tries = 0;
}
