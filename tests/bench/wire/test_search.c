// SPDX-License-Identifier: Apache-2.0
// The search against receivers that are made up: what they take, what their generator can offer,
// and what else goes on. It finds what they take to its resolution, and never more.
#include "bench/wire/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { HIGHEST = 1600 };

struct made_up {
	double takes;       // above it a trial is lost
	double lucky;       // ... but above `takes`, up to here, only each fourth
	double offered;     // above it none is offered
	const char *around; // what happens, trial by trial and again: '.' nothing, d disturbed,
			    // n not offered, L lost, whatever the rate
	// What was seen.
	unsigned int trials;
	double tried[SEARCH_TRIALS_MAX];
	enum trial_verdict verdict[SEARCH_TRIALS_MAX];
};

static enum trial_verdict answer(const struct made_up *made, double rate)
{
	switch (made->around[made->trials % strlen(made->around)]) {
	case 'd': return TRIAL_DISTURBED;
	case 'n': return TRIAL_NOT_OFFERED;
	case 'L': return TRIAL_LOST;
	default: break;
	}
	if (rate > made->offered)
		return TRIAL_NOT_OFFERED;
	if (rate > made->takes && (rate > made->lucky || made->trials % 4 == 3))
		return TRIAL_LOST;
	return TRIAL_PASSED;
}

static enum trial_verdict try_rate(void *ctx, double rate)
{
	struct made_up *made = ctx;
	enum trial_verdict verdict = answer(made, rate);

	assert_true(made->trials < SEARCH_TRIALS_MAX);
	made->tried[made->trials] = rate;
	made->verdict[made->trials++] = verdict;
	return verdict;
}

static const struct {
	const char *name;
	double takes, lucky, offered;
	const char *around;
	double least, most; // that is found
	enum trial_verdict limit;
	bool all_decided;
} cases[] = {
	{"a limit", 1000, 0, 1e9, ".", 968, 1000, TRIAL_LOST, true},
	{"a low limit", 50, 0, 1e9, ".", 18, 50, TRIAL_LOST, true},
	{"all", 1e9, 0, 1e9, ".", 1568, 1600, TRIAL_NONE, true},
	{"nothing", 0, 0, 1e9, ".", 0, 0, TRIAL_LOST, true},
	{"more than the generator offers", 1000, 0, 700, ".", 668, 700, TRIAL_NOT_OFFERED, false},
	{"seldom undisturbed", 1000, 0, 1e9, "ddd.", 968, 1000, TRIAL_LOST, false},
	{"seldom offered", 1000, 0, 1e9, "nn.", 968, 1000, TRIAL_LOST, false},
	{"never undisturbed", 1000, 0, 1e9, "d", 0, 0, TRIAL_DISTURBED, false},
	{"not undisturbed within its repeats", 1000, 0, 1e9, "ddddddddd.", 0, 0, TRIAL_DISTURBED,
	 false},
	{"its trials used up", 1e9, 0, 1e9, "dddddddd.", 1200, 1200, TRIAL_DISTURBED, false},
	{"what passes three times of four", 1000, 1600, 1e9, ".", 968, 1000, TRIAL_LOST, true},
	{"a loss each fourth trial", 1000, 0, 1e9, "...L", 0, 0, TRIAL_LOST, true},
	{"one that loses after a while", 1000, 0, 1e9, "........LLLLLLLLLLLLLLLLLLLLLLLLLLLLLL",
	 800, 800, TRIAL_LOST, true},
};

// Whatever happened: what is found has passed once and as often again, and was never lost.
static void check_is_shown(const char *name, const struct made_up *made,
			   const struct search *search)
{
	unsigned int passed = 0, undecided = 0;

	for (unsigned int i = 0; i < made->trials; i++) {
		bool is_found = made->tried[i] == search->packets_per_s;
		passed += is_found && made->verdict[i] == TRIAL_PASSED;
		undecided += made->verdict[i] == TRIAL_DISTURBED ||
			     made->verdict[i] == TRIAL_NOT_OFFERED;
		if (is_found && made->verdict[i] == TRIAL_LOST)
			fail_msg("%s: %f was lost", name, search->packets_per_s);
		if (made->tried[i] <= 0 || made->tried[i] >= HIGHEST)
			fail_msg("%s: %f is tried", name, made->tried[i]);
	}
	if (search->packets_per_s > 0 && passed != 1 + SEARCH_CONFIRMATIONS)
		fail_msg("%s: %f passed %u times", name, search->packets_per_s, passed);
	if (search->trials != made->trials || search->undecided != undecided)
		fail_msg("%s: %u trials, %u undecided", name, search->trials, search->undecided);
}

static void finds_what_a_receiver_takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made_up made = {.takes = cases[i].takes,
				       .lucky = cases[i].lucky,
				       .offered = cases[i].offered,
				       .around = cases[i].around};
		struct search search = {.try_rate = try_rate, .ctx = &made, .highest = HIGHEST};

		search_run(&search);
		check_is_shown(cases[i].name, &made, &search);
		if (search.packets_per_s < cases[i].least || search.packets_per_s > cases[i].most)
			fail_msg("%s: %f is found", cases[i].name, search.packets_per_s);
		if (search.limit != cases[i].limit)
			fail_msg("%s: %s", cases[i].name, search_limit_name(search.limit));
		if (cases[i].all_decided != (search.undecided == 0))
			fail_msg("%s: %u undecided", cases[i].name, search.undecided);
	}
}

static uint64_t next(uint64_t *random)
{
	*random = *random * 6364136223846793005 + 1442695040888963407;
	return *random >> 33;
}

// Any mixture of disturbances: never more than it takes, and shown.
static void never_finds_more(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		uint64_t random = seed;
		char around[64] = "", name[32];
		struct made_up made = {.takes = (double)(next(&random) % HIGHEST),
				       .offered = (double)(next(&random) % (2 * HIGHEST)),
				       .around = around};
		struct search search = {.try_rate = try_rate, .ctx = &made, .highest = HIGHEST};
		uint64_t quiet = 1 + next(&random) % 40;

		for (size_t i = 0; i + 1 < sizeof(around); i++)
			around[i] = next(&random) % 20 < quiet ? '.' : "dnL"[next(&random) % 3];
		snprintf(name, sizeof(name), "seed %u", (unsigned int)seed);
		search_run(&search);
		check_is_shown(name, &made, &search);
		if (search.packets_per_s > made.takes || search.packets_per_s > made.offered)
			fail_msg("%s: %f is found", name, search.packets_per_s);
	}
}

static void nothing_to_search_in(void **state)
{
	struct made_up made = {.takes = 1000, .offered = 1e9, .around = "."};
	struct search search = {.try_rate = try_rate, .ctx = &made, .packets_per_s = 1};

	(void)state;
	search_run(&search);
	assert_true(search.packets_per_s == 0);
	assert_int_equal(search.trials, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_a_receiver_takes),
		cmocka_unit_test(never_finds_more),
		cmocka_unit_test(nothing_to_search_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
