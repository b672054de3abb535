// SPDX-License-Identifier: Apache-2.0
// The sleep ramp: no cost while packets come, at most max_sleep_ns of delay for the first one after
// silence.
#include "dataplane/idle.h"

#include <sys/prctl.h>
#include <time.h>

enum {
	EMPTY_BEFORE_SLEEP = 10, // as DPDK's l3fwd-power example
	FIRST_SLEEP_NS = 1000,
};

void idle_prepare(void)
{
	prctl(PR_SET_TIMERSLACK, 1ul); // nanoseconds; the kernel's default is 50,000
}

bool idle_step(struct idle *idle, bool got_packets)
{
	if (got_packets || idle->max_sleep_ns == 0) {
		idle->empty = 0;
		idle->sleep_ns = 0;
		return false;
	}
	if (idle->empty < EMPTY_BEFORE_SLEEP) {
		idle->empty++;
		return false;
	}
	idle->sleep_ns = idle->sleep_ns ? idle->sleep_ns * 2 : FIRST_SLEEP_NS;
	if (idle->sleep_ns > idle->max_sleep_ns)
		idle->sleep_ns = idle->max_sleep_ns;
	struct timespec pause = {(time_t)(idle->sleep_ns / 1000000000),
				 (long)(idle->sleep_ns % 1000000000)};
	nanosleep(&pause, NULL); // a signal (net_tap's) ends it early, which is as good
	return true;
}
