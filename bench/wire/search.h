// SPDX-License-Identifier: Apache-2.0
// The highest rate without loss: binary search with confirmations in the manner of RFC 2544 24 and
// 26.1, for a machine on which a trial may be disturbed. Whoever calls it has the trials made.
#pragma once

enum {
	SEARCH_CONFIRMATIONS = 3,
	SEARCH_REPEATS = 8,      // of a trial that decided nothing; then the rate is not shown
	SEARCH_TRIALS_MAX = 100, // so that it ends
};

enum trial_verdict {
	TRIAL_NONE,
	TRIAL_PASSED,      // nothing was lost, at that rate, whatever else went on
	TRIAL_LOST,        // something was, and nobody else is to blame
	TRIAL_NOT_OFFERED, // undecided: the generator did not keep the rate
	TRIAL_DISTURBED,   // undecided: something was lost while others had the receiver's CPU
	TRIAL_VERDICT_COUNT,
};

struct search {
	enum trial_verdict (*try_rate)(void *ctx, double packets_per_s);
	void *ctx;
	double highest; // no higher rate is tried
	// What was found.
	double packets_per_s;     // 0: no rate passed as often as it has to
	enum trial_verdict limit; // why none above it; TRIAL_NONE: there is none above it
	unsigned int trials, undecided;
};

void search_run(struct search *search);
// For people and results.
const char *search_limit_name(enum trial_verdict limit);
