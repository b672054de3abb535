// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/search.h"

#include <stdbool.h>

static const double resolution = 0.02; // of the highest rate: where the search ends

// Only trials that passed let a rate count, so that repeating one never makes it higher than what
// the receiver takes; it is repeated when what it ended with says nothing about the receiver.
static bool passes(struct search *search, double rate)
{
	for (int i = 0; i <= SEARCH_REPEATS && search->trials < SEARCH_TRIALS_MAX; i++) {
		enum trial_verdict verdict = search->try_rate(search->ctx, rate);
		search->trials++;
		if (verdict == TRIAL_PASSED)
			return true;
		search->limit = verdict;
		if (verdict == TRIAL_LOST)
			return false;
		search->undecided++;
	}
	return false;
}

static bool is_confirmed(struct search *search, double rate)
{
	for (int i = 0; i < 1 + SEARCH_CONFIRMATIONS; i++)
		if (!passes(search, rate))
			return false;
	return true;
}

// A rate that passed by luck must not shut out those below: each is confirmed at once.
void search_run(struct search *search)
{
	double low = 0, high = search->highest;
	enum trial_verdict limit = TRIAL_NONE;

	search->trials = search->undecided = 0;
	while (high - low > search->highest * resolution) {
		double rate = (low + high) / 2;
		if (is_confirmed(search, rate)) {
			low = rate;
		} else {
			high = rate;
			limit = search->limit;
		}
	}
	search->packets_per_s = low;
	search->limit = limit;
}

const char *search_limit_name(enum trial_verdict limit)
{
	static const char *const names[TRIAL_VERDICT_COUNT] = {
		[TRIAL_NONE] = "highest tried",  [TRIAL_PASSED] = "none",
		[TRIAL_LOST] = "loss",           [TRIAL_NOT_OFFERED] = "not offered",
		[TRIAL_DISTURBED] = "disturbed",
	};

	return names[limit];
}
